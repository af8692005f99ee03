// Package eventstream carries the events of a journal to whoever asks, as
// server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html):
//
//	id: 0badcafe.40
//	event: start
//	data: {}
//
//	id: 0badcafe.41
//	event: nodeup
//	data: {"seq":41,"time":"2026-11-22T22:03:41.027Z",...}
//
// An event's id is its place in the journal. The first one has no data: it tells the
// place before all that follows, so that a reader who has heard of no event yet can
// go on there too. An event `place` is another of that kind, which comes when many
// events were not asked for. A reader that was cut off sends the last id as Last-Event-ID, as
// browsers do, and gets what comes behind it: nothing is lost and nothing comes
// twice, also across a restart of the daemon. Where some of that has left the journal
// meanwhile there is an event `missed` first, with how many:
//
//	event: missed
//	data: {"count":12}
//
// An id of another journal, one that was made anew, is followed by all that there is
// in this one; and so is one of a time when the journal could not be written, after a
// restart. A comment comes each 15 seconds in which nothing else does.
package eventstream
