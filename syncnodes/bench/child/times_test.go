package child

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// TestTimes: what WriteTimes writes is what Times reads, which tells what is no time.
func TestTimes(t *testing.T) {
	var out bytes.Buffer
	if err := WriteTimes(&out, 3, func() error { return nil }); err != nil || strings.Count(out.String(), "\n") != 3 {
		t.Fatalf("got %q, %v; want three lines", out.String(), err)
	}
	p := start(t, sh("cat <<.\n1500\n"+out.String()+"none\n."))
	times, err := p.Times(4)
	if err != nil || len(times) != 4 || times[0] != 1.5e-6 || min(times[1], times[2], times[3]) < 0 {
		t.Errorf("got %v, %v; want 1.5 µs and three more", times, err)
	}
	if _, err := p.Times(1); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("of a line that is no time: %v", err)
	}
	if _, err := p.Times(1); err == nil {
		t.Error("of a process that has ended: no error")
	}
}

// TestTimesFail: nothing is written of calls one of which failed.
func TestTimesFail(t *testing.T) {
	var out bytes.Buffer
	failed := errors.New("no answer")
	if err := WriteTimes(&out, 3, func() error { return failed }); !errors.Is(err, failed) || out.Len() > 0 {
		t.Errorf("got %v, and %q", err, out.String())
	}
}
