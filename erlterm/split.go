package erlterm

// A splitter finds where a term ends in a text that comes piece by piece. It
// knows no more of the language than where a dot ends a term, and looks at each
// byte once: the scanner, which reads whole tokens, would have to start a long
// one again with every piece.
type splitter struct {
	state   splitState
	started bool // the term has begun
	begin   int  // where it did; before that are blanks and comments
	next    int  // the first byte that was not looked at

	// of the quotes that are open
	quote    byte // that closes them
	verbatim bool // no escapes
	quotes   int  // how many opened a triple-quoted string
	missing  int  // of the quotes that close it; -1 where they cannot stand
	name     string
	sigil    bool
	back     splitState // where an escape stands: in quotes, or in none
}

// A splitState is what a splitter stands in.
type splitState uint8

const (
	splitPlain splitState = iota
	splitComment
	splitDot    // behind a dot
	splitDots   // behind two dots
	splitChar   // behind a $
	splitSigil  // behind a ~ or in the name behind it
	splitOpen   // behind some of the double quotes that open a string
	splitQuoted // in quotes
	splitTriple // in a triple-quoted string
	splitEscape // behind a backslash
	splitHex    // behind \x
	splitDigits // behind \x{
	splitCaret  // behind \^
)

// find looks for the end of the first term in text, which is the one of the
// last call with more behind it, or with less before it when drop was called.
// The end is that of the text when ended is set.
func (s *splitter) find(text []byte, ended bool) (end int, found bool) {
	for s.next < len(text) {
		c := text[s.next]
		wide := false // a blank of two bytes
		if c == 0xc2 && (s.state == splitPlain || s.state == splitDot || s.state == splitTriple) {
			if s.next+1 == len(text) && !ended {
				return 0, false
			}
			wide = s.next+1 < len(text) && isWideBlank(c, text[s.next+1])
		}
		if s.state == splitDot && (wide || c <= ' ' || c == '%') {
			return s.next, true
		}
		if s.step(c, wide || c <= ' ') {
			s.next++
			if wide {
				s.next++
			}
		}
	}
	return len(text), ended && s.started
}

// reset prepares the splitter for the term that follows one that was found.
func (s *splitter) reset() { *s = splitter{} }

// drop tells the splitter that the text lost its first n bytes.
func (s *splitter) drop(n int) {
	s.begin -= n
	s.next -= n
}

// step takes a byte. It returns false when the byte is still to be looked at in
// the new state.
func (s *splitter) step(c byte, blank bool) (taken bool) {
	switch s.state {
	case splitPlain:
		s.plain(c, blank)
	case splitComment:
		if c == '\n' {
			s.state = splitPlain
		}
	case splitDot, splitDots:
		return s.dots(c)
	case splitChar:
		s.state = splitPlain
		if c == '\\' {
			s.escape(splitPlain)
		}
	case splitSigil:
		return s.sigilName(c)
	case splitOpen:
		return s.open(c)
	case splitQuoted:
		switch {
		case c == s.quote:
			s.state = splitPlain
		case c == '\\' && !s.verbatim:
			s.escape(splitQuoted)
		}
	case splitTriple:
		s.triple(c, blank)
	default:
		return s.inEscape(c)
	}
	return true
}

func (s *splitter) plain(c byte, blank bool) {
	switch {
	case blank:
		return
	case c == '%':
		s.state = splitComment
		return
	case c == '.':
		s.state = splitDot
	case c == '$':
		s.state = splitChar
	case c == '\'':
		s.state, s.quote, s.verbatim = splitQuoted, c, false
	case c == '"':
		s.state, s.quotes, s.sigil, s.name = splitOpen, 1, false, ""
	case c == '~':
		s.state, s.name = splitSigil, ""
	}
	if !s.started {
		s.started, s.begin = true, s.next
	}
}

// dots takes the byte behind one dot or two.
func (s *splitter) dots(c byte) (taken bool) {
	two := s.state == splitDots
	s.state = splitPlain
	if c != '.' {
		return false
	}
	if !two {
		s.state = splitDots
	}
	return true
}

// sigilName takes a letter of the name of a sigil, or its opening delimiter.
func (s *splitter) sigilName(c byte) (taken bool) {
	switch {
	case isWordByte(c):
		if len(s.name) < 2 { // longer ones are all wrong
			s.name += string(rune(c))
		}
	case c == '"':
		s.state, s.quotes, s.sigil = splitOpen, 1, true
	case sigilClosing(c) != 0:
		s.state, s.quote = splitQuoted, sigilClosing(c)
		s.verbatim = s.name != "" && s.name != "b" && s.name != "s"
	default:
		s.state = splitPlain
		return false
	}
	return true
}

// open takes a byte behind opening double quotes: one opens a string, two are an
// empty one, more open a triple-quoted one.
func (s *splitter) open(c byte) (taken bool) {
	switch {
	case c == '"':
		s.quotes++
		return true
	case s.quotes == 1:
		s.state, s.quote = splitQuoted, '"'
		s.verbatim = s.sigil && s.name != "" && s.name != "b" && s.name != "s"
	case s.quotes == 2:
		s.state = splitPlain
	default:
		s.state, s.missing = splitTriple, -1
		s.verbatim = s.name != "b" && s.name != "s"
	}
	return false
}

// triple takes a byte of a triple-quoted string, which ends with its quotes on a
// line that has only blanks before them.
func (s *splitter) triple(c byte, blank bool) {
	switch {
	case c == '\\' && !s.verbatim:
		s.missing = -1
		s.escape(splitTriple)
	case c == '\n':
		s.missing = s.quotes
	case s.missing < 0:
	case c == '"':
		if s.missing--; s.missing == 0 {
			s.state = splitPlain
		}
	case !blank || s.missing < s.quotes:
		s.missing = -1
	}
}

func (s *splitter) escape(back splitState) { s.state, s.back = splitEscape, back }

// inEscape takes a byte behind a backslash, as far as decodeEscape does.
func (s *splitter) inEscape(c byte) (taken bool) {
	state := s.state
	s.state = s.back
	switch state {
	case splitEscape:
		switch c {
		case 'x':
			s.state = splitHex
		case '^':
			s.state = splitCaret
		case '\n':
			if s.back == splitTriple {
				s.missing = s.quotes
			}
		}
		return true
	case splitHex:
		if c == '{' {
			s.state = splitDigits
		}
		return c == '{'
	case splitDigits:
		if isDigit(c, 16) {
			s.state = splitDigits
			return true
		}
		return c == '}'
	default: // splitCaret
		return c == '?' || '@' <= c && c <= '_' || 'a' <= c && c <= 'z'
	}
}
