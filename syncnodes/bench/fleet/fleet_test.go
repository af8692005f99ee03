package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"interconnectd/syncnodes/bench/child"
)

// paperFleet has three nodes without processes, of which each sees all others but n00,
// which does not see n02.
func paperFleet(told *[]string) *fleet {
	f := newFleet(Erlang(), &camp{nodes: 3}, nil, func(format string, args ...any) { *told = append(*told, fmt.Sprintf(format, args...)) })
	for i := range f.members {
		f.members[i] = &member{node: i, sees: []bool{true, true, true}}
	}
	f.members[0].sees[2], f.members[0].lacks = false, 1
	return f
}

// What counts are the lines of those that run, of their latest start.
func TestWhoseLinesCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			name string
			news func(f *fleet) news
			full bool
		}{
			{"of one that runs", func(f *fleet) news { return news{by: f.members[0], node: 2, up: true} }, true},
			{"of another", func(f *fleet) news { return news{by: f.members[1], node: 2, up: true} }, false},
			{"of another node", func(f *fleet) news { return news{by: f.members[0], node: 1, up: true} }, false},
			{"of itself", func(f *fleet) news { return news{by: f.members[0], node: 0, up: true} }, false},
			{"of a former start", func(f *fleet) news {
				former := *f.members[0]
				return news{by: &former, node: 2, up: true}
			}, false},
			{"the end of a former start", func(f *fleet) news {
				former := *f.members[0]
				return news{by: &former, ended: true}
			}, false},
		} {
			var told []string
			f := paperFleet(&told)
			f.inbox.put(tt.news(f))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			err := f.full(ctx)
			cancel()
			if full := err == nil; full != tt.full || !full && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: full view is %v (%v), want %v", tt.name, full, err, tt.full)
			}
			if len(told) > 0 {
				t.Errorf("%s: it tells %q", tt.name, told)
			}
		}
	})
}

// A node that runs and is said to be down is told of, and waited for.
func TestFalselyDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		f := paperFleet(&told)
		f.inbox.put(news{by: f.members[0], node: 2, up: true})
		f.inbox.put(news{by: f.members[0], node: 1})
		if err := f.rest(t.Context(), time.Second); err != nil {
			t.Fatal(err)
		}
		if want := []string{"Erlang/OTP: n00 tells that n01 is down, which runs"}; !slices.Equal(told, want) {
			t.Errorf("it tells %q, want %q", told, want)
		}
		back := time.Now()
		f.inbox.put(news{by: f.members[0], at: back, node: 1, up: true})
		if err := f.full(t.Context()); err != nil || !f.latest.Equal(back) {
			t.Errorf("full at %v (%v), want %v", f.latest, err, back)
		}
	})
}

// What does not happen is an error that says who misses whom, and what that one said.
func TestLacking(t *testing.T) {
	// It has ended when the time of the test becomes virtual, in which nobody waits for a
	// process.
	first, err := child.Start(t.Context(), child.Command{Path: "sh", Args: []string{"-c", "echo something is wrong"}, OnLine: func(time.Time, string) {}})
	if err != nil {
		t.Fatal(err)
	}
	<-first.Ended()
	first.Close()
	synctest.Test(t, func(t *testing.T) {
		var told []string
		f := paperFleet(&told)
		f.members[0].Process = first
		err := f.full(t.Context())
		if want := "waiting for full view: not within 5m0s: n00 does not see n02; of n00 its last lines:\n  something is wrong"; err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	})
}

func TestVictims(t *testing.T) {
	for nodes, want := range map[int]string{
		2:  "[0 1 1 0 0 0]",
		3:  "[0 1 2 0 1 0]",
		30: "[0 15 29 7 21 0]",
	} {
		m := measurement{fleet: &fleet{members: make([]*member, nodes)}}
		var got []int
		for run := range 6 {
			got = append(got, m.victim(run))
		}
		if fmt.Sprint(got) != want {
			t.Errorf("of %d nodes %v, want %s", nodes, got, want)
		}
	}
}

func TestAbridged(t *testing.T) {
	all := strings.Fields("a b c d")
	if got := abridged(all, 4, ", "); got != "a, b, c, d" {
		t.Error(got)
	}
	if got := abridged(all, 2, ", "); got != "a, b and 2 more" {
		t.Error(got)
	}
}
