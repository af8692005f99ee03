package bus

import (
	"encoding/binary"
	"errors"
	"time"

	"interconnectd/configs/nodeid"
)

// A host whose own cable is out hears nobody on any other host, and has no other
// way to tell that from their death. So where daemons of two other hosts or more
// were on the mesh, and somebody does not answer, the keeper asks one daemon of each
// of them for an echo:
//
//	calm ---- doubt ----> asking ---- nobody answers two rounds ----> cut off
//	  ^                      |                                           |
//	  +---- one answers, or their routes end, so that one is left -------+
//
// Cut off is Lost, and asked on each interval; an answer, or a listener on another
// host that refuses, is Back. With a single other host nothing can tell its death
// from an own cable: the nodes there are judged as any.
//
// An ask is a reply with an id of the bus's own; its data is whom to answer, and with
// which id.
const (
	echoHostsMost = 16 // are asked in a round
	echoRounds    = 2  // without an answer
	leastHosts    = 2
)

var errCutOff = errors.New("no other host answers: this one is cut off")

// cutoff is that state.
type cutoff struct {
	asking, lost bool
	rounds       int       // begun
	due          time.Time // the end of this one
	ids          map[uint64]bool
}

// Doubt is Conn's.
func (c *client) Doubt() {
	if c.mesh == nil || !c.mesh.place.secured {
		return
	}
	signal(c.doubts)
}

// elsewhere gives a server of each other host, of those that have a route.
func (m *mesh) elsewhere() map[string]nodeid.Incarnation {
	hosts := map[string]nodeid.Incarnation{}
	for name, r := range m.routes {
		ip, ok := m.seen.where(name)
		if !ok || m.here.has(ip) {
			continue
		}
		host, greeted := m.hostIDs[name]
		switch {
		case !greeted:
			continue // it may be one of a host that is counted
		case host == "":
			host = ip.String()
		}
		hosts[host] = r.inc
	}
	return hosts
}

// doubt begins to ask.
func (k *keeper) doubt() {
	if k.cut.asking || k.cut.lost || !k.pulse.up || len(k.c.mesh.elsewhere()) < leastHosts {
		return
	}
	k.c.mesh.log.reached.Store(false)
	k.cut = cutoff{asking: true, ids: map[uint64]bool{}}
	k.askElsewhere(time.Now())
}

// askElsewhere begins a round.
func (k *keeper) askElsewhere(now time.Time) {
	interval := time.Duration(k.c.interval.Load())
	k.cut.rounds++
	k.cut.due = now.Add(interval)
	k.far.Reset(interval)
	asked := 0
	for _, inc := range k.c.mesh.elsewhere() {
		if asked++; asked > echoHostsMost {
			return
		}
		id := ownID()
		k.cut.ids[id] = true
		data := binary.BigEndian.AppendUint64(append([]byte(nil), k.c.inc[:]...), id)
		_ = k.c.publishAnyhow(k.c.subj.reply(inc, askID), "", data)
	}
}

// echoTo answers another host's keeper.
func (k *keeper) echoTo(data []byte) {
	var to nodeid.Incarnation
	if len(data) != len(to)+8 {
		return
	}
	copy(to[:], data)
	if id := binary.BigEndian.Uint64(data[len(to):]); id > MaxReplyID && id < askID {
		_ = k.c.publishAnyhow(k.c.subj.reply(to, id), "", nil)
	}
}

// roundOver looks at what came of a round.
func (k *keeper) roundOver(now time.Time) {
	switch {
	case k.c.mesh.log.reached.Load():
		k.reached()
	case k.cut.lost:
		clear(k.cut.ids)
		k.askElsewhere(now)
	case !k.cut.asking:
	case !k.pulse.up, len(k.c.mesh.elsewhere()) < leastHosts:
		k.cut = cutoff{}
	case now.Sub(k.cut.due) > time.Duration(k.c.interval.Load())/2:
		k.cut.rounds = 0 // we are late: what came meanwhile was not read
		k.askElsewhere(now)
	case k.cut.rounds < echoRounds:
		k.askElsewhere(now)
	default:
		k.cut.asking, k.cut.lost = false, true
		k.askElsewhere(now)
		k.send(Event{Kind: Lost, Err: errCutOff})
	}
}

// reached takes in that there is a way to another host.
func (k *keeper) reached() {
	lost := k.cut.lost
	k.cut = cutoff{}
	k.far.Stop()
	if lost && k.pulse.up {
		k.c.reconnects.Add(1)
		k.send(Event{Kind: Back})
	}
}
