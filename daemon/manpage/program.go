package manpage

import (
	"fmt"
	"strings"

	"interconnectd/configs"
)

// Program is what the manual is of.
type Program struct {
	Version  string
	Date     string // YYYY-MM-DD; "" where nobody knows
	Daemon   configs.FlagSet
	Commands []Command

	Parameters  []configs.KernelParameter
	Settings    []configs.SettingKey
	Environment []Item
	Files       []Item
	Signals     []Item
	Exits       []Item
}

// Command is a subcommand; the words are those of its help.
type Command struct {
	Name, Operands, Help, About, Example string
	Flags                                configs.FlagSet
	Exits                                []Item
}

// Item is an entry of a table: a word as it is typed or seen, and a sentence of it,
// lower-case and without a full stop.
type Item struct{ Word, Text string }

// Page is one page of the manual.
type Page struct {
	Name    string // interconnectd-ping
	Section int
	Text    string
}

// File is what the page is called in a folder of pages.
func (p Page) File() string { return fmt.Sprintf("%s.%d", p.Name, p.Section) }

// Folder is that of its section.
func (p Page) Folder() string { return fmt.Sprintf("man%d", p.Section) }

// Pages are the daemon's, those of the subcommands in their order, and that of
// interconnectd.yaml.
func (p Program) Pages() []Page {
	list := []Page{p.overview()}
	for _, c := range p.Commands {
		list = append(list, p.command(c))
	}
	return append(list, p.settings())
}

// begin starts a page with its name and one line about it.
func (p Program) begin(name string, section int, about string) (Page, *roff) {
	r := &roff{}
	r.title(name, section, p.Date, "interconnectd "+p.Version)
	r.section("NAME")
	r.line(escape(name) + ` \- ` + prose(about))
	return Page{Name: name, Section: section}, r
}

func (p Page) end(r *roff) Page {
	p.Text = r.b.String()
	return p
}

// options lists the flags of a table.
func (r *roff) options(set configs.FlagSet) {
	for _, f := range set.Flags {
		text := sentence(f.Help)
		if !tellsAll(f) {
			text += " One of " + strings.Join(f.Choice, ", ") + "."
		}
		if f.Many {
			text += " It may be given more than once."
		}
		form := usage("-" + f.Name)
		if f.Value != "" {
			form += " " + usage(f.Value)
		}
		if f.Pair != "" {
			form += ", " + usage("-"+f.Name) + " " + usage(f.Pair)
		}
		r.item(form, text)
	}
	if set.Params {
		r.item(usage("-APP PAR TERM")+" ...", "Set parameters of an application, as in -kernel sync_nodes_timeout 5000.")
	}
	r.item(usage("-h")+", "+usage("-help")+", "+bold("--help"), "Print the help.")
}

// tellsAll reports whether the help of a flag names all values there are.
func tellsAll(f configs.Flag) bool {
	for _, word := range f.Choice {
		if !strings.Contains(strings.ToLower(f.Help), word) {
			return false
		}
	}
	return true
}

// items is a list of a table.
func (r *roff) items(list []Item) {
	for _, i := range list {
		r.item(bold(i.Word), sentence(i.Text))
	}
}

// seeAlso lists pages, each NAME(SECTION).
func (r *roff) seeAlso(pages ...Page) {
	r.section("SEE ALSO")
	for i, p := range pages {
		comma := ","
		if i == len(pages)-1 {
			comma = ""
		}
		fmt.Fprintf(&r.b, ".BR %s (%d)%s\n", escape(p.Name), p.Section, comma)
	}
}
