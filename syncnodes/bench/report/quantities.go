package report

// quantity is one that is measured of every fleet: how it is told, and why it differs.
type quantity struct {
	title  string
	about  string // what it is
	does   []does
	plot   string // the file of its plot, where it has one
	unit   unit
	pick   func(Fleet) Sample
	sample string // what each value is of: a run, a blow, a node
	better string // what he is who has less of it
	of     string // what it is less of
	limit  *limit
	whys   []why
}

// does is what systems do for a quantity. It is told where one of them was measured.
type does struct {
	systems []string
	text    string
}

// why is what explains that one system has less of a quantity than another. It is told
// only where the figures say so, and has to be true of every number of nodes.
type why struct {
	less, more []string
	text       string
}

// What samples are of.
const (
	eachRun  = "run"
	eachBlow = "blow"
	eachNode = "node"
)

// Groups of systems.
var (
	ours  = []string{Embedded, External}
	peers = []string{OTP, Serf}

	embedded, external = ours[:1], ours[1:]
	otp, serf          = peers[:1], peers[1:]
)

// quantities are in the order of the report.
var quantities = []quantity{
	{
		title: "Full view",
		about: "From the first start until the last node has told that all others are up.",
		does: []does{
			{ours, "Ours makes a handshake for each pair of nodes, which proves the cookie by a Diffie-Hellman exchange."},
			{embedded, "Embedded there is a NATS route for each pair as well."},
			{external, "External each node has one connection, to the server."},
			{otp, "Erlang has one TCP connection for each pair, proves the cookie by MD5, and `global` locks and exchanges its names as nodes come."},
			{serf, "Serf's members join one other, and news of the rest comes by gossip."},
		},
		plot: "full_view.svg", unit: seconds, sample: eachRun, better: "faster", of: "time",
		pick:  func(f Fleet) Sample { return f.FullView },
		limit: &formation,
		whys: []why{
			{serf, ours, "It gossips and links no pairs: a node joins one other and hears of the rest, so that the N(N-1)/2 connections, " +
				"each with its handshake, are never made. What it knows of most others is a third one's word."},
			{ours, serf, "News of a member goes round Serf by gossip, some members at a time, where each of ours meets all others itself."},
			{ours, otp, "A runtime boots in each node of Erlang; it pings the nodes of its list one after the other, and `global` takes locks " +
				"for each that comes."},
			{otp, embedded, "Its cookie is proved by MD5 over the one connection of a pair, where ours starts a NATS server in each node, and " +
				"computes a Diffie-Hellman exchange for each pair."},
			{otp, external, "Its cookie is proved by MD5 over the one connection of a pair, where ours computes a Diffie-Hellman exchange for " +
				"each, by way of a server that all share."},
		},
	},
	{
		title: "kill -9, the last survivor",
		about: "From the SIGKILL until the last of the others has told it.",
		does: []does{
			{embedded, "On our embedded mesh the route of the dead one closes, its port refuses connections, and NATS says that nobody listens " +
				"where it did: the three together are a proof."},
			{external, "On a server ours has only NATS's word that nobody listens there, and believes it after a second of it."},
			{otp, "Erlang has one TCP connection for each pair, and takes its closing for the verdict."},
			{serf, "Serf has no connections: it probes, and suspects for a while."},
		},
		plot: "kill.svg", unit: seconds, sample: eachBlow, better: "faster", of: "time",
		pick:  func(f Fleet) Sample { return f.Kill.Last },
		limit: &word, whys: killWhys,
	},
	{
		title: "kill -9, the median survivor",
		about: "The same kills, until half of the others have told it.",
		unit:  seconds, sample: eachBlow, better: "faster", of: "time",
		pick:  func(f Fleet) Sample { return f.Kill.Median },
		limit: &word, whys: killWhys,
	},
	{
		title: "SIGSTOP, the last survivor",
		about: "From the SIGSTOP until the last of the others has told it. A process that hangs closes nothing: there is only silence to go by, and " +
			"no limit but patience.",
		does: []does{
			{ours, "Ours takes three seconds of unanswered probes, which begin within one."},
			{otp, "Erlang takes `net_ticktime`, a quarter more or less, which is 60 s where nobody sets it: 45 to 75 s."},
			{serf, "Serf does as for a kill."},
		},
		unit: seconds, sample: eachBlow, better: "faster", of: "time",
		pick: func(f Fleet) Sample { return f.Hang.Last },
		whys: []why{
			{otp, ours, "Its `net_ticktime` was set to few seconds for that."},
			{ours, otp, "Erlang waits for its `net_ticktime` to go by."},
			{ours, serf, suspects},
			{serf, ours, "Its suspicion lasts as long as its probes and the number of members have it: the fewer, the shorter."},
		},
	},
	{
		title: "Clean stop, the last survivor",
		about: "From when a node is asked to end until the last of the others has told it.",
		does: []does{
			{ours, "Ours says goodbye to each peer under seal, before it ends anything else."},
			{otp, "Erlang stops its applications, and its connections close with it."},
			{serf, "Serf tells some that it leaves, and they gossip it."},
		},
		unit: seconds, sample: eachBlow, better: "faster", of: "time",
		pick:  func(f Fleet) Sample { return f.Stop.Last },
		limit: &word,
		whys: []why{
			{ours, otp, "Our goodbye is the first that a node does on its way out, Erlang's connections close at its end."},
			{ours, serf, "Our goodbye goes to each, Serf's goes round by gossip."},
			{otp, embedded, "The kernel closes its connections; our goodbye is sealed and sent for each peer, one after the other."},
			{otp, external, "The kernel closes its connections; our goodbye is sealed for each peer, and goes through the server."},
		},
	},
	{
		title: "Start to ready",
		about: "From the start of one node, with all others up, until it has told that they are: what a restart costs.",
		plot:  "ready.svg", unit: seconds, sample: eachRun, better: "faster", of: "time",
		pick:  func(f Fleet) Sample { return f.Ready },
		limit: &joining,
		whys: []why{
			{ours, otp, "A runtime boots in a node of Erlang, and loads its code, before it pings the first of its list."},
			{otp, embedded, "It dials its list when it has booted, where ours starts a NATS server first, which makes its routes, and computes a " +
				"Diffie-Hellman exchange for each peer."},
			{otp, external, "It needs an MD5 for each peer, where ours computes a Diffie-Hellman exchange, by way of a server."},
			{serf, ours, "One join of one member brings it the list of all; it meets no others."},
		},
	},
	{
		title: "Resident memory (RSS)",
		about: "Of one node when idle, with its child processes; pages that processes share count in each of them.",
		does:  []does{{external, "The nats-server of the external ones is apart."}},
		plot:  "memory.svg", unit: size, sample: eachNode, better: "smaller", of: "memory",
		pick: func(f Fleet) Sample { return f.RSS }, whys: memoryWhys,
	},
	{
		title: "Proportional memory (PSS)",
		about: "The same, with a page that n processes share counted as an nth: what one more node takes of the machine. Nodes of one machine share " +
			"their program's code; a node that is alone on its host takes what RSS says.",
		plot: "pss.svg", unit: size, sample: eachNode, better: "smaller", of: "memory",
		pick: func(f Fleet) Sample { return f.PSS }, whys: memoryWhys,
	},
	{
		title: "Descriptors",
		about: "Open files and sockets of one node when idle.",
		unit:  quantum, sample: eachNode, better: "smaller", of: "number",
		pick: func(f Fleet) Sample { return f.Descriptors },
		whys: []why{
			{serf, embedded, "It has no connection for each peer, where each of ours has a route to each of the others."},
			{otp, embedded, "Both have a connection for each peer; ours has those of a NATS server and of its client beside them."},
			{external, otp, "Ours has one connection, to the server, whatever the number of peers."},
		},
	},
	{
		title: "Processor when idle",
		about: "Of one node, as a part of one core, over a while in which nothing happens.",
		does: []does{
			{ours, "Ours asks two neighbours four times a second and one further peer each second, whatever the number of nodes, all of it sealed."},
			{otp, "Erlang ticks each connection four times in a `net_ticktime`."},
			{serf, "Serf probes one member a second."},
		},
		plot: "idle.svg", unit: share, sample: eachNode, better: "cheaper", of: "time",
		pick: func(f Fleet) Sample { return f.CPU }, whys: idleWhys,
	},
	{
		title: "Packets when idle",
		about: "On loopback, for each node and second, acknowledgements with them.",
		unit:  quantum, better: "quieter", of: "number",
		pick: func(f Fleet) Sample { return one(f.Packets) }, whys: idleWhys,
	},
	{
		title: "Bytes when idle",
		about: "Likewise, headers with them.",
		unit:  size, better: "quieter", of: "number",
		pick: func(f Fleet) Sample { return one(f.Bytes) }, whys: idleWhys,
	},
}

const suspects = "Serf asks one member a second, gives it half a second, asks again by way of others, and then suspects it for some seconds, so that " +
	"it may object; the verdict goes round by gossip."

var killWhys = []why{
	{otp, embedded, "Each survivor of Erlang believes the end of its own TCP connection; ours takes that for a hint, and asks twice more before it " +
		"believes it: a route that closes may be a cable."},
	{otp, external, "Survivors have no connection to the dead one, only to the server. It says that nobody listens there, which a node that changes " +
		"servers looks like as well, so that it is believed after a second of it."},
	{ours, serf, suspects},
}

var memoryWhys = []why{
	{ours, otp, "A node of Erlang is a whole runtime: an emulator with its allocators and schedulers, and the code of kernel and stdlib."},
	{otp, embedded, "Each of ours has a NATS server in it, and a route with its buffers to each of the others."},
	{serf, embedded, "Each of ours has a NATS server in it, and a route with its buffers to each of the others; Serf has one socket for all, and a table."},
	{serf, external, "Ours keeps a sealed session for each peer, with keys, a replay window and round trips, where Serf has a line in a table."},
}

var idleWhys = []why{
	{otp, ours, "Erlang sends a tick on a connection four times in each `net_ticktime`, and waits; ours asks its neighbours four times a second and " +
		"wants an answer, which is why it knows within four seconds that one hangs."},
	{serf, ours, "Serf links no pairs, so that it has nothing to keep for each of them, and sends one probe a second."},
	{ours, otp, "Each node of ours sends the same, whatever the number of nodes; with Erlang each pair has ticks of its own."},
}

// one is a sample of a figure that is 0 where it is not known.
func one(v float64) Sample {
	if v == 0 {
		return nil
	}
	return Sample{v}
}
