package report

import "fmt"

// limit is what nothing that works as ours does can go below.
type limit struct {
	about string
	of    func(r *Report, nodes int) float64 // 0 where it is not known
	sum   func(r *Report, nodes int) string  // how it comes about
}

// formation is that of a full view.
var formation = limit{
	about: "the handshakes of all pairs and the starts of all processes, shared by the cores",
	of: func(r *Report, nodes int) float64 {
		if !r.bounded() {
			return 0
		}
		return (float64(pairs(nodes))*r.Limits.Handshake.Median() + float64(nodes)*r.Limits.Exec.Median()) / float64(r.Machine.Cores)
	},
	sum: func(r *Report, nodes int) string {
		return fmt.Sprintf("(%d × %d / 2 × %s + %d × %s) / %s", nodes, nodes-1, unit(seconds).text(r.Limits.Handshake.Median()),
			nodes, unit(seconds).text(r.Limits.Exec.Median()), cores(r.Machine.Cores))
	},
}

// joining is that of one node which starts.
var joining = limit{
	about: "the start of a process, its handshakes, shared by the cores, and a round trip",
	of: func(r *Report, nodes int) float64 {
		if !r.bounded() || len(r.Limits.RoundTrip) == 0 {
			return 0
		}
		return r.Limits.Exec.Median() + float64(nodes-1)*r.Limits.Handshake.Median()/float64(r.Machine.Cores) + r.Limits.RoundTrip.Median()
	},
	sum: func(r *Report, nodes int) string {
		return fmt.Sprintf("%s + %d × %s / %s + %s", unit(seconds).text(r.Limits.Exec.Median()), nodes-1,
			unit(seconds).text(r.Limits.Handshake.Median()), cores(r.Machine.Cores), unit(seconds).text(r.Limits.RoundTrip.Median()))
	},
}

// word is that of news from one process to another.
var word = limit{
	about: "a round trip over TCP on loopback",
	of:    func(r *Report, _ int) float64 { return r.Limits.RoundTrip.Median() },
	sum:   func(*Report, int) string { return "" },
}

// bounded tells whether there is what limits are made of.
func (r *Report) bounded() bool {
	return len(r.Limits.Handshake) > 0 && len(r.Limits.Exec) > 0 && r.Machine.Cores > 0
}

func pairs(nodes int) int { return nodes * (nodes - 1) / 2 }

func cores(n int) string {
	if n == 1 {
		return "1 core"
	}
	return fmt.Sprintf("%d cores", n)
}

func (r *Report) limitsTable() table {
	t := table{heads: []string{"limit", "figure"}}
	for _, l := range []struct {
		name   string
		sample Sample
	}{
		{"round trip of 100 bytes over TCP on loopback", r.Limits.RoundTrip},
		{"start and end of a process that does nothing", r.Limits.Exec},
		{"processor time of a handshake, both sides, no bus", r.Limits.Handshake},
		{"processor time of stretching a short cookie", r.Limits.Stretch},
	} {
		if len(l.sample) > 0 {
			t.add(l.name, unit(seconds).sample(l.sample))
		}
	}
	return t
}
