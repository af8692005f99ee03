package report

import (
	"fmt"
	"strings"
)

// pair finds a pair by its name; what was measured of one that is missing is empty.
func (r *Report) pair(name string) Pair {
	for _, p := range r.Mixed {
		if p.Name == name {
			return p
		}
	}
	return Pair{}
}

// mixedFigure is one that is measured of every pair.
type mixedFigure struct {
	name string
	pick func(Pair) Sample
	told *mixedWords // nil: it is told in the table alone
}

// mixedWords are what a verdict is made of.
type mixedWords struct {
	noun, again string
	of          map[string]string // of a pair
	whys        map[string]string // why it may take longer than between two of Erlang
}

var (
	asks  = map[string]string{PairOTP: "between two of Erlang", PairToOurs: "of Erlang to ours", PairOurs: "of ours to Erlang"}
	tells = map[string]string{PairOTP: "by Erlang of Erlang", PairToOurs: "by Erlang of ours", PairOurs: "by ours of Erlang"}
)

// roundTrips and links are the figures of all pairs, in the order of the report.
var (
	roundTrips = []mixedFigure{
		{"ping, p50", func(p Pair) Sample { return p.Ping.P50 }, &mixedWords{"a ping", "one", asks, map[string]string{
			PairToOurs: "One goroutine of ours reads, and wakes another one that writes.",
			PairOurs:   "A ping of ours passes the loop that owns what is known of peers, on its way there and back.",
		}}},
		{"ping, p99", func(p Pair) Sample { return p.Ping.P99 }, nil},
		{"gen_server:call, p50", func(p Pair) Sample { return p.Call.P50 }, &mixedWords{"a call", "one", asks, map[string]string{
			PairToOurs: "One goroutine of ours reads, another one is the process that is called, and a third one writes.",
			PairOurs:   "A call of ours passes the loop too.",
		}}},
		{"gen_server:call, p99", func(p Pair) Sample { return p.Call.P99 }, nil},
	}
	links = []mixedFigure{
		{"first ping, which connects", func(p Pair) Sample { return p.Connect }, &mixedWords{"a first ping", "one", asks, map[string]string{
			PairOurs: "Ours asks for the name on its bus too, and the port mapper twice: whose it is, and where.",
		}}},
		{"told of a kill -9", func(p Pair) Sample { return p.Told }, &mixedWords{"the word of a kill -9", "that", tells, nil}},
	}
)

// mixedTable holds what ours and Erlang are to each other against Erlang alone.
func (r *Report) mixedTable() table {
	t := table{heads: []string{"", PairOTP, PairToOurs, PairOurs, "Erlang to ours / Erlang's", "ours to Erlang / Erlang's"}}
	if len(r.Mixed) == 0 {
		return t
	}
	for _, f := range append(roundTrips, links...) {
		otp, to, from := f.pick(r.pair(PairOTP)), f.pick(r.pair(PairToOurs)), f.pick(r.pair(PairOurs))
		u := unit(seconds)
		t.add(f.name, u.sample(otp), u.sample(to), u.sample(from), ratio(to.Median(), otp.Median()), ratio(from.Median(), otp.Median()))
	}
	return t
}

// mixedNote tells what the values of the table are.
func (r *Report) mixedNote() string {
	p := r.pair(PairOTP)
	return fmt.Sprintf("Runs: %s, of %s pings and %s calls of each pair. First pings: %s. Kills: %s. Medians, least and most in brackets.",
		count(len(p.Ping.P50)), count(p.Count), count(p.Count), count(len(p.Connect)), count(len(p.Told)))
}

// mixedVerdicts hold ours against Erlang's.
func (r *Report) mixedVerdicts() []string {
	var worse, better []string
	for _, f := range append(roundTrips, links...) {
		w := f.told
		if w == nil {
			continue
		}
		otp := f.pick(r.pair(PairOTP))
		for _, ours := range []string{PairToOurs, PairOurs} {
			took := f.pick(r.pair(ours))
			less, more := w.noun+" "+w.of[PairOTP], w.again+" "+w.of[ours]
			worse = append(worse, faster(sentence(less), more, otp, took, true, w.whys[ours])...)
			less, more = w.noun+" "+w.of[ours], w.again+" "+w.of[PairOTP]
			better = append(better, faster(sentence(less), more, took, otp, false, "")...)
		}
	}
	return append(worse, better...)
}

// sentence begins with a capital letter.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
