package manpage

import (
	"fmt"
	"strings"
)

// roff is a page as it grows. Its methods take plain text, but for those that say markup.
type roff struct{ b strings.Builder }

// request writes a macro with its arguments.
func (r *roff) request(name string, args ...string) {
	r.b.WriteString("." + name)
	for _, arg := range args {
		r.b.WriteString(` "` + escape(arg) + `"`)
	}
	r.b.WriteByte('\n')
}

// title begins a page. Its lines are not filled up with blanks, and no name is parted.
func (r *roff) title(name string, section int, date, source string) {
	fmt.Fprintf(&r.b, ".TH \"%s\" %d \"%s\" \"%s\" \"interconnectd\\(aqs manual\"\n.nh\n.ad l\n",
		escape(strings.ToUpper(name)), section, date, escape(source)) // the date is read as it is
}

func (r *roff) section(title string) { r.request("SH", title) }

// line writes markup, which may begin with anything.
func (r *roff) line(markup string) {
	if strings.HasPrefix(markup, ".") || strings.HasPrefix(markup, "'") {
		markup = `\&` + markup
	}
	r.b.WriteString(markup + "\n")
}

// lineWidth is how long a line of a paragraph may be in the file.
const lineWidth = 78

// fill writes a paragraph of plain text. A sentence begins a line, so that troff knows
// where it ends.
func (r *roff) fill(text string) {
	line := ""
	for _, word := range strings.Fields(prose(text)) {
		ended := strings.HasSuffix(line, ".") && word[0] >= 'A' && word[0] <= 'Z'
		switch {
		case line == "":
			line = word
		case ended, len(line)+1+len(word) > lineWidth:
			r.line(line)
			line = word
		default:
			line += " " + word
		}
	}
	r.line(line)
}

// item writes an entry of a list: markup, and what is said of it.
func (r *roff) item(markup, text string) {
	r.b.WriteString(".TP\n")
	r.line(markup)
	r.fill(text)
}

// example writes lines as they are.
func (r *roff) example(text string) {
	r.b.WriteString(".RS 4\n.EX\n")
	for line := range strings.Lines(text) {
		r.line(escape(strings.TrimRight(line, "\n")))
	}
	r.b.WriteString(".EE\n.RE\n")
}

// text writes what is laid out for a terminal.
func (r *roff) text(text string) {
	for i, block := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		list, isList := listOf(block)
		switch {
		case isList:
			for _, e := range list {
				r.item(`\fB`+escape(e.word)+`\fR`, e.text)
			}
		case strings.HasPrefix(block, " "):
			if i > 0 {
				r.b.WriteString(".PP\n")
			}
			r.example(unindent(block))
		default:
			if i > 0 {
				r.b.WriteString(".PP\n")
			}
			r.fill(block)
		}
	}
}

// escape is text that is printed as it is, with its dashes and quotes as a program
// reads them.
func escape(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case named[c] != "":
			b.WriteString(named[c])
		case c == '\t':
			b.WriteString("    ")
		case c == '\n':
			b.WriteByte(' ')
		case c > '~':
			fmt.Fprintf(&b, `\[u%04X]`, c)
		case c >= ' ':
			b.WriteRune(c)
		}
	}
	return b.String()
}

// named are characters that troff would take for others.
var named = map[rune]string{
	'\\': `\e`, '-': `\-`, '\'': `\(aq`, '"': `\(dq`, '`': `\(ga`, '^': `\(ha`, '~': `\(ti`,
}

// prose is escaped text for people: an apostrophe within a word is one.
func prose(text string) string {
	runes := []rune(text)
	var b strings.Builder
	from := 0
	for i, c := range runes {
		if c == '\'' && i > 0 && i+1 < len(runes) && isLetter(runes[i-1]) && isLetter(runes[i+1]) {
			b.WriteString(escape(string(runes[from:i])) + "'")
			from = i + 1
		}
	}
	return b.String() + escape(string(runes[from:]))
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// bold and italic are markup for a word.
func bold(text string) string   { return `\fB` + escape(text) + `\fR` }
func italic(text string) string { return `\fI` + escape(text) + `\fR` }

// sentence makes one of the lower-case line of a table.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
