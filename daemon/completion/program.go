package completion

import (
	"strings"

	"interconnectd/configs"
)

// Program is a command line as the tables have it.
type Program struct {
	Commands []Command
	Daemon   configs.FlagSet // what may stand where no subcommand does
	Before   []configs.Flag  // flags of subcommands that may stand before them
	Params   []Candidate     // parameters of kernel
}

// Command is a subcommand.
type Command struct {
	Name     string
	Operands string // as the help shows them: "PROCESS NODE TERM", "[-w] [FILE...]"
	Help     string
	Flags    configs.FlagSet
}

// Candidate is a word that may stand next.
type Candidate struct {
	Word string
	Help string // one line; may be empty
}

// Question is about words that the tables do not have.
type Question struct {
	Kind    string // the table's word, as NODE
	Command string // whose it is; "" of the daemon
	Node    string // the value of -node, where there is one
}

// Answer is how the last word may go on.
type Answer struct {
	Candidates []Candidate
	Files      bool // and the names of files
	Dirs       bool // and the names of folders
}

// String is the answer as the scripts read it.
func (a Answer) String() string {
	var b strings.Builder
	if a.Files {
		b.WriteString(":files\n")
	}
	if a.Dirs {
		b.WriteString(":dirs\n")
	}
	for _, c := range a.Candidates {
		b.WriteString(c.Word)
		if c.Help != "" {
			b.WriteString("\t" + c.Help)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
