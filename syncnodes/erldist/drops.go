package erldist

import "sync/atomic"

// drops counts what nodes sent that nothing is done with.
type drops struct {
	tooLong    atomic.Uint64 // frames of more than maxFrame
	unreadable atomic.Uint64 // messages that are no term, or none that is read
	unknown    atomic.Uint64 // messages to nobody, or that ask for what there is not
}

// counts are the counters by their names.
func (d *drops) counts() map[string]uint64 {
	return map[string]uint64{
		"too long":   d.tooLong.Load(),
		"unreadable": d.unreadable.Load(),
		"unknown":    d.unknown.Load(),
	}
}
