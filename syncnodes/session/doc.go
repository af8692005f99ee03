// Package session decides who may connect: it turns the cookies of two nodes
// into keys, shakes hands, and seals and opens the frames that follow.
//
// It is pure. An [Endpoint] starts no goroutine, reads no clock and opens no
// socket: packets and the time go in, outputs come out, and one goroutine owns
// it all. Times are durations since an origin of the caller's choice that
// never runs backwards.
//
// # A handshake
//
// Three round trips, each a request whose answer comes to the asker's inbox.
// Replies and "no responders" are unauthenticated on a shared bus, so nothing
// of the first round trip, and no refusal in clear, is more than a hint. Who has such
// a hint already does without the first: see [Endpoint.DialHolder].
//
//	dialler                            responder
//	hello (clear)               ->     who holds this name?
//	                            <-     answer (clear): incarnation, "I am dialling you"
//	msg1 (Noise NNpsk0)         ->     header check, read, attempt check, only then Diffie-Hellman
//	                            <-     msg2 | stale | refusal (the last two in clear)
//	confirm (sealed)            ->     Admission; Admit or Refuse; Established
//	Established                 <-     welcome | refused (sealed)
//
// The clear header of msg1 (version, names, incarnations, attempt number) is
// part of the Noise prologue. Both messages carry the sender's info, encrypted.
//
// # A dial
//
//		idle -> hello -> msg1 -> confirm -> established | failed
//
//	  - idle -> hello: Dial. The hello is repeated after 100 ms doubling to 1 s,
//	    after 25 ms where there was no responder; "no responders" still after
//	    250 ms fails the dial (NoHolder). Dialling the own name is the claim:
//	    own packets are ignored, and silence for 250 ms is NoHolder.
//	  - idle -> msg1: DialHolder. Somebody, whom nothing vouches for, says that an
//	    incarnation is there: it is a candidate at once. Where nobody gets its msg1,
//	    it is dismissed, and the dial is at hello; where another one answers "stale",
//	    that one takes its place.
//	  - hello -> msg1: an answer names an incarnation; that is a candidate. Two
//	    holders of a name, or a liar, make several: each gets a msg1 of its own,
//	    four at most, and a new one takes the place of one that has been silent
//	    for 250 ms. From here "no responders" only makes the dial ask again.
//	  - msg1 -> msg1: the answer "stale" names another incarnation, one more
//	    candidate. The same msg1 is repeated, byte for byte, so that a repetition
//	    costs the responder no second Diffie-Hellman.
//	  - msg1 -> confirm: a msg2 that the cookie's key opens. All refusals before
//	    it are overruled and counted. Confirm is repeated until it is answered.
//	  - msg1 -> failed: 250 ms after a refusal in clear (CookiesDiffer) or an
//	    unreadable answer (Unreadable) that nothing authentic has overruled.
//	  - confirm -> established: a welcome, or the first data of the session: the
//	    two come by different subjects and may overtake one another.
//	  - confirm -> failed: refused or closed, sealed, with the responder's reason.
//	  - any -> any: another Dial of the name begins the repetitions anew, at
//	    100 ms, ten times a second at most.
//	  - any -> failed: after the setup time, or as long again after a msg2
//	    (TimedOut): the confirm that follows may have brought the peer up.
//	  - any -> idle: Abandon, or an accepted session of the same name became
//	    live. A confirm that was sent is taken back with a sealed closed.
//
// # An accepted session
//
//		half-open -> awaiting admission -> live -> dropped -> forgotten
//
//	  - half-open: msg2 was sent. A repetition of its msg1 gets the same msg2; a
//	    msg1 with a higher attempt number takes its place. It ends after the
//	    setup time, or when 1024 younger ones have come.
//	  - half-open -> awaiting: a valid confirm, once: Admission. The caller
//	    answers with Admit or Refuse, at once or later.
//	  - awaiting -> live: Admit. The welcome goes out, and again for each
//	    repeated confirm.
//	  - awaiting -> dropped: Refuse, or no answer within the setup time.
//	  - live -> dropped: Drop. The keys stay for an hour, only to answer the
//	    peer's frames with a sealed closed, which carries the reason: who was
//	    cut off or stopped for long believes in the session until then.
//	  - live -> forgotten: the peer's sealed closed: Closed.
//	  - dropped -> forgotten: after that hour, or Config.KeepKeys where it was
//	    never live, or when the peer says closed too.
//
// # Both dial at once
//
// Of two nodes the one with the greater name outranks the other; of two
// holders of one name the younger. One session comes of it because
//
//   - parked: who outranks keeps the other's msg1 aside while its own dial to
//     that incarnation is pending, and answers it when that fails;
//   - and does not take the other's confirm while an own confirm is out: the
//     other may have acted on it;
//   - the outranked answers at once, and yields its own dial as soon as the
//     other's session is live. When told in the answer to its hello that the
//     other is dialling, it waits 100 ms before its msg1;
//   - held back: on either side a dial sends nothing, though it takes in what
//     comes, while a session accepted from that name is awaiting admission, or
//     half-open and younger than 1 s.
//
// # Keys of a session
//
// Each direction has a chain of its own. An epoch's frame key and the next
// epoch's secret are both HKDF of the epoch's secret, so an old key tells
// nothing of a newer one and the reverse. The sender moves on after 2^32
// frames or 24 hours; the receiver follows the first authentic frame of the
// next epoch and opens late frames of the former for KeepKeys. The cookie
// plays no part in it, and neither SetKey, SetAlsoAccept nor SetNodeKey touches a
// session that has its keys; a dial that has none yet begins anew with the other key.
//
// A frame is kind (1 byte), session (8), epoch (4), counter (8), all of it
// associated data, and the ciphertext with its tag. Counters pass a window of
// RFC 6479, one for each epoch.
//
// # Limits
//
// Packets: [MaxFrame] sealed, [MaxInfo] of info, some 2 KiB of handshake.
// 1024 accepted sessions not yet live, 4096 dropped ones, the last attempt of
// 4096 incarnations, 4 candidates a dial; beyond that the oldest goes. Whatever
// does not fit, parse, or authenticate is dropped and counted ([Endpoint.Dropped])
// and answered, if at all, with no more bytes than it had. An attempt number
// lets a recorded msg1 cost a few hashes instead of a Diffie-Hellman.
package session
