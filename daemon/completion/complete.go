package completion

import (
	"slices"
	"strings"

	"interconnectd/configs"
)

// Complete tells how the last of the words may go on; those before it are whole, and
// the program's name is not among them. Ask is called for at most one word, for kinds
// that are not of this package; it may know nothing.
func (p Program) Complete(words []string, ask func(Question) []Candidate) Answer {
	word, done := "", words
	if n := len(words); n > 0 {
		word, done = words[n-1], words[:n-1]
	}
	a := p.answer(word, done, ask)
	seen := map[string]bool{}
	a.Candidates = slices.DeleteFunc(a.Candidates, func(c Candidate) bool {
		again := seen[c.Word]
		seen[c.Word] = true
		return again || !strings.HasPrefix(c.Word, word) || !isPlain(c)
	})
	return a
}

func (p Program) answer(word string, done []string, ask func(Question) []Candidate) Answer {
	var before []string
	for len(done) > 1 && p.isBefore(done[0]) {
		before, done = append(before, done[:2]...), done[2:]
	}
	s := search{program: p, word: word, ask: ask}
	switch {
	case len(done) == 0:
		return s.first(before)
	case p.isBefore(done[0]):
		s.flags.Flags = p.Before
	case p.Daemon.IsFlag(done[0]):
		s.flags = p.Daemon
	default:
		i := slices.IndexFunc(p.Commands, func(c Command) bool { return c.Name == done[0] })
		if i < 0 {
			return Answer{}
		}
		c := p.Commands[i]
		s.command, s.flags, s.operands = c.Name, c.Flags, operandsOf(c.Operands)
		done = slices.Concat(before, done[1:])
	}
	s.line = readLine(s.flags, done)
	return s.next()
}

func (p Program) isBefore(word string) bool {
	return slices.ContainsFunc(p.Before, func(f configs.Flag) bool { return word == "-"+f.Name })
}

// search is the way to one answer.
type search struct {
	program  Program
	word     string
	ask      func(Question) []Candidate
	command  string // "" of the daemon
	flags    configs.FlagSet
	operands []operand
	line     *line
}

// first is for the place where a subcommand may stand.
func (s *search) first(before []string) Answer {
	switch {
	case !strings.HasPrefix(s.word, "-"):
		return Answer{Candidates: s.commands()}
	case len(before) == 0:
		s.flags = s.program.Daemon
	}
	s.flags.Flags = slices.Concat(s.flags.Flags, s.program.Before)
	s.line = readLine(s.flags, before)
	a := s.listFlags()
	if len(before) == 0 {
		a.Candidates = append(a.Candidates, Candidate{"-version", "print the version"})
	}
	return a
}

// next is for any other place.
func (s *search) next() Answer {
	l := s.line
	isFlag := !l.ended && strings.HasPrefix(s.word, "-")
	switch {
	case l.flag != nil && len(l.values) == 0:
		return s.value(*l.flag)
	case isFlag:
		return s.listFlags()
	case l.flag != nil: // the second of two
		second := strings.Fields(l.flag.Pair)
		return s.kind(second[len(second)-1], nil)
	case l.app == "kernel" && len(l.values)%2 == 0:
		return Answer{Candidates: without(s.program.Params, l.values)}
	case l.app != "":
		return Answer{}
	}
	o := at(s.operands, len(l.operands))
	if o.kind == "" && s.word == "" && !l.ended {
		return s.listFlags()
	}
	return s.kind(o.kind, l.operands)
}

// value is for the first value of a flag.
func (s *search) value(f configs.Flag) Answer {
	if f.Choice != nil {
		return Answer{Candidates: wordsOf(f.Choice)}
	}
	a := s.kind(f.Value, nil)
	if first, _, two := strings.Cut(f.Pair, " "); two {
		a.Candidates = append(a.Candidates, s.kind(first, nil).Candidates...)
	}
	return a
}

// kind is what the table's word stands for, but for those that stand there already.
func (s *search) kind(kind string, already []string) Answer {
	switch words := literals(kind); {
	case words != nil:
		return Answer{Candidates: without(wordsOf(words), already)}
	case kind == "":
		return Answer{}
	}
	switch kind {
	case "FILE":
		return Answer{Files: true}
	case "DIR":
		return Answer{Dirs: true}
	case "COMMAND":
		return Answer{Candidates: s.commands()}
	}
	return Answer{Candidates: without(s.ask(Question{kind, s.command, s.line.node}), already)}
}

func (s *search) commands() []Candidate {
	list := make([]Candidate, len(s.program.Commands))
	for i, c := range s.program.Commands {
		list[i] = Candidate{c.Name, c.Help}
	}
	return list
}

// listFlags are those that may still be given.
func (s *search) listFlags() Answer {
	var list []Candidate
	for _, f := range s.flags.Flags {
		if !s.line.given[f.Name] || f.Many || f.Pair != "" {
			list = append(list, Candidate{"-" + f.Name, f.Help})
		}
	}
	if s.flags.Params {
		list = append(list, Candidate{"-kernel", "set parameters of kernel, each with a term"})
	}
	return Answer{Candidates: append(list, Candidate{"-help", "print the help"})}
}

func wordsOf(words []string) []Candidate {
	list := make([]Candidate, len(words))
	for i, word := range words {
		list[i] = Candidate{Word: word}
	}
	return list
}

// without is list but for the words that were given.
func without(list []Candidate, given []string) []Candidate {
	return slices.DeleteFunc(slices.Clone(list), func(c Candidate) bool { return slices.Contains(given, c.Word) })
}

// isPlain reports whether every shell takes the candidate for a word of its own, and
// a line of the answer has room for it.
func isPlain(c Candidate) bool {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@.:_-", r)
	}
	isControl := func(r rune) bool { return r < ' ' || r == 0x7f }
	return c.Word != "" && c.Word[0] != ':' && !strings.ContainsFunc(c.Word, func(r rune) bool { return !plain(r) }) &&
		!strings.ContainsFunc(c.Help, isControl)
}
