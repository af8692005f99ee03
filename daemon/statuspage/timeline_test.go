package statuspage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/membership"
)

// story is what happened within an hour, times in minutes after its beginning.
type story struct {
	from   time.Time
	runs   map[int]string // when a run began, by its number
	events []event.Event
	status syncnodes.Status
}

func newStory() *story {
	return &story{from: noon, runs: map[int]string{}, status: syncnodes.Status{Node: self, Now: 24 * time.Hour}}
}

func (s *story) at(minute float64) time.Time {
	return s.from.Add(time.Duration(minute * float64(time.Minute)))
}

// run begins a run of the daemon; the last one is the current.
func (s *story) run(number int, minute float64) {
	inc := runOf(s.at(minute), byte(number))
	s.runs[number] = inc.String()
	s.status.Incarnation, s.status.Started = inc, s.at(minute)
}

func (s *story) up(run int, minute float64, node nodeid.Name) {
	s.events = append(s.events, event.Event{Time: s.at(minute), Start: s.runs[run], Kind: event.NodeUp, Node: node})
}

func (s *story) down(run int, minute float64, node nodeid.Name, upFor float64) {
	s.events = append(s.events, event.Event{
		Time: s.at(minute), Start: s.runs[run], Kind: event.NodeDown, Node: node,
		Reason: "shutdown", Detail: "left", UpFor: event.Duration(upFor * float64(time.Minute)),
	})
}

func (s *story) peer(node nodeid.Name, state membership.State, minute float64, expected bool) {
	s.status.Peers = append(s.status.Peers, syncnodes.Peer{
		Node: node, State: state, Expected: expected, Since: s.status.Now + s.at(minute).Sub(s.at(60)), Incarnation: nodeid.Incarnation{1},
	})
}

// text is what is drawn, in short.
func (s *story) text() string {
	t := draw(tell(s.events), s.status, s.from, s.at(60))
	var b strings.Builder
	if t.Unknown != "" {
		fmt.Fprintf(&b, "unknown %s\n", t.Unknown)
	}
	for _, m := range t.Starts {
		fmt.Fprintf(&b, "start %s\n", m.X)
	}
	for _, row := range t.Rows {
		b.WriteString(string(row.Node))
		for _, bar := range row.Bars {
			kind := "up"
			if bar.Unsure {
				kind = "unsure"
			}
			fmt.Fprintf(&b, " %s %s+%s", kind, bar.X, bar.Width)
		}
		for _, m := range row.Marks {
			fmt.Fprintf(&b, " mark %s", m.X)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestTimeline(t *testing.T) {
	for _, tt := range []struct {
		name string
		tell func(*story)
		want string
	}{
		{"nothing happened, for hours", func(s *story) {
			s.run(1, -120)
			s.peer("b@h", membership.Up, -119, false)
			s.peer("c@h", membership.Idle, 0, true)
			s.peer("d@h", membership.Idle, 0, false)
		}, "b@h up 0.00%+100.00%\nc@h\n"},
		{"started a while ago", func(s *story) {
			s.run(1, 30)
			s.up(1, 33, "b@h")
			s.peer("b@h", membership.Suspect, 33, false)
		}, "unknown 50.00%\nstart 50.00%\nb@h up 55.00%+45.00%\n"},
		{"up and down", func(s *story) {
			s.run(1, -120)
			s.up(1, 6, "b@h")
			s.down(1, 12, "b@h", 6)
			s.up(1, 18, "b@h")
			s.down(1, 24, "b@h", 6)
			s.peer("b@h", membership.Down, 24, false)
		}, "b@h up 10.00%+10.00% up 30.00%+10.00% mark 20.00% mark 40.00%\n"},
		{"up before", func(s *story) {
			s.run(1, -120)
			s.down(1, 30, "b@h", 90)
			s.down(1, 42, "c@h", 12)
		}, "b@h up 0.00%+50.00% mark 50.00%\nc@h up 50.00%+20.00% mark 70.00%\n"},
		{"the daemon was started again", func(s *story) {
			s.run(1, 6)
			s.up(1, 12, "b@h")
			s.up(1, 12, "c@h")
			s.up(1, 15, "d@h")
			s.down(1, 18, "d@h", 3)
			s.run(2, 30)
			s.up(2, 30, "b@h")
			s.peer("b@h", membership.Up, 30, true)
		}, "unknown 10.00%\nstart 10.00%\nstart 50.00%\nb@h up 20.00%+10.00% unsure 30.00%+20.00% up 50.00%+50.00%\n" +
			"c@h up 20.00%+10.00% unsure 30.00%+20.00%\nd@h up 25.00%+5.00% mark 30.00%\n"},
		{"and nothing has happened since", func(s *story) {
			s.run(1, -120)
			s.up(1, 12, "b@h")
			s.run(2, 30)
		}, "start 50.00%\nb@h unsure 20.00%+30.00%\n"},
		{"the status is not as far as the events", func(s *story) {
			s.run(1, -120)
			s.up(1, 30, "b@h")
			s.peer("b@h", membership.Down, 10, false)
		}, "b@h up 50.00%+50.00%\n"},
		{"the events are not as far as the status", func(s *story) {
			s.run(1, -120)
			s.down(1, 30, "b@h", 3)
			s.peer("b@h", membership.Up, 45, false)
		}, "b@h up 45.00%+5.00% up 75.00%+25.00% mark 50.00%\n"},
		{"too close together to be seen", func(s *story) {
			s.run(1, -120)
			s.up(1, 30, "b@h")
			for i := range 100 {
				minute := 30.5 + float64(i)*0.002
				s.down(1, minute, "b@h", 0.001)
				s.up(1, minute+0.001, "b@h")
			}
			s.down(1, 45, "b@h", 14)
		}, "b@h up 50.00%+25.00% mark 50.83% mark 75.00%\n"},
		{"short, and at the end", func(s *story) {
			s.run(1, -120)
			s.peer("b@h", membership.Up, 59.999, false)
		}, "b@h up 99.85%+0.15%\n"},
		{"a start that makes no sense", func(s *story) {
			s.runs[1] = "x"
			s.up(1, 30, "b@h")
			s.run(2, 45)
		}, "unknown 50.00%\nstart 50.00%\nstart 75.00%\nb@h unsure 50.00%+25.00%\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStory()
			tt.tell(s)
			if got := s.text(); got != tt.want {
				t.Errorf("got:\n%swant:\n%s", got, tt.want)
			}
		})
	}
}

func TestTimelineWords(t *testing.T) {
	s := newStory()
	s.run(1, -120)
	s.up(1, 6, "b@h")
	s.down(1, 12, "b@h", 6)
	s.up(1, 18, "b@h")
	s.down(1, 18.1, "b@h", 0.1)
	s.down(1, 18.2, "b@h", 0.1)
	s.peer("b@h", membership.Up, 20, false)
	row := draw(tell(s.events), s.status, s.from, s.at(60)).Rows[0]
	want := "b@h: now up; went down 3 times, the last time at 2026-11-24 12:21:53: shutdown, left"
	if row.Says != want {
		t.Errorf("%s, want %s", row.Says, want)
	}
	for i, want := range []string{"down at 2026-11-24 12:15:41: shutdown, left", "down 2 times from 2026-11-24 12:21:47 on, the last time at 2026-11-24 12:21:53: shutdown, left"} {
		if row.Marks[i].Says != want {
			t.Errorf("mark %d: %s, want %s", i, row.Marks[i].Says, want)
		}
	}
	if got, want := row.Bars[0].Says, "up from 2026-11-24 12:09:41 to 2026-11-24 12:15:41"; got != want {
		t.Errorf("bar: %s, want %s", got, want)
	}
}

func TestTimelineBounds(t *testing.T) {
	s := newStory()
	s.run(1, -120)
	for i := range tracksMost + 7 {
		for minute := range 60 {
			s.down(1, float64(minute), nodeid.Name(fmt.Sprintf("n%02d@h", i)), 0.1)
		}
	}
	drawn := draw(tell(s.events), s.status, s.from, s.at(60))
	if len(drawn.Rows) != tracksMost || drawn.More != 7 || drawn.Rows[1].Node != "n01@h" {
		t.Errorf("%d rows, %d more", len(drawn.Rows), drawn.More)
	}
}

func TestTicks(t *testing.T) {
	for hours, want := range map[int]string{
		1:   "10.53% 12:10, 27.19% 12:20, 43.86% 12:30, 60.53% 12:40, 77.19% 12:50, 93.86% 13:00",
		6:   "15.64% 13:00, 32.31% 14:00, 48.98% 15:00, 65.64% 16:00, 82.31% 17:00, 98.98% ",
		24:  "16.41% 16:00, 33.08% 20:00, 49.74% 00:00, 66.41% 04:00, 83.08% 08:00, 99.74% ",
		168: "7.11% 25 Nov, 21.39% 26 Nov, 35.68% 27 Nov, 49.96% 28 Nov, 64.25% 29 Nov, 78.53% 30 Nov, 92.82% 1 Dec",
	} {
		var got []string
		for _, tick := range (window{noon, noon.Add(time.Duration(hours) * time.Hour)}).ticks() {
			got = append(got, tick.X+" "+tick.Label)
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("%d hours: %s, want %s", hours, text, want)
		}
	}
}
