package erlargs

import (
	"slices"
	"strings"
)

// Flag is a flag and the words that belong to it.
type Flag struct {
	Name   string // without its dash, or with the plus of the emulator's flags
	Word   Word
	Values []Word
}

// Var is a variable of the environment: -env NAME VALUE.
type Var struct{ Name, Value Word }

// Args are the words of a command line in groups.
type Args struct {
	Flags    []Flag // all that init knows, -s, -run and -eval among them, in order
	Emulator []Flag // +K true
	Env      []Var  // in order; the last of a name counts
	Plain    []Word // the words that belong to no flag
}

// Parse groups words as erlexec does with those of a command line and then
// init:parse_boot_args/1 with what is left. Erlexec's own flags that concern
// neither (such as -epmd) are flags here.
func Parse(words []Word) Args {
	var a Args
	p := parser{args: &a}
	for len(words) > 0 {
		words = words[p.take(words):]
	}
	return a
}

// parser holds the flag that gets the next plain words, if there is one.
type parser struct {
	args *Args
	open bool // the last of args.Flags is not ended yet
}

// take reads a word, and those that belong to it by erlexec's rules, and says
// how many these are.
func (p *parser) take(words []Word) int {
	word := words[0]
	switch text := word.Text; {
	case strings.HasPrefix(text, "+"):
		n := 1 + emulatorValues(text, words[1:])
		p.args.Emulator = append(p.args.Emulator, Flag{text, word, words[1:n]})
		return n
	case text == "-env" && len(words) > 2:
		p.args.Env = append(p.args.Env, Var{words[1], words[2]})
		return 3
	case text == "-epmd" && len(words) > 1:
		// The value may look like a flag, and does not end the flag before.
		p.args.Flags = slices.Insert(p.args.Flags, p.before(), Flag{"epmd", word, words[1:2]})
		return 2
	case isErlexecSwitch(text):
		p.args.Flags = slices.Insert(p.args.Flags, p.before(), Flag{Name: text[1:], Word: word})
		return 1
	case (text == "-name" || text == "-sname") && len(words) > 1:
		// erlexec does not look at the value, so that it may be a "+".
		p.word(word)
		p.word(words[1])
		return 2
	default:
		p.word(word)
		return 1
	}
}

// before is the index in Flags of a flag that init does not see: it must not
// come between the last flag and further values of it.
func (p *parser) before() int {
	if p.open {
		return len(p.args.Flags) - 1
	}
	return len(p.args.Flags)
}

// word reads a word by init's rules.
func (p *parser) word(w Word) {
	switch {
	case w.Text == "--":
		p.open = false
	case strings.HasPrefix(w.Text, "-"):
		p.args.Flags = append(p.args.Flags, Flag{Name: w.Text[1:], Word: w})
		p.open = true
	case p.open:
		last := &p.args.Flags[len(p.args.Flags)-1]
		last.Values = append(last.Values, w)
	default:
		p.args.Plain = append(p.args.Plain, w)
	}
}

// isErlexecSwitch reports whether erlexec keeps the word for itself.
func isErlexecSwitch(text string) bool {
	switch text {
	case "-emu_args", "-emu_args_exit", "-emu_name_exit", "-emu_qouted_cmd_exit", "-keep_window", "-version":
		return true
	default:
		return false
	}
}

// withValue are the switches of a family that have a value as a word of its own:
// +zdbbl 1024.
var withValue = map[byte]string{
	'h': " ms mbs pds max maxk maxel maxib mqd  ",
	'r': " g ",
	's': " bt bwtdcpu bwtdio bwt cl ct ecio fwi tbt wct wtdcpu wtdio wt ws ss ssdcpu ssdio pp ub ",
	'z': " dbbl dntgc ebwt osrl hft ",
	'J': " Pperf Msingle ",
	'I': " Ot Op Os OPt OPp ",
	'S': " P Dcpu DPcpu Dio  ",
	'p': " c ",
	'M': " ea ummc uycs usac im is it lpm Mamcbf Mrmcbf Mmcs Mscs Mscrfsd Msco Mscrpm Mlp Ye Ym Ytp Ytt Iscs Xscs dai ",
}

const (
	// alone are the flags of one letter that have a value when they stand alone.
	alone = "aACeinPQtTRWK"
	// allocators are the letters after +M, each with the switches of
	// allocatorSwitches.
	allocators        = "uBIDEFHLRSTXZ"
	allocatorSwitches = " as asbcst atags acul acnl acfml acful cp e t lmbcs mbcgs mbsd mmbcs mmmbc mmsbc msbclt ramv rmbcmt rsbcmt rsbcst sbct smbcs "
)

// emulatorValues says how many of the words after an emulator flag are its
// value: none or one.
func emulatorValues(flag string, rest []Word) int {
	if len(flag) < 2 || len(rest) == 0 {
		return 0
	}
	family, name, next := flag[1], flag[2:], rest[0].Text
	known := strings.Contains(withValue[family], " "+name+" ")
	is := false
	switch {
	case strings.IndexByte(alone, family) >= 0:
		is = name == ""
	case family == 'B':
		is = name == "" && strings.HasPrefix(next, "i")
	case family == 'c':
		is = name == "" && (next == "true" || next == "false")
	case family == 'M' && name != "" && strings.IndexByte(allocators, name[0]) >= 0:
		is = known || strings.Contains(allocatorSwitches, " "+name[1:]+" ")
	default:
		is = known
	}
	if is {
		return 1
	}
	return 0
}
