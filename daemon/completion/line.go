package completion

import "interconnectd/configs"

// line is what stands before the word that is completed, after the subcommand. It is
// read as FlagSet.Parse does, and errors are passed over.
type line struct {
	given    map[string]bool // flags
	node     string          // the value of -node
	operands []string
	ended    bool // after --

	// What the next word may belong to.
	flag   *configs.Flag // the last word but some values is this flag
	app    string        // or that of an application's parameters
	values []string      // how far it has come
}

func readLine(flags configs.FlagSet, words []string) *line {
	l := &line{given: map[string]bool{}}
	for _, word := range words {
		switch {
		case l.ended:
			l.operands = append(l.operands, word)
		case word == "--":
			l.flag, l.app, l.ended = nil, "", true
		case flags.IsFlag(word):
			l.begin(flags, word[1:])
		case l.app != "", l.flag != nil && len(l.values) < most(*l.flag):
			l.values = append(l.values, word)
			if l.flag != nil && l.flag.Name == "node" {
				l.node = word
			}
		default:
			l.flag = nil
			l.operands = append(l.operands, word)
		}
	}
	if l.flag != nil && len(l.values) == most(*l.flag) {
		l.flag = nil
	}
	return l
}

// begin takes the word of a flag.
func (l *line) begin(flags configs.FlagSet, name string) {
	l.flag, l.app, l.values = nil, "", nil
	l.given[name] = true
	for _, f := range flags.Flags {
		if f.Name == name {
			l.flag = &f
			return
		}
	}
	if flags.Params {
		l.app = name
	}
}

// most is how many values a flag may have.
func most(f configs.Flag) int {
	switch {
	case f.Pair != "":
		return 2
	case f.Value != "":
		return 1
	}
	return 0
}
