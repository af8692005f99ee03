package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"interconnectd/daemon/control"
)

// The table is for eyes and for awk: its columns stay as they are.
func TestNodesTable(t *testing.T) {
	want := `NODE         STATE    TYPE     SINCE                 RTT      REASON             DETAIL
b@127.0.0.1  up       visible  2026-11-24T22:03:41Z  0.312ms  -                  -
c@127.0.0.1  down     visible  2026-11-24T22:04:23Z  1.204ms  connection_closed  crashed
d@127.0.0.1  suspect  hidden   2026-11-24T22:03:46Z  0.450ms  -                  no answer
e@127.0.0.1  idle     -        -                     -        -                  -
`
	if diff := cmp.Diff(want, nodesTable(examplePeers)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("NODE  STATE  TYPE  SINCE  RTT  REASON  DETAIL\n", nodesTable([]control.Peer{})); diff != "" {
		t.Errorf("of none (-want +got):\n%s", diff)
	}
}
