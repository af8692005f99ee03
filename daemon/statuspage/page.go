package statuspage

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/syncnodes"
)

const (
	eventsMost  = 20 // in the table
	hoursAtOnce = 6
	nothing     = "–"
)

// hoursChoice are how many hours a time line may have.
var hoursChoice = []int{1, 6, 24, 7 * 24}

// look is all that the page shows, as it was at one moment.
type look struct {
	now     time.Time
	status  syncnodes.Status
	views   map[nodeid.Name]view
	events  bool // there are some to show, or were
	recent  []event.Event
	hours   int
	history *history
	trouble error // why there is no history
	metrics bool
	acts    *acts // nil: nothing is known of them
}

// page answers with the page.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	status, err := s.status(r)
	if err != nil {
		say(w, false, silent)
		return
	}
	l := look{now: s.now(), status: status, metrics: s.metrics, events: s.events != nil, hours: hoursOf(r)}
	if l.events {
		l.recent, l.history, l.trouble = s.read(r.Context(), cmp.Or(l.hours, hoursAtOnce), l.now)
	}
	if l.hours == 0 {
		l.hours = hoursAtOnce
		if l.history != nil && l.history.known.After(l.now.Add(-time.Hour)) {
			l.hours = 1 // all that there is, and large enough to be seen
		}
	}
	if s.observed != nil {
		l.acts = newActs(s.observed())
	}
	l.views = s.views.of(r.Context(), observersOf(status.Peers))
	var text bytes.Buffer
	if err := pageTemplate().Execute(&text, l.content()); err != nil {
		panic(err) // template and content do not fit: a fault of ours
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(text.Bytes()) // who asked may be gone
}

// hoursOf is what the reader chose, if it is one of the choices, else 0.
func hoursOf(r *http.Request) int {
	hours, err := strconv.Atoi(r.URL.Query().Get("hours"))
	if err != nil || !slices.Contains(hoursChoice, hours) {
		return 0
	}
	return hours
}

// read reads the last events, and the history of the last hours.
func (s *Server) read(ctx context.Context, hours int, now time.Time) ([]event.Event, *history, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	recent, err := s.events.Tail(ctx, eventsMost, time.Time{}, nil)
	if err != nil {
		return nil, nil, err
	}
	var seq uint64
	if last := len(recent) - 1; last >= 0 {
		seq = recent[last].Seq
	}
	h, err := s.past.of(ctx, s.events, hours, seq, now)
	return recent, h, err
}

// content is what the template is given: texts, nearly all.
type content struct {
	Version, Title string
	Self, Type     string
	Now, Started   moment
	Bus            string
	BusLost        bool
	Sync           string
	SyncUp, SyncOf int
	Synced         bool
	Counts         []count
	Nodes          []nodeRow
	Matrix         *matrix
	Hours          int
	Choices        []choice
	HasEvents      bool
	Trouble        string
	Timeline       *timeline
	Events         []eventRow
	Metrics        bool
	EventsMost     int
	Acts           *acts // nil: nothing is said of them
}

// moment is a time, for programs and for people, and how long ago it was.
type moment struct{ Machine, Day, Clock, Ago string }

type count struct {
	State string
	Text  string
}

type nodeRow struct {
	Node          nodeid.Name
	Self, Missing bool
	State         string
	Type          string
	Since         *moment // nil: it was not up since the daemon was started
	RoundTrip     string
	Reason        string
	Detail        string
}

type choice struct {
	Hours   int
	Text    string
	Current bool
}

type eventRow struct {
	Seq    uint64
	Time   moment
	Up     bool
	Node   nodeid.Name
	Type   string
	Reason string
	Detail string
	UpFor  string
	Says   string
}

func (l look) content() content {
	s := l.status
	c := content{
		Version: version, Self: string(s.Node), Type: event.TypeOf(s.Hidden, false),
		Now: l.moment(l.now), Started: l.moment(s.Started), Bus: busOf(s), BusLost: s.BusLost,
		Sync: s.Sync.String(), SyncUp: s.Sync.Up, SyncOf: s.Sync.Of, Synced: s.Sync.Up == s.Sync.Of,
		Counts: counts(s), Nodes: l.nodes(), Matrix: newMatrix(s.Node, s.Peers, l.views),
		Hours: l.hours, HasEvents: l.events, Metrics: l.metrics, EventsMost: eventsMost, Acts: l.acts,
	}
	c.Title = title(s)
	for _, hours := range hoursChoice {
		c.Choices = append(c.Choices, choice{hours, hoursText(hours), hours == l.hours})
	}
	switch {
	case l.trouble != nil:
		c.Trouble = l.trouble.Error()
	case l.history != nil:
		c.Timeline = draw(l.history, s, l.now.Add(-time.Duration(l.hours)*time.Hour), l.now)
	}
	for _, e := range slices.Backward(l.recent) {
		c.Events = append(c.Events, l.event(e))
	}
	return c
}

// title is short, and its beginning is what differs: that of a browser's tab.
func title(s syncnodes.Status) string {
	up := 0
	for _, p := range s.Peers {
		if p.State.Linked() {
			up++
		}
	}
	switch {
	case s.BusLost:
		return "bus lost – " + string(s.Node)
	case len(s.Sync.Missing) > 0:
		return fmt.Sprintf("%d up, %d missing – %s", up, len(s.Sync.Missing), s.Node)
	}
	return fmt.Sprintf("%d up – %s", up, s.Node)
}

func busOf(s syncnodes.Status) string {
	if s.Listen == "" {
		return s.Bus
	}
	return s.Bus + ", listening on " + s.Listen
}

// counts are how many peers there are in each state, of those states that have any.
func counts(s syncnodes.Status) []count {
	by := map[string]int{}
	for _, p := range s.Peers {
		by[p.State.String()]++
	}
	var list []count
	for _, state := range []string{"up", "suspect", "down", "connecting", "idle"} {
		if by[state] > 0 {
			list = append(list, count{state, fmt.Sprintf("%d %s", by[state], state)})
		}
	}
	return list
}

// nodes are a row for this node and for each other, by name.
func (l look) nodes() []nodeRow {
	started := l.moment(l.status.Started)
	rows := []nodeRow{{
		Node: l.status.Node, Self: true, State: "up", Type: event.TypeOf(l.status.Hidden, false), Since: &started,
		RoundTrip: nothing, Reason: nothing, Detail: nothing,
	}}
	for _, p := range l.status.Peers {
		rows = append(rows, l.node(p))
	}
	slices.SortFunc(rows, func(a, b nodeRow) int { return cmp.Compare(a.Node, b.Node) })
	return rows
}

func (l look) node(p syncnodes.Peer) nodeRow {
	row := nodeRow{
		Node: p.Node, Missing: p.Expected && !p.State.Linked(), State: p.State.String(),
		Type: nothing, RoundTrip: nothing, Reason: nothing, Detail: cmp.Or(p.Detail, nothing),
	}
	if p.Incarnation.IsZero() {
		return row
	}
	since := l.moment(l.now.Add(p.Since - l.status.Now))
	row.Type, row.Since = event.TypeOf(p.Hidden, p.Erlang), &since
	switch {
	case !p.State.Linked():
		row.Reason = p.Reason.String()
	case p.RoundTrip > 0:
		row.RoundTrip = fmt.Sprintf("%.3f ms", p.RoundTrip.Seconds()*1000)
	}
	return row
}

func (l look) event(e event.Event) eventRow {
	row := eventRow{
		Seq: e.Seq, Time: l.moment(e.Time), Up: e.Kind == event.NodeUp, Node: e.Node,
		Type: e.Type, Reason: nothing, Detail: nothing, UpFor: nothing,
	}
	if row.Up {
		row.Says = fmt.Sprintf("%s came up", e.Node)
		return row
	}
	row.Reason, row.Detail, row.UpFor = cmp.Or(e.Reason, nothing), cmp.Or(e.Detail, nothing), lasting(time.Duration(e.UpFor))
	row.Says = fmt.Sprintf("%s went down: %s", e.Node, why(e))
	return row
}

func (l look) moment(at time.Time) moment {
	at = at.UTC()
	return moment{at.Format(time.RFC3339), at.Format(time.DateOnly), at.Format(time.TimeOnly), lasting(l.now.Sub(at))}
}

// stamp is a time in UTC, to the second, as all times of the page.
func stamp(at time.Time) string { return at.UTC().Format(time.DateTime) }

func hoursText(hours int) string {
	switch {
	case hours == 1:
		return "1 hour"
	case hours%24 == 0 && hours > 24:
		return fmt.Sprintf("%d days", hours/24)
	}
	return fmt.Sprintf("%d hours", hours)
}

// lasting is a duration in the two largest of its units.
func lasting(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%d h %d min", s/3600, s/60%60)
	}
	return fmt.Sprintf("%d d %d h", s/86400, s/3600%24)
}
