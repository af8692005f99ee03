// Package statuspage shows over HTTP how a daemon and its cluster are, to people and
// to probes of other programs:
//
//	GET /         the page: bus, sync, nodes, who sees whom, a time line, the last events
//	GET /live     text/event-stream: an event change whenever the page has changed
//	GET /metrics  for Prometheus, where there are metrics
//	GET /healthz  200 while the node answers, else 503
//	GET /readyz   200 while the start-up sync is over and the bus is there, else 503
//
// The answer of the latter two is one line of text that says why.
//
// # Who may look
//
// It is read-only and knows no users: whoever reaches the address may read it. Nothing
// is secret there, so that it does not matter under which name a browser came here: who
// makes a name of his own point to this address (DNS rebinding) gets to read what he
// could have read without it. The page takes nothing from elsewhere, and its policy
// lets it load nothing but its own style, script and picture. Names and words come from
// other nodes; html/template escapes each.
//
// Requests have little time and little room, and there are only so many connections
// at once: who comes when all are taken is hung up on. Half of them at most are those
// of /live, which stay, so that probes get an answer.
//
// # The page
//
// The server renders it whole, and without any script it can be read whole; it loads
// itself anew every ten seconds then. With script it listens to /live and
// fetches itself again for each change, and every five seconds for what ages, and
// replaces those sections that differ: there is one place where the picture is drawn.
//
// While somebody looks, and no longer, the server follows the events and asks its node
// once a second whether anything else has changed, however many look.
//
// Who sees whom is what each connected node tells of its own peers
// ([syncnodes.Node.View]): its word, asked for once a second at most, and never waited
// for longer than a tenth of one.
package statuspage
