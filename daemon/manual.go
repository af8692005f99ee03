package main

import (
	"fmt"
	"slices"

	"interconnectd/configs"
	"interconnectd/daemon/manpage"
)

// manual is what the pages are made of.
func manual(getenv func(string) string) manpage.Program {
	p := manpage.Program{
		Version: version(), Date: dated(getenv), Daemon: daemonFlags,
		Parameters: configs.KernelParameters(), Settings: configs.SettingKeys(),
		Environment: environment, Files: files, Signals: signalTable, Exits: exitItems(allExits...),
	}
	for _, c := range commands() {
		p.Commands = append(p.Commands, manpage.Command{
			Name: c.name, Operands: c.operands, Help: c.help, About: c.about, Example: c.example, Flags: c.flags,
			Exits: exitsOf(c),
		})
	}
	return p
}

// environment are the variables that the program reads.
var environment = []manpage.Item{
	{Word: "INTERCONNECT_RUNTIME_DIR, RUNTIME_DIRECTORY, XDG_RUNTIME_DIR", Text: "where the control socket is: the first that is set; of the last the folder interconnect below it"},
	{Word: "TMPDIR", Text: "where it is else, for all but root: in a folder of the user's below this one, or /tmp"},
	{Word: "STATE_DIRECTORY, XDG_STATE_HOME", Text: "where the journal of events is: in the first, else, for all but root, in interconnect below the second"},
	{Word: "HOME, XDG_CONFIG_HOME", Text: "where the cookie of Erlang is looked for, and the journal of events of who is not root"},
	{Word: "CREDENTIALS_DIRECTORY", Text: "the folder of systemd with the credential cookie"},
	{Word: "RELEASE_NODE, RELEASE_DISTRIBUTION", Text: "the name of the node, as the start script of a release sets it, and with name that one without a host is long"},
	{Word: "RELEASE_COOKIE", Text: "the cookie, likewise"},
	{Word: "ERL_EPMD_PORT", Text: "the port of the port mapper of Erlang, where erlang.epmd does not say it; 4369"},
	{Word: "NOTIFY_SOCKET, JOURNAL_STREAM", Text: "set by systemd: whom to tell that the daemon is ready, and whether the log goes to the journal"},
	{Word: "NO_COLOR, TERM", Text: "no colours where the first is set, or the second is dumb or not set"},
	{Word: "COLUMNS", Text: "how wide the terminal is, in place of what that says itself"},
	{Word: "GOTRACEBACK", Text: "with all the program tells where it is when it has found a bug of its own"},
	{Word: "SOURCE_DATE_EPOCH", Text: "the date of the pages that interconnectd man writes, in seconds"},
}

var files = []manpage.Item{
	{Word: "/etc/interconnectd/sys.config, /etc/interconnectd/interconnectd.yaml", Text: "the configuration of the service"},
	{Word: "/etc/interconnectd/cookie", Text: "the cookie of the service, root's"},
	{Word: "~/.erlang.cookie, ~/.config/erlang/.erlang.cookie", Text: "the cookie where nothing else gives one; the first is made when there is none"},
	{Word: "/run/interconnect/NAME.sock", Text: "the control socket of root's daemon; the service's is in /run/interconnect/default, and for others see ENVIRONMENT"},
	{Word: "/var/lib/interconnect/NAME.db", Text: "the journal of events of root's daemon; the service's is in /var/lib/interconnect/default, and that of others in ~/.local/state/interconnect"},
}

// signalTable is about the signals that the daemon takes.
var signalTable = []manpage.Item{
	{Word: "TERM, INT", Text: "end in order: the other nodes are told, and the exit code is 0. A second one ends the daemon at once"},
	{Word: "HUP", Text: "read the configuration again. Nothing changes where something is wrong, and a line is logged for each problem"},
	{Word: "USR1", Text: "open the log file anew, for who rotates it"},
	{Word: "USR2", Text: "write what the command status prints to the log"},
	{Word: "PIPE", Text: "no effect: a reader of the log that goes away ends no daemon"},
}

// exitMeanings tell what the codes mean.
var exitMeanings = map[int]string{
	exitOK:        "all went well",
	exitNo:        "the answer is negative, as pang or false, or an error",
	exitUsage:     "the command line makes no sense, or several daemons run and none was chosen",
	exitNoDaemon:  "no daemon runs",
	exitNameInUse: "another live node has the name",
	exitNodesDown: "mandatory nodes were not up in time",
	exitInternal:  "a fault of the program's own",
	exitIO:        "a file, a socket or a port cannot be used",
	exitConfig:    "the configuration is wrong",
}

var allExits = []int{exitOK, exitNo, exitUsage, exitNoDaemon, exitNameInUse, exitNodesDown, exitInternal, exitIO, exitConfig}

// exitsOf are the codes that a subcommand may end with. One that asks a daemon has the
// flag -node, and one that reads the configuration -settings.
func exitsOf(c command) []manpage.Item {
	if hasFlag(c, nodeFlag.Name) {
		codes := []int{exitOK, exitNo, exitUsage, exitNoDaemon, exitInternal, exitIO}
		if hasFlag(c, "name") { // it may join under it
			codes = slices.Insert(codes, 4, exitNameInUse)
		}
		if c.name == "reload" || hasFlag(c, "settings") {
			codes = append(codes, exitConfig)
		}
		return exitItems(codes...)
	}
	list := exitItems(exitOK)
	if c.name == "terms" || c.name == "fmt" {
		list = append(list, manpage.Item{Word: fmt.Sprint(exitNo), Text: "a file does not parse"})
	}
	list = append(list, manpage.Item{Word: fmt.Sprint(exitUsage), Text: "the command line makes no sense"})
	list = append(list, exitItems(exitInternal, exitIO)...)
	if hasFlag(c, "settings") {
		list = append(list, exitItems(exitConfig)...)
	}
	return list
}

func hasFlag(c command, name string) bool {
	return slices.ContainsFunc(c.flags.Flags, func(f configs.Flag) bool { return f.Name == name })
}

func exitItems(codes ...int) []manpage.Item {
	var list []manpage.Item
	for _, code := range codes {
		list = append(list, manpage.Item{Word: fmt.Sprint(code), Text: exitMeanings[code]})
	}
	return list
}
