package report

import "fmt"

func (r *Report) crowdTable() table {
	t := table{heads: []string{
		"nodes", "full view", "processor to form", "server's", "limit", "processor to form / limit",
		"a node, idle", "server, a node", "memory, a node", "server's memory", "messages/s, a node", "bytes/s, a node",
	}}
	for _, c := range r.Crowds {
		limit := float64(pairs(c.Nodes)) * r.Limits.Handshake.Median()
		s, b, p, q := unit(seconds), unit(size), unit(share), unit(quantum)
		t.add(
			count(c.Nodes), s.known(c.FullView), s.known(c.FormCPU), s.known(c.ServerFormCPU), s.known(limit), ratio(c.FormCPU, limit),
			p.known(c.CPU), p.known(c.ServerCPU/float64(max(1, c.Nodes))), b.known(c.Memory), b.known(c.ServerRSS), q.known(c.Messages), b.known(c.Bytes),
		)
	}
	return t
}

// carry is what one nats-server carries, by what the largest crowd cost it.
type carry struct {
	Nodes     int     // of the crowd
	CPU       float64 // the server's for one node, a part of a core
	Full      int     // nodes that fill a core of the server
	Half      int     // nodes that leave it half of one, to answer at once
	Messages  int     // of the full core, a second
	Cluster   int     // nodes of three servers, each with half a core
	Handshake float64 // s of processor time
	Pairs     int     // of Half
	Form      float64 // s of processor time of all Half, when they start at once
}

// threeServers is the part of all messages that each of three servers handles: of each a
// third begins with it, and of the other two thirds, which cross a route, it has a third.
const threeServers = 5. / 9

// carried is false where there is no crowd of which the server's cost is known.
func (r *Report) carried() (carry, bool) {
	var c Crowd
	for _, o := range r.Crowds {
		if o.ServerCPU > 0 && o.Nodes > c.Nodes {
			c = o
		}
	}
	if c.Nodes == 0 {
		return carry{}, false
	}
	k := carry{Nodes: c.Nodes, CPU: c.ServerCPU / float64(c.Nodes), Handshake: r.Limits.Handshake.Median()}
	k.Full, k.Half = about(1/k.CPU), about(0.5/k.CPU)
	k.Messages = about(c.Messages / k.CPU)
	k.Cluster = about(0.5 / k.CPU / threeServers)
	k.Pairs = pairs(k.Half)
	k.Form = float64(k.Pairs) * k.Handshake
	return k, true
}

func (r *Report) swarmTable() table {
	t := table{heads: []string{
		"nodes", "full view", "messages/s, a node", "bytes/s, a node", "memory, a peer",
		"kill -9, median", "last", "SIGSTOP, median", "last",
	}}
	s, b, q := unit(seconds), unit(size), unit(quantum)
	for _, w := range r.Swarms {
		t.add(
			count(w.Nodes), s.known(w.FullView), q.known(w.Messages), b.known(w.Bytes), b.known(w.Entry),
			s.known(w.KillMedian), s.known(w.KillLast), s.known(w.HangMedian), s.known(w.HangLast),
		)
	}
	return t
}

// constancy is what idle nodes of the smallest and the largest swarms send.
type constancy struct {
	From, To    int // nodes
	Least, Most float64
}

// constantWithin is how far apart the messages of all swarms may be, to be called constant.
const constantWithin = 1.2

// steady is false where there are not two swarms of different sizes.
func (r *Report) steady() (constancy, bool) {
	var c constancy
	for _, w := range r.Swarms {
		if w.Messages == 0 {
			continue
		}
		if c.From == 0 {
			c = constancy{From: w.Nodes, To: w.Nodes, Least: w.Messages, Most: w.Messages}
		}
		c.From, c.To = min(c.From, w.Nodes), max(c.To, w.Nodes)
		c.Least, c.Most = min(c.Least, w.Messages), max(c.Most, w.Messages)
	}
	return c, c.From < c.To
}

func (r *Report) serverTable() table {
	t := table{heads: []string{"nodes", "RSS", "PSS", "descriptors", "processor", "memory / nodes"}}
	for _, n := range r.sizes() {
		f, found := r.Fleet(External, n)
		if !found || f.Server == nil {
			continue
		}
		s := f.Server
		t.add(count(n), unit(size).known(s.RSS), unit(size).known(s.PSS), unit(quantum).known(s.Descriptors), unit(share).known(s.CPU),
			unit(size).known(s.RSS/float64(max(1, n))))
	}
	return t
}

// Sent is what the nodes that fill a core send.
func (c carry) Sent() string {
	if c.Messages == 0 {
		return ""
	}
	return fmt.Sprintf(", with some %s messages a second", count(c.Messages))
}

// Forming is what it takes when all that leave the server half a core start at once.
func (c carry) Forming() string {
	if c.Form == 0 {
		return ""
	}
	return fmt.Sprintf("These %s nodes, started at once, make %s × %s / 2 = %s handshakes of %s: %s of processor time, which is %s for each node.",
		count(c.Half), count(c.Half), count(c.Half-1), count(c.Pairs), unit(seconds).text(c.Handshake), unit(seconds).text(c.Form),
		unit(seconds).text(c.Form/float64(max(1, c.Half))))
}

// Text says what an idle node sends, and whether that grows.
func (c constancy) Text() string {
	apart := fraction(c.Most / c.Least)
	if c.Most <= constantWithin*c.Least {
		return fmt.Sprintf("From %s to %s nodes an idle one sends %s to %s messages a second: that does not depend on how many there are, for it "+
			"asks two neighbours and one further peer.", count(c.From), count(c.To), digits(c.Least, 3), digits(c.Most, 3))
	}
	return fmt.Sprintf("From %s to %s nodes an idle one sends %s to %s messages a second, %s times as many at most as at least.",
		count(c.From), count(c.To), digits(c.Least, 3), digits(c.Most, 3), apart)
}
