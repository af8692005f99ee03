package configs

import "time"

// Detector has the times of the failure detector.
type Detector struct {
	Interval  time.Duration // between two probes of a neighbour
	Timeout   time.Duration // silence that means net_tick_timeout: net_ticktime, where that is set
	GoneAfter time.Duration // `no responders` that mean connection_closed
}

// goneExternal is the GoneAfter of external servers. A client that lost its
// server is back on another within this time, and until then nobody listens
// where it did.
const goneExternal = time.Second

// silentProbes is how many probes must stay unanswered until silence is a
// verdict.
const silentProbes = 3

// bounds are those of a duration, both ends included, with the reasons.
type bounds struct {
	least, most       time.Duration
	whyLeast, whyMost string
}

var (
	intervalBounds = bounds{
		50 * time.Millisecond, time.Minute,
		// membership.Core.observe: late by more than half an interval
		"a node that is late by half of it judges nobody, and on a busy host all are",
		"a node that hangs would be up for minutes",
	}
	timeoutBounds = bounds{
		500 * time.Millisecond, time.Hour,
		"on a busy host a node may be silent for as long",
		"a node that hangs would be up for longer",
	}
	goneBounds = bounds{
		50 * time.Millisecond, time.Minute,
		"a new route may take as long",
		"a client of NATS has found its servers again by then",
	}
)

// settleDetector takes the times of the settings, and net_ticktime in the
// place of detector.timeout.
func (r *reader) settleDetector() {
	d, s := &r.cfg.Detector, &r.settings
	if len(r.cfg.Bus.URLs) > 0 {
		d.GoneAfter = goneExternal
	}
	for _, v := range []struct {
		given given[time.Duration]
		into  *time.Duration
	}{{s.interval, &d.Interval}, {s.timeout, &d.Timeout}, {s.goneAfter, &d.GoneAfter}} {
		if v.given.path != "" {
			*v.into = v.given.value
			r.set(v.given.path, v.given.origin)
		}
	}
	if r.cfg.TickTime > 0 {
		d.Timeout = r.cfg.TickTime
		origin := r.cfg.Origin("net_ticktime")
		r.set("detector.timeout", origin)
		r.warnOfLoser(s.timeout.path, s.timeout.spot, "net_ticktime", origin)
	}
	r.checkDetector()
}

// checkDetector holds the times against each other. With the defaults all is
// well, so that one of those reported was given.
func (r *reader) checkDetector() {
	d, s := r.cfg.Detector, r.settings
	timeout := shortDuration(d.Timeout)
	if r.cfg.TickTime > 0 {
		timeout += " (net_ticktime)"
	}
	if d.Timeout < silentProbes*d.Interval {
		if s.interval.path != "" {
			r.atSpot(Error, s.interval.spot, "write '"+shortDuration((d.Timeout/silentProbes).Truncate(10*time.Millisecond))+"', or less",
				"%s: want at most a third of the timeout of %s, got %s", s.interval.path, timeout, shortDuration(d.Interval))
		} else {
			r.atSpot(Error, s.timeout.spot, "write '"+shortDuration(silentProbes*d.Interval)+"', or a shorter detector.interval",
				"%s: want at least three intervals of %s, got %s", s.timeout.path, shortDuration(d.Interval), timeout)
		}
	}
	if s.goneAfter.path != "" && d.GoneAfter >= d.Timeout {
		r.atSpot(Warning, s.goneAfter.spot, "", "%s: %s does nothing: the timeout of %s is over by then",
			s.goneAfter.path, shortDuration(d.GoneAfter), timeout)
	}
}
