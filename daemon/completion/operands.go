package completion

import "strings"

// operand is one place of a command line after the flags.
type operand struct {
	kind string // FILE, or words: generate, bash|zsh|fish
	many bool   // this one and all after it
}

// operandsOf reads the operands of a table: "COOKIE [NODE]", "[FILE...]". What begins
// with a dash, or is called FLAG, tells of flags.
func operandsOf(text string) []operand {
	var list []operand
	for _, group := range groups(text) {
		inner := strings.Trim(group, "[]")
		if strings.HasPrefix(inner, "-") || strings.HasPrefix(inner, "FLAG") {
			continue
		}
		for _, word := range strings.Fields(inner) {
			word = strings.Trim(word, "[]")
			kind, many := strings.CutSuffix(word, "...")
			switch {
			case kind == "" && many && len(list) > 0: // "FILE ..."
				list[len(list)-1].many = true
			case kind != "":
				list = append(list, operand{strings.Trim(kind, "[]"), many})
			}
		}
	}
	return list
}

// groups parts text at the blanks outside brackets.
func groups(text string) []string {
	depth := 0
	return strings.FieldsFunc(text, func(r rune) bool {
		switch r {
		case '[':
			depth++
		case ']':
			depth--
		}
		return r == ' ' && depth == 0
	})
}

// at is the kind of the operand after n others, "" where there is none.
func at(list []operand, n int) operand {
	switch {
	case n < len(list):
		return list[n]
	case len(list) > 0 && list[len(list)-1].many:
		return list[len(list)-1]
	}
	return operand{}
}

// literals are the words of a kind that names them: those in small letters.
func literals(kind string) []string {
	if kind == "" || kind != strings.ToLower(kind) {
		return nil
	}
	return strings.Split(kind, "|")
}
