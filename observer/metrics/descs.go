package metrics

import "github.com/prometheus/client_golang/prometheus"

// descs are the names and meanings of what the collector gives.
type descs struct {
	all []*prometheus.Desc

	up *prometheus.Desc

	nodes, expected, missing      *prometheus.Desc
	nodeUp                        *prometheus.Desc
	syncDone, syncTook            *prometheus.Desc
	busUp, busReconnects          *prometheus.Desc
	roundTrips, handshakes, drops *prometheus.Desc

	journalEvents, journalMemory, journalLost *prometheus.Desc
	journalSize, journalWritable              *prometheus.Desc

	hookRuns, hookSeconds, hookWaiting *prometheus.Desc
	hookMissed, hookFailing            *prometheus.Desc
}

func newDescs() *descs {
	d := &descs{}
	d.up = d.add("up", "1 while the node answers; where it is 0, what the node, the journal and the hooks tell is left out.")

	d.nodes = d.add("nodes", "Other nodes that are known, by their state.", "state")
	d.expected = d.add("expected_nodes", "Nodes of the sync lists, but for this one.")
	d.missing = d.add("missing_nodes", "Nodes of the sync lists that are not up.")
	d.nodeUp = d.add("expected_node_up", "1 for each node of the sync lists that is up, 0 for each that is not.", "node")
	d.syncDone = d.add("sync_done", "1 when the start-up sync is over, whoever is missing.")
	d.syncTook = d.add("sync_duration_seconds", "How long the start-up sync took; left out while it is under way.")
	d.busUp = d.add("bus_up", "1 while the bus, on which the nodes meet, is there.")
	d.busReconnects = d.add("bus_reconnects_total", "How often the bus came back.")
	d.roundTrips = d.add("probe_round_trip_seconds", "Round trips of the probes of other nodes that were answered.")
	d.handshakes = d.add("handshakes_total",
		"Handshakes with other nodes, by the side that this node was and how they ended.", "side", "result")
	d.drops = d.add("packets_dropped_total", "Packets that had no effect, by the cause.", "cause")

	d.journalEvents = d.add("journal_events", "Events in the journal that can be read.")
	d.journalMemory = d.add("journal_memory_events", "Events of the journal that are in memory and in no file.")
	d.journalLost = d.add("journal_events_lost_total", "Events that were in no file and had to leave the memory.")
	d.journalSize = d.add("journal_size_bytes", "Size of the journal's file; left out where none is wanted.")
	d.journalWritable = d.add("journal_writable", "1 while events get into the journal's file; left out where none is wanted.")

	d.hookRuns = d.add("hook_runs_total", "Runs of a hook, by how they ended.", "hook", "result")
	d.hookSeconds = d.add("hook_run_seconds_total", "Time that the runs of a hook took.", "hook")
	d.hookWaiting = d.add("hook_events_waiting", "Events of the journal that a hook is not done with.", "hook")
	d.hookMissed = d.add("hook_events_missed_total", "Events that left the journal before a hook had them.", "hook")
	d.hookFailing = d.add("hook_failing", "1 while the last run of a hook has failed.", "hook")
	return d
}

func (d *descs) add(name, help string, labels ...string) *prometheus.Desc {
	desc := prometheus.NewDesc(prefix+name, help, labels, nil)
	d.all = append(d.all, desc)
	return desc
}
