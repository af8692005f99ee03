package beamtest_test

import (
	"testing"

	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/erldist/beamtest"
)

// TestWorld has nodes of Erlang and Elixir meet, of each release.
func TestWorld(t *testing.T) {
	for _, release := range beamtest.Releases() {
		t.Run(release.Name, func(t *testing.T) {
			t.Parallel()
			required.Programs(t, "elixir")
			w := beamtest.NewWorld(t)
			a := w.Start(t, beamtest.Node{Name: "a@127.0.0.1", Cookie: "c", Root: release.Root})
			b := w.Start(t, beamtest.Node{Name: "b@127.0.0.1", Cookie: "c", Root: release.Root, Elixir: true})
			for _, tt := range []struct {
				node       *beamtest.Running
				expr, want string
			}{
				{a, "{node(), [$é]}", `{'a@127.0.0.1',"é"}`},
				{a, "net_adm:ping('b@127.0.0.1')", "pong"},
				{a, "X = 1,\nX + 1", "2"},
				{b, "Node.list()", `[:"a@127.0.0.1"]`},
				{b, "x = 1\nx + 1", "2"},
			} {
				if got := tt.node.Eval(t, tt.expr); got != tt.want {
					t.Errorf("%s: %s = %s, want %s", tt.node.Name, tt.expr, got, tt.want)
				}
			}
			if _, err := a.TryEval("1 = 2"); err == nil {
				t.Error("1 = 2 has a value")
			}
			a.Eval(t, `logger:error("told")`)
			a.AwaitLog(t, "told")
			b.Kill()
			bustest.Eventually(t, "a sees the end of b", func() bool { return a.Eval(t, "nodes()") == "[]" })
		})
	}
}
