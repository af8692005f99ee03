package observer

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes"
)

// day is a script of a day, played in virtual time. A line is what happens AFTER the
// one before:
//
//	AFTER up NODE,NODE...
//	AFTER down NODE,NODE... REASON DETAIL UP_FOR
//
// n1..9 are nine nodes; the one called probe is hidden.
type day struct {
	lines  []string
	events []syncnodes.Event // of the line that was read last
}

func (d *day) Next(ctx context.Context) (syncnodes.Event, error) {
	for len(d.events) == 0 {
		if len(d.lines) == 0 {
			return syncnodes.Event{}, syncnodes.ErrClosed
		}
		after, rest, _ := strings.Cut(d.lines[0], " ")
		wait, err := time.ParseDuration(after)
		if err != nil {
			panic(err)
		}
		began := time.Now()
		select {
		case <-time.After(wait):
		case <-ctx.Done(): // for a while: the rest of the wait is left
			d.lines[0] = (wait - time.Since(began)).String() + " " + rest
			return syncnodes.Event{}, ctx.Err()
		}
		d.lines = d.lines[1:]
		d.events = eventsOf(rest)
	}
	e := d.events[0]
	d.events = d.events[1:]
	time.Sleep(time.Millisecond) // in the bubble: no two are at the same time
	e.Time = time.Now()
	return e, nil
}

func (d *day) Close() {}

// eventsOf reads a line.
func eventsOf(line string) []syncnodes.Event {
	words := strings.Fields(line)
	up := words[0] == "up"
	e := syncnodes.Event{Up: up, Hidden: words[1] == "probe"}
	if !up {
		last := len(words) - 1
		e.UpFor, _ = time.ParseDuration(words[last])
		e.Reason, e.Detail = words[last-2], strings.ReplaceAll(strings.Trim(words[last-1], "-"), "_", " ")
	}
	var names []string
	for _, name := range strings.Split(words[1], ",") {
		var from, to int
		if n, _ := fmt.Sscanf(name, "n%d..%d", &from, &to); n == 2 {
			for i := from; i <= to; i++ {
				names = append(names, fmt.Sprintf("n%d", i))
			}
			continue
		}
		names = append(names, name)
	}
	var events []syncnodes.Event
	for _, name := range names {
		e.Node = nodeid.Name(name + "@127.0.0.1")
		events = append(events, e)
	}
	return events
}

// The log of a day: what people see, to the letter.
func TestDay(t *testing.T) {
	script, err := os.ReadFile(filepath.Join("testdata", "day.script"))
	if err != nil {
		t.Fatal(err)
	}
	d := &day{}
	for lines := bufio.NewScanner(bytes.NewReader(script)); lines.Scan(); {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			d.lines = append(d.lines, line)
		}
	}
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		log := hclog.New(&hclog.LoggerOptions{
			Name: "interconnectd", Output: &out,
			TimeFormat: "2006-01-02T15:04:05.000Z07:00", TimeFn: func() time.Time { return time.Now().UTC() },
		}).Named("observer")
		New(Options{Log: log, Events: d, Self: "a@127.0.0.1", Settings: Settings{JournalKeep: 1000}}).Run(t.Context())
	})
	wantGolden(t, "day.golden", out.String())
	// Who greps for the words counts changes, and nothing else.
	if ups, downs := strings.Count(out.String(), "Node up"), strings.Count(out.String(), "Node down"); ups != 17 || downs != 15 {
		t.Errorf("%d ups, %d downs, want 17 and 15", ups, downs)
	}
}
