package report

import (
	"slices"
	"strings"
	"testing"
)

func TestGoals(t *testing.T) {
	r := &Report{
		Fleets: []Fleet{
			{System: Embedded, Nodes: 30, FullView: Sample{1}, RSS: Sample{20}, Ready: Sample{0.1}},
			{System: External, Nodes: 30, RSS: Sample{14}},
			{System: OTP, Nodes: 30, FullView: Sample{3, 4, 5}, RSS: Sample{30}, Kill: Notices{Last: Sample{1}}, Ready: Sample{0.2}},
			{System: Serf, Nodes: 30, FullView: Sample{0.9}, RSS: Sample{14}},
			{System: Embedded, Nodes: 10, Kill: Notices{Last: Sample{1}}},
		},
		Calls: []Call{{Name: CallEmbedded, P50: Sample{3}}, {Name: BareEmbedded, P50: Sample{2}}, {Name: CallExternal, P50: Sample{3}}},
		Mixed: []Pair{
			{Name: PairOTP, Ping: RoundTrip{P50: Sample{1, 2, 3}}, Call: RoundTrip{P50: Sample{1}}, Told: Sample{0.001}},
			{Name: PairToOurs, Ping: RoundTrip{P50: Sample{4}}, Told: Sample{1}},
			{Name: PairOurs, Ping: RoundTrip{P50: Sample{1}}, Call: RoundTrip{P50: Sample{2.1}}, Told: Sample{0.004, 0.021, 0.004}},
		},
	}
	want := []struct{ measured, met bool }{
		{true, true},   // a quarter of the median, to the point
		{true, false},  // slower than Serf
		{false, false}, // killed among 10 only
		{true, true},   // two thirds
		{true, true},   // as much as Serf
		{true, true},   // one and a half times
		{false, false}, // no bare one
		{true, false},  // half, where a third is wanted
		{true, true},   // twice, to the point
		{true, true},   // half
		{false, false}, // no call of ours
		{true, false},  // above twice
		{true, false},  // the slowest above 20 ms
	}
	goals := r.Goals()
	if len(goals) != len(want) {
		t.Fatalf("%d goals, want %d", len(goals), len(want))
	}
	for i, g := range goals {
		if g.Measured != want[i].measured || g.Met != want[i].met {
			t.Errorf("%s against %s: got %+v, want %+v", g.Name, g.Against, g, want[i])
		}
	}
	if b := goals[0].Bound; b != 1 {
		t.Errorf("the bound of full view is %v, want a quarter of 4", b)
	}
	if got, want := short(goals), "Of 13 goals 6 are met; not met: 4, not measured: 3."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestWords lets figures change sides: words go with them.
func TestWords(t *testing.T) {
	slow, quick := Sample{2, 2.1}, Sample{1, 1.1}
	fleets := func(ours, serf Sample) *Report {
		return &Report{Fleets: []Fleet{{System: Embedded, Nodes: 30, FullView: ours}, {System: Serf, Nodes: 30, FullView: serf}}}
	}
	for name, c := range map[string]struct {
		report *Report
		want   string
	}{
		"Serf is better":    {fleets(slow, quick), "**Serf is faster than ours embedded**: 0.52 of our time at 30 nodes. It gossips"},
		"ours is better":    {fleets(quick, slow), "Ours embedded is faster than Serf: 0.52 of its time at 30 nodes. News of a member"},
		"alike":             {fleets(slow, slow), ""},
		"no spread between": {fleets(Sample{1, 3}, Sample{2, 4}), "Ours embedded is faster than Serf: 0.75 of its time at 30 nodes (their spreads overlap). News"},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.report.sections()[0].Verdicts
			if c.want == "" && len(got) == 0 {
				return
			}
			if len(got) != 1 || !strings.HasPrefix(got[0], c.want) || c.want == "" {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestWhys holds that each is of one side that is ours and one that is theirs, and that
// each plot says what it shows.
func TestWhys(t *testing.T) {
	isOurs := func(systems []string) bool { return slices.Contains(ours, systems[0]) }
	for _, q := range quantities {
		for _, w := range q.whys {
			if isOurs(w.less) == isOurs(w.more) || !strings.HasSuffix(w.text, ".") {
				t.Errorf("%s: %q than %q: %q", q.title, w.less, w.more, w.text)
			}
		}
		if _, named := axes[q.plot]; q.plot != "" && !named {
			t.Errorf("%s: its plot does not say what y is", q.title)
		}
	}
}
