package manpage

import "strings"

// command is the page of a subcommand.
func (p Program) command(c Command) Page {
	page, r := p.begin("interconnectd-"+c.Name, 1, c.Help)
	r.section("SYNOPSIS")
	r.line(synopsis(c))
	r.section("DESCRIPTION")
	r.fill(sentence(c.Help))
	if c.About != "" {
		r.b.WriteString(".PP\n")
		r.text(c.About)
	}
	r.section("OPTIONS")
	r.options(c.Flags)
	r.section("EXIT STATUS")
	r.items(c.Exits)
	r.section("EXAMPLES")
	r.example(c.Example)
	also := []Page{{Name: "interconnectd", Section: 8}}
	if c.Flags.Params {
		also = append(also, Page{Name: "interconnectd.yaml", Section: 5})
	}
	r.seeAlso(also...)
	return page.end(r)
}

// synopsis is markup for how a subcommand is written, with its flags unless they are
// among the operands.
func synopsis(c Command) string {
	words := []string{bold("interconnectd") + " " + bold(c.Name)}
	if c.Operands != "" {
		words = append(words, usage(c.Operands))
	}
	if !strings.Contains(c.Operands, "[-") {
		for _, f := range c.Flags.Flags {
			words = append(words, usage(strings.TrimSuffix("[-"+f.Name+" "+f.Value, " ")+"]"))
		}
	}
	return strings.Join(words, " ")
}
