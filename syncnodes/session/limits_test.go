package session

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

func TestAttempts(t *testing.T) {
	var a attempts
	one := dialler{"a@h", incarnation(1)}
	if !a.isNew(one, 0) {
		t.Error("the first attempt is not new")
	}
	a.put(one, 5)
	for number, want := range map[uint64]bool{4: false, 5: false, 6: true} {
		if got := a.isNew(one, number); got != want {
			t.Errorf("isNew(%d) = %v, want %v", number, got, want)
		}
	}
	if !a.isNew(dialler{"a@h", incarnation(2)}, 1) {
		t.Error("another incarnation counts with the first")
	}
	for i := range maxAttempts {
		if i%1000 == 0 {
			a.put(one, uint64(10+i)) // stays, for it is used
		}
		a.put(dialler{nodeid.Name(fmt.Sprintf("n%d@h", i)), incarnation(1)}, 1)
	}
	if len(a.known) != maxAttempts || a.order.Len() != maxAttempts {
		t.Errorf("%d remembered, %d in order, want %d", len(a.known), a.order.Len(), maxAttempts)
	}
	if a.isNew(one, 10) {
		t.Error("the one in use was forgotten")
	}
	if !a.isNew(dialler{"n0@h", incarnation(1)}, 1) {
		t.Error("the oldest was not forgotten")
	}
}

func TestRejections(t *testing.T) {
	type step struct {
		at         time.Duration
		name       nodeid.Name
		wantLine   bool
		suppressed int
	}
	var ten []step
	for i := range rejectionLines {
		ten = append(ten, step{0, nodeid.Name(fmt.Sprintf("n%d@h", i)), true, 0})
	}
	tests := []struct {
		name  string
		steps []step
		sums  []int // of the minutes that end
	}{
		{"one a minute for a name", []step{
			{0, "c@h", true, 0},
			{time.Second, "c@h", false, 0},
			{59 * time.Second, "c@h", false, 0},
			{60 * time.Second, "c@h", true, 2},
			{61 * time.Second, "c@h", false, 0},
		}, nil},
		{"names apart", []step{
			{0, "c@h", true, 0},
			{0, "d@h", true, 0},
			{time.Second, "c@h", false, 0},
		}, nil},
		{"ten a minute", append(ten, step{0, "x@h", false, 0}, step{0, "y@h", false, 0},
			step{time.Minute, "z@h", true, 0}, step{2 * time.Minute, "y@h", true, 0}), []int{2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r rejections
			var sums []int
			for i, s := range tt.steps {
				if sum, ok := r.end(s.at); ok {
					sums = append(sums, sum.Suppressed)
				}
				line, ok := r.add(s.name, s.at)
				if ok != s.wantLine || line.Suppressed != s.suppressed || ok && line.Name != s.name {
					t.Errorf("step %d: %+v, %v, want %v", i, line, ok, s.wantLine)
				}
			}
			if !slices.Equal(sums, tt.sums) {
				t.Errorf("sums %v, want %v", sums, tt.sums)
			}
		})
	}
}

func TestRejectionsRemember(t *testing.T) {
	var r rejections
	for i := range 10 * rejectionNames {
		now := time.Duration(i) * rejectionQuiet
		r.end(now)
		if _, ok := r.add(nodeid.Name(fmt.Sprintf("n%d@h", i)), now); !ok {
			t.Fatalf("no line for name %d", i)
		}
	}
	if len(r.names) != rejectionNames || r.order.Len() != rejectionNames {
		t.Errorf("%d names, %d in order, want %d", len(r.names), r.order.Len(), rejectionNames)
	}
}

func TestAlarms(t *testing.T) {
	var as alarms
	var rung []string
	ring := func(name string) func(time.Duration) {
		return func(time.Duration) { rung = append(rung, name) }
	}
	a, b, c, d := &alarm{ring: ring("a")}, &alarm{ring: ring("b")}, &alarm{ring: ring("c")}, &alarm{ring: ring("d")}
	if _, ok := as.next(); ok {
		t.Error("an alarm where none is set")
	}
	as.stop(a)
	as.set(a, 5)
	as.set(b, 3)
	as.set(c, 5)
	as.set(d, 1)
	as.set(b, 5) // moved: after a and c
	as.stop(d)
	as.stop(d)
	if due, ok := as.next(); !ok || due != 5 {
		t.Errorf("next is %d, %v, want 5", due, ok)
	}
	as.ring(4)
	as.ring(5)
	as.ring(6)
	if want := []string{"a", "c", "b"}; !slices.Equal(rung, want) {
		t.Errorf("rung %v, want %v", rung, want)
	}
}

func TestNewEndpointChecks(t *testing.T) {
	good := Config{Self: "a@h", Incarnation: incarnation(1), Key: cookieA, NextID: func() uint64 { return 1 }}
	tests := []struct {
		name   string
		change func(*Config)
		bad    bool
	}{
		{"as it should be", func(*Config) {}, false},
		{"longest info", func(c *Config) { c.Info = make([]byte, MaxInfo) }, false},
		{"no key", func(c *Config) { c.Key = Key{} }, true},
		{"info", func(c *Config) { c.Info = make([]byte, MaxInfo+1) }, true},
		{"no ids", func(c *Config) { c.NextID = nil }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if got := recover() != nil; got != tt.bad {
					t.Errorf("panics %v, want %v", got, tt.bad)
				}
			}()
			cfg := good
			tt.change(&cfg)
			NewEndpoint(cfg)
		})
	}
}

func TestWords(t *testing.T) {
	all := make(map[string]bool)
	for i := range 256 {
		r, c := Reason(i).String(), DropCause(i).String()
		if r == "" || c == "" || all["r"+r] || all["c"+c] {
			t.Errorf("%d has the words %q and %q", i, r, c)
		}
		all["r"+r], all["c"+c] = true, true
	}
	for reason, want := range map[Reason]string{
		InUse: "in use", ConnectionClosed: "connection_closed", TimedOut: "timed out", 0: "reason 0", 200: "reason 200",
	} {
		if got := reason.String(); got != want {
			t.Errorf("Reason(%d) = %q, want %q", reason, got, want)
		}
	}
	if got, want := DropCause(0).String(), "cause 0"; got != want {
		t.Errorf("DropCause(0) = %q, want %q", got, want)
	}
	if got, want := (SessionID{0xab}).String(), "ab00000000000000"; got != want {
		t.Errorf("session %s, want %s", got, want)
	}
}
