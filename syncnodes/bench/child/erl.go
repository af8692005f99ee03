package child

// Erl is a node of Erlang on loopback, which finds others at a port mapper of StartEPMD.
// It starts none of its own, and leaves no dump when it crashes; args are further flags.
func Erl(epmdPort, name string, args ...string) Command {
	return Command{
		Path: "erl",
		Args: append([]string{"-start_epmd", "false", "-name", name, "-kernel", "inet_dist_use_interface", "{127,0,0,1}"}, args...),
		Env:  []string{"ERL_EPMD_PORT=" + epmdPort, "ERL_EPMD_ADDRESS=127.0.0.1", "ERL_CRASH_DUMP_SECONDS=0"},
	}
}
