package bus

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"interconnectd/configs/nodeid"
)

// The wildcard test: how often, how long the answer may take, and how many
// silences in a row are believed, since the answer may have been dropped.
const (
	wildcardEvery    = time.Minute
	wildcardWait     = time.Second
	wildcardSilences = 2
)

// keeper watches over a client: it alone decides what is told as an Event, in
// which order, and whether sends are let through.
type keeper struct {
	c *client

	pulse        pulse
	links, drops int // of the link, as far as taken in
	gone         bool
	beat         *time.Timer
	received     uint64 // packets, when the last echo was sent

	wildcard *time.Timer
	asked    uint64 // id of the wildcard test under way, 0: none
	silences int    // tests in a row that nobody answered
	warned   bool

	routes   <-chan struct{} // nil without a mesh, and before Connected
	look     *time.Timer
	lookedAt time.Time
	changed  bool // since then, as the log says
	widen    *time.Timer
	mend     *time.Timer

	greet     *time.Timer
	greeting  bool      // newcomers are greeted when it rings
	greetedAt time.Time // all were

	cut cutoff
	far *time.Timer
}

func newKeeper(c *client) *keeper {
	return &keeper{c: c, beat: idleTimer(), wildcard: idleTimer(), look: idleTimer(), widen: idleTimer(), greet: idleTimer(), mend: idleTimer(), far: idleTimer()}
}

// idleTimer is a timer that waits for its first Reset.
func idleTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

func (k *keeper) run() {
	defer func() {
		for _, t := range []*time.Timer{k.beat, k.wildcard, k.look, k.widen, k.greet, k.mend, k.far} {
			t.Stop()
		}
	}()
	for {
		select {
		case <-k.c.done:
			return
		case <-k.c.poke:
			k.relink()
		case <-k.c.paced:
			k.pace()
		case <-k.c.rehosted:
			k.c.mesh.setHosts(*k.c.hosts.Load())
		case r := <-k.c.own:
			k.answered(r)
		case <-k.beat.C:
			if k.pulse.linked && (k.c.periodic || !k.pulse.up) {
				k.echo()
			}
		case <-k.wildcard.C:
			k.testWildcard()
		case <-k.routes:
			k.changed = true
			k.lookSoon()
		case <-k.look.C:
			k.lookAtRoutes()
		case <-k.widen.C:
			k.widenIfUnled()
		case <-k.greet.C:
			k.greetNewcomers()
		case <-k.mend.C:
			k.mendMesh()
		case <-k.c.doubts:
			k.doubt()
		case <-k.far.C:
			k.roundOver(time.Now())
		}
	}
}

// relink takes in what became of the connection. A connection that was lost
// and is back already is both: what was under way on it is gone.
func (k *keeper) relink() {
	k.c.link.mu.Lock()
	links, drops, err, gone := k.c.link.links, k.c.link.drops, k.c.link.err, k.c.link.gone
	k.c.link.mu.Unlock()
	if drops > k.drops {
		k.drops = drops
		if ev, ok := k.pulse.unlink(k.c.worries.auth.inWords(err)); ok {
			k.tell(ev)
		}
	}
	if gone != nil && !k.gone {
		k.gone = true
		k.send(Event{Kind: Gone, Err: gone})
	}
	if links > k.links && links > drops {
		k.links = links
		k.pulse.link()
		k.echo()
	}
}

// echo sends the next echo. One that cannot be sent is missing all the same.
func (k *keeper) echo() {
	received := k.c.received.Load()
	id, ev, ok := k.pulse.beat(received != k.received)
	k.received = received
	if ok {
		k.tell(ev)
	}
	if k.c.lent != nil {
		k.c.lookAtDenials()
	}
	_ = k.c.publishAnyhow(k.c.subj.reply(k.c.inc, id), "", nil)
	k.pace()
}

// pace sets when the last echo must have come back.
func (k *keeper) pace() { k.beat.Reset(time.Duration(k.c.interval.Load())) }

// answered takes in what came back to the bus itself.
func (k *keeper) answered(r Reply) {
	if r.ID == k.asked {
		// Whatever came, somebody answers: a forged answer can hide the
		// wildcard, which makes dead nodes silent, and that is all it does.
		k.asked, k.silences = 0, 0
		k.c.noVerdicts.Store(false)
		k.wildcard.Reset(wildcardEvery)
		return
	}
	if k.cut.ids[r.ID] && !r.NoResponders {
		k.reached()
		return
	}
	if r.ID >= askID {
		k.keeperSays(r)
		return
	}
	if r.NoResponders || len(r.Data) > 0 {
		return
	}
	if ev, ok := k.pulse.returned(r.ID); ok {
		k.tell(ev)
	}
}

// testWildcard asks a subject that nobody has, or finds that the last one who
// was asked stayed silent.
func (k *keeper) testWildcard() {
	if k.asked != 0 {
		k.asked = 0
		k.silences++
	}
	if k.silences >= wildcardSilences {
		k.silences = 0
		k.c.noVerdicts.Store(true)
		if !k.warned {
			k.warned = true
			k.c.log.Warn("requests to nobody are not answered with `no responders`: somebody subscribes to all subjects, or the NATS server is too old; dead nodes are noticed by their silence only")
		}
		k.wildcard.Reset(wildcardEvery)
		return
	}
	if !k.pulse.up {
		return // tell starts it again
	}
	k.asked = ownID()
	subject := k.c.subj.frame(randomName(), randomIncarnation())
	_ = k.c.publishAnyhow(subject, k.c.subj.reply(k.c.inc, k.asked), nil)
	k.wildcard.Reset(wildcardWait)
}

// lookSoon looks at the routes, at once where nobody has just looked.
func (k *keeper) lookSoon() {
	if wait := k.c.mesh.lookGap() - time.Since(k.lookedAt); wait > 0 {
		k.look.Reset(wait)
		return
	}
	k.lookAtRoutes()
}

func (k *keeper) lookAtRoutes() {
	k.lookedAt = time.Now()
	events, again, settled := k.c.mesh.look(k.lookedAt, k.changed)
	k.changed = false
	for _, ev := range events {
		k.tell(ev)
		switch ev.Kind {
		case RouteUp:
			k.newcomers()
			if k.cut.lost {
				k.far.Reset(0)
			}
		case RouteDown:
			k.mendMesh() // it may be one that was mended
		}
	}
	switch {
	case !settled:
	case k.c.mesh.alone():
		k.c.mesh.widen()
	default:
		k.settle()
	}
	if again > 0 {
		k.look.Reset(again)
	}
}

// widenIfUnled dials the whole range where one port of it does not do.
func (k *keeper) widenIfUnled() {
	if k.c.mesh.alone() || !k.c.mesh.stillLed() {
		k.c.mesh.widen()
	}
	if !k.c.mesh.wide {
		k.widen.Reset(ledEvery)
	}
}

// newcomers takes in that there are routes more. Where other hosts are, each must know
// what is on which of them, should their cable be cut. On a single one they are greeted
// later: while a mesh forms there is better to do than what keeps it whole.
func (k *keeper) newcomers() {
	switch {
	case k.c.mesh.place.secured:
		k.greetNewcomers()
	case !k.greeting:
		k.greeting = true
		k.greet.Reset(greetAfter)
	}
}

// greetNewcomers and greetAll tell others where this node's server listens.
func (k *keeper) greetNewcomers() {
	k.greeting = false
	if time.Since(k.greetedAt) >= greetEvery {
		k.greetAll()
		return
	}
	for _, r := range k.c.mesh.routes {
		if r.told && !r.greeted {
			k.greetOne(r)
		}
	}
	k.greet.Reset(greetEvery - time.Since(k.greetedAt))
}

func (k *keeper) greetAll() {
	k.greetedAt = time.Now()
	for _, r := range k.c.mesh.routes {
		k.greetOne(r)
	}
	k.greet.Reset(greetEvery)
}

func (k *keeper) greetOne(r *route) {
	r.greeted = true
	_ = k.c.publishAnyhow(k.c.subj.reply(r.inc, greetingID), "", k.c.mesh.greeting())
}

// keeperSays takes in what another node's keeper sent.
func (k *keeper) keeperSays(r Reply) {
	switch {
	case k.c.mesh == nil:
	case r.ID == askID:
		k.echoTo(r.Data)
	case r.ID == greetingID:
		if to, list, ok := k.c.mesh.greeted(r.Data); ok {
			_ = k.c.publishAnyhow(k.c.subj.reply(to, listID), "", list)
		}
	case k.c.mesh.listed(r.Data, time.Now()):
		k.mend.Reset(mendAfter)
	}
}

func (k *keeper) mendMesh() {
	if k.c.mesh.mend(time.Now()) {
		k.mend.Reset(mendAfter)
	}
}

// tell opens or shuts the way for sends, then hands the event over. Where the
// node does not read its events this waits: what happens meanwhile is taken in
// as one change afterwards.
func (k *keeper) tell(ev Event) {
	switch ev.Kind {
	case Connected:
		k.c.up.Store(true)
		close(k.c.live)
		k.wildcard.Reset(0)
	case Back:
		k.c.up.Store(true)
		k.c.reconnects.Add(1)
		k.wildcard.Reset(0)
	case Lost:
		k.c.up.Store(false)
		k.asked, k.silences = 0, 0
		k.wildcard.Stop()
	}
	if k.cut.lost && (ev.Kind == Lost || ev.Kind == Back) {
		return // it is lost for another reason, which ends by itself
	}
	k.send(ev)
	switch {
	case ev.Kind != Connected:
	case k.c.mesh != nil:
		k.routes = k.c.mesh.log.changed
		k.widen.Reset(widenAfter)
		k.greetedAt = time.Now()
		k.greet.Reset(greetEvery)
	default:
		k.settle()
	}
}

func (k *keeper) send(ev Event) {
	select {
	case k.c.events <- ev:
	case <-k.c.done:
	}
}

// settle closes Settled, once.
func (k *keeper) settle() {
	select {
	case <-k.c.settled:
	default:
		close(k.c.settled)
	}
}

// randomName and randomIncarnation are a node that does not exist.
func randomName() nodeid.Name {
	inc := randomIncarnation()
	return nodeid.Name(hex.EncodeToString(inc[:8]) + "@nowhere")
}

func randomIncarnation() (inc nodeid.Incarnation) {
	_, _ = rand.Read(inc[:]) // it never fails
	return inc
}
