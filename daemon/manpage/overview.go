package manpage

const (
	overviewHelp = "Erlang-style node interconnection over NATS"

	overviewText = `The daemon gives a host Erlang-style node interconnection. It reads the same literal
sys.config as the Erlang and Elixir nodes beside it, joins the nodes named there, proves by
a cookie that it may, and logs a line each time a node comes up or goes down, with the
words "--- Node up: " or "--- Node down: " and the node's name.

The nodes of one host, or of several that have the same cookie, meet on a mesh that is built
in; hundreds of them, on NATS servers. Nodes of Erlang and Elixir are met too, over their own
distribution protocol, where erlang.distribution in interconnectd.yaml says so; else those that
a list names count as missing.

Without a subcommand the program is the daemon, in the foreground. A subcommand asks a
running daemon through a socket of its own, or reads files. Where several daemons run on a
host, -node NAME says which one is asked.

The name of the node is that of -name or -sname, else of the vm.args, of RELEASE_NODE, of
node.name in interconnectd.yaml, else the one name in the sync lists that is this host's,
else interconnectd at this host. The cookie comes from -setcookie, else -setcookie_file,
the credential cookie of systemd, the vm.args, RELEASE_COOKIE, cookie.file in
interconnectd.yaml, else from ~/.erlang.cookie, which is made when there is none.
`

	parametersText = `These parameters of the application kernel mean something here, in a sys.config or after
-kernel on the command line, which wins. Others that OTP documents are accepted.
`

	overviewExample = `$ interconnectd -name a@127.0.0.1 -config sys.config
2026-11-23T02:07:56.519Z [INFO]  interconnectd: starting a@127.0.0.1: name_from=-name
2026-11-23T02:07:57.169Z [INFO]  interconnectd.observer: --- Node up: b@127.0.0.1: type=visible
2026-11-23T02:07:57.169Z [INFO]  interconnectd: ready: 1 of 1 nodes up
`
	askingExample = `$ interconnectd nodes
b@127.0.0.1
$ interconnectd ping b@127.0.0.1
pong
`
	configExample = `[{kernel,
  [{sync_nodes_optional, ['a@127.0.0.1', 'b@127.0.0.1']},
   {sync_nodes_timeout, 5000}]}].
`
)

// overview is the page of the daemon.
func (p Program) overview() Page {
	page, r := p.begin("interconnectd", 8, overviewHelp)
	r.section("SYNOPSIS")
	r.line(bold("interconnectd") + " " + usage("[FLAG ...]"))
	r.b.WriteString(".br\n")
	r.line(bold("interconnectd") + " " + usage("COMMAND [OPERAND ...] [FLAG ...]"))
	r.section("DESCRIPTION")
	r.text(overviewText)
	r.section("OPTIONS")
	r.options(p.Daemon)
	r.item(usage("-version")+", "+bold("--version"), "Print the version.")
	r.section("COMMANDS")
	r.fill("Each has a page of its own.")
	for _, c := range p.Commands {
		r.b.WriteString(".TP\n.BR " + escape("interconnectd-"+c.Name) + " (1)\n")
		r.fill(sentence(c.Help))
	}
	r.section("PARAMETERS")
	r.text(parametersText)
	for _, k := range p.Parameters {
		r.item(bold(k.Name), sentence(k.About))
	}
	r.section("ENVIRONMENT")
	r.items(p.Environment)
	r.section("FILES")
	r.items(p.Files)
	r.section("SIGNALS")
	r.items(p.Signals)
	r.section("EXIT STATUS")
	r.items(p.Exits)
	r.section("EXAMPLES")
	r.fill("A sys.config that two nodes of one host can share:")
	r.example(configExample)
	r.b.WriteString(".PP\n")
	r.fill("The first of them, when the second is started:")
	r.example(overviewExample)
	r.b.WriteString(".PP\n")
	r.fill("In another terminal:")
	r.example(askingExample)
	also := []Page{{Name: "interconnectd.yaml", Section: 5}}
	for _, c := range p.Commands {
		also = append(also, Page{Name: "interconnectd-" + c.Name, Section: 1})
	}
	r.seeAlso(also...)
	return page.end(r)
}
