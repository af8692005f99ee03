package membership

import "time"

// window is how long a fresh bus, or a judge that was late, is not trusted.
func (c *Core) window() time.Duration { return max(c.cfg.GoneAfter, windowLeast) }

// lostFor reports whether the loss of the own bus keeps us from hearing p.
func (c *Core) lostFor(p *peer) bool { return c.lost && !p.info.Erlang }

// barredFor is when a verdict on p may fall again. The bus says nothing about who does
// without it.
func (c *Core) barredFor(p *peer) time.Duration {
	if p.info.Erlang {
		return c.lateUntil()
	}
	return c.barredUntil()
}

// lateUntil is when a judge that was late may judge again.
func (c *Core) lateUntil() time.Duration {
	if c.hold {
		return c.roundAt + c.window() // the round settles it
	}
	return c.holdUntil
}

// barredUntil is when verdicts may fall again; never while nothing tells.
func (c *Core) barredUntil() time.Duration {
	switch {
	case c.lost:
		return never
	case c.hold:
		return c.lateUntil()
	}
	return max(c.busSince+c.window(), c.holdUntil)
}

// proven reports whether p's process is known to be gone: its listener refused,
// and `no responders` came twice, some time apart. While the bus is lost nobody is
// asked; on this host it is enough then that the route ended, too.
func (c *Core) proven(w *watch) bool {
	switch {
	case w.refusedAt == never:
		return false
	case c.lost && w.refusedHere && w.routeCut:
		return true
	}
	return w.goneCount >= 2 && w.goneLast-w.goneSince >= proofGap
}

// gone reports whether `no responders` came throughout the run's goneAfter. A peer not
// heard since the bus is back is judged by silence only, for it may not be back
// yet itself; so is one that has not answered since we were away, for our routes
// may not be back; and so is one whose route is cut, for that gives `no
// responders` until it is dialled again.
func (w *watch) gone() bool {
	return w.goneSince != never && w.goneLast-w.goneSince >= w.goneAfter && w.heardSinceBack && !w.routeCut
}

// silent reports whether enough probes stayed unanswered for their silence to
// be a verdict.
func (w *watch) silent() bool { return w.silentSince != never && w.unanswered >= silenceLeast }

// verdict is what the watch of p says at now.
func (c *Core) verdict(p *peer, now time.Duration) (reason Reason, detail string, fell bool) {
	w := &p.watch
	switch {
	case c.proven(w) && w.refusedHere:
		return ConnectionClosed, "crashed", true
	case now < c.barredFor(p):
		return 0, "", false
	case c.proven(w):
		return ConnectionClosed, "crashed", true
	case w.gone():
		return ConnectionClosed, "gone", true
	case w.silent() && now >= w.silentSince+w.timeout:
		return NetTickTimeout, unresponsive(now - w.silentSince), true
	}
	return 0, "", false
}

// nextVerdict is when a verdict on p may fall, by what is known now.
func (c *Core) nextVerdict(p *peer, now time.Duration) time.Duration {
	w := &p.watch
	next := never
	switch {
	case c.proven(w) && w.refusedHere:
		return now
	case c.proven(w), w.gone():
		next = now
	case w.silent():
		next = w.silentSince + w.timeout
	}
	if next == never {
		return never
	}
	return max(next, c.barredFor(p))
}

// judge takes p down. Its incarnation is not taken from others for a while.
func (c *Core) judge(p *peer, reason Reason, detail string, now time.Duration) {
	if p.rival != nil {
		reason, detail = ConnectionClosed, "replaced"
	}
	c.judged[NodeRef{p.name, p.inc}] = now + judgedFor
	c.bringDown(p, reason, detail, now)
}

// observe begins every input: it finds out whether we are late, by the
// earliest deadline that has passed. A late judge moves all deadlines he
// judges by, and waits for one round sent on time (Lifeguard). Who was away
// longer than the timeout begins anew, as after the loss of the bus: his routes
// were closed meanwhile, and who was silent then may have spoken since.
func (c *Core) observe(now time.Duration) {
	late := now - c.Deadline()
	if late <= c.cfg.Interval/2 {
		return
	}
	if late > c.cfg.Timeout {
		c.yieldsUntil = now + claimEvery
		c.claimAt = now
	}
	c.hold = true
	c.roundAt = now
	next := now
	for _, p := range c.sortedPeers() {
		if !p.state.Linked() {
			continue
		}
		if late > c.cfg.Timeout {
			p.watch.anew(now)
			p.watch.probeAt, p.watch.owed = next, true
			next += time.Millisecond // not all of a large mesh at once
		} else {
			p.watch.shift(late)
			if p.state == Suspect {
				p.watch.probeAt, p.watch.owed = now, true // a suspect is no neighbour, and yet of the round
			}
		}
		c.reschedule(p, now)
	}
	c.postpone(now)
}

// anew ends both runs, and leaves none to begin with a probe that is under way.
func (w *watch) anew(now time.Duration) {
	w.quiet()
	w.anewAt, w.heardSinceBack = now, false
	for i := range w.open {
		w.open[i].counted = true
	}
}

// postpone makes everything that was due before now due at now, so that the
// same lateness is not found twice.
func (c *Core) postpone(now time.Duration) {
	c.shuffledAt = max(c.shuffledAt, now)
	c.seekAt = max(c.seekAt, now)
	c.claimAt = max(c.claimAt, now)
	c.tips.at = max(c.tips.at, now)
	c.nearTips.at = max(c.nearTips.at, now)
	c.leftAt = max(c.leftAt, now)
	for _, p := range c.timers {
		p.retryAt = max(p.retryAt, now)
		p.placeUntil = max(p.placeUntil, now)
		if p.ending.active() {
			p.ending.repeatAt = max(p.ending.repeatAt, now)
			p.ending.until = max(p.ending.until, now)
		}
		p.wakeAt = max(p.wakeAt, now)
	}
}

func (w *watch) shift(by time.Duration) {
	for _, t := range []*time.Duration{&w.silentSince, &w.goneSince, &w.probeAt, &w.refusedAt} {
		if *t != never {
			*t += by
		}
	}
	w.goneLast += by
	for i := range w.open {
		w.open[i].at += by
	}
}

// BusLost tells that the own connection to the bus is gone: nobody can be
// heard, and nobody is judged for it.
func (c *Core) BusLost(now time.Duration) {
	c.observe(now)
	if c.lost {
		return
	}
	c.lost = true
	for _, p := range c.sortedPeers() {
		if p.state.Linked() && c.lostFor(p) {
			p.detail = "bus lost"
			c.setState(p, Suspect, "bus lost")
			c.reschedule(p, now)
		}
	}
}

// BusBack tells that the own bus is connected again. Everybody is asked; who
// stays silent for the timeout goes down then.
func (c *Core) BusBack(now time.Duration) {
	c.observe(now)
	if !c.lost {
		return
	}
	c.lost = false
	c.busSince = now
	c.claimAt = now
	if c.joined {
		c.emit(Announce{})
	}
	spread := now
	for _, p := range c.sortedPeers() {
		switch {
		case p.state.Linked() && p.info.Erlang: // was heard all the while
		case p.state.Linked():
			p.watch.quiet()
			p.watch.heardSinceBack = false
			p.watch.probeAt = spread
			spread += time.Millisecond // not all of a large mesh at once
		case p.state == Connecting:
			c.emit(Dial{Node: p.name})
		case p.expected && p.parted.IsZero():
			p.retryAt = min(p.retryAt, now+greetingDelay)
		}
		c.reschedule(p, now)
	}
}
