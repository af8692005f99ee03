package report_test

import (
	"fmt"

	"interconnectd/syncnodes/bench/report"
)

// A report that was written is read again, to be written anew or to be asked.
func ExampleLoad() {
	r, err := report.Load("testdata/report.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, g := range r.Goals() {
		if g.Measured && !g.Met {
			fmt.Println(g)
		}
	}
	// Output:
	// full view of 30 nodes, embedded: 975 ms, 1.47 of the 663 ms of Serf, 1.00 at most
	// resident memory of one of 30, embedded: 29.6 MB, 0.79 of the 37.5 MB of Erlang/OTP, 0.67 at most
	// call, p50, external: 188 µs, 1.72 of the 110 µs of a bare NATS request, 1.50 at most
	// gen_server:call, p50, ours to Erlang: 134 µs, 2.40 of the 56 µs of two of Erlang, 2.00 at most
	// kill -9 of Erlang, the slowest word of ours: 22 ms, 1.09 of the 20 ms of a fixed bound, 1.00 at most
}
