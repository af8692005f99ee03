package statuspage

import (
	"fmt"

	"interconnectd/observer/hooks"
	"interconnectd/observer/journal"
	"interconnectd/observer/metrics"
)

// acts are what is done about events: where they are kept, and what hooks do.
type acts struct {
	Journal string
	Failing bool // the journal is not written
	Hooks   []hookRow
	Worries string // in short; "" where all is well
}

type hookRow struct {
	Name    string
	Failing bool
	Done    uint64
	Behind  uint64
	Runs    string
	Says    string
}

func newActs(o metrics.Observed) *acts {
	a := &acts{Journal: journalText(o.Journal), Failing: o.Journal.Path != "" && o.Journal.Error != ""}
	failing := 0
	for _, h := range o.Hooks {
		row := hookRow{
			Name: h.Name, Failing: h.Error != "", Done: h.Delivered, Behind: h.Waiting,
			Runs: fmt.Sprintf("%d well, %d failed, %d timed out", h.OK, h.Failed, h.TimedOut), Says: hookSays(h),
		}
		if row.Failing {
			failing++
		}
		a.Hooks = append(a.Hooks, row)
	}
	switch {
	case a.Failing:
		a.Worries = "the journal is not written"
	case failing == 1:
		a.Worries = "a hook fails"
	case failing > 1:
		a.Worries = fmt.Sprintf("%d hooks fail", failing)
	}
	return a
}

func journalText(s journal.Status) string {
	switch {
	case s.Path == "":
		return fmt.Sprintf("%d events, in memory", s.Events)
	case s.Error != "":
		return fmt.Sprintf("%d events, %d of them in memory: the file is not written, %s", s.Events, s.Memory, s.Error)
	}
	return fmt.Sprintf("%d events, %d KiB", s.Events, s.Bytes>>10)
}

// hookSays is what a hook does just now, or why it does not.
func hookSays(h hooks.Status) string {
	switch {
	case !h.RunningSince.IsZero():
		return fmt.Sprintf("runs for event %d, attempt %d", h.Event, h.Attempts)
	case h.Error != "":
		return fmt.Sprintf("event %d, attempt %d: %s", h.Event, h.Attempts, h.Error)
	case h.Missed > 0:
		return fmt.Sprintf("has missed %d events", h.Missed)
	}
	return nothing
}
