package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"interconnectd/daemon/statuspage/browsertest"
	"interconnectd/syncnodes/bus/bustest"
)

// Three real daemons and a real browser: a node that is killed is seen going down on
// the page of another within a second, and coming back, without a reload.
func TestPageOfDaemons(t *testing.T) {
	tr := newTrio(t)
	addr := fmt.Sprintf("127.0.0.1:%d", bustest.FreePorts(1))
	tr.start("a", "-http", addr)
	for _, node := range []string{"b", "c"} {
		tr.start(node)
	}
	tr.await("a", `ready: 2 of 2 nodes up`, 1)
	ctx := browsertest.Start(t)
	browsertest.Visit(t, ctx, 1280, 900, "http://"+addr+"/")
	state := func(node, state string) string {
		return fmt.Sprintf(`Array.from(document.querySelectorAll("#nodes tbody tr")).some((r) => r.innerText.includes("%s@127.0.0.1") && r.innerText.includes("%s"))`, node, state)
	}
	browsertest.Eventually(t, ctx, "b is up", state("b", "up"))
	browsertest.Eventually(t, ctx, "everybody is seen by everybody", `document.querySelectorAll("#views tbody tr").length === 3 && !document.querySelector("#views tbody").innerText.includes("not told")`)
	browsertest.Eval[bool](t, ctx, `window.same = true`)

	killed := time.Now()
	if err := tr.running["b"].signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	browsertest.Eventually(t, ctx, "b is not up any more", "!("+state("b", "up")+")")
	took := time.Since(killed)
	most := time.Second
	if !*alone {
		most += bounds().down
	}
	if t.Logf("seen after %s", took.Round(time.Millisecond)); took > most {
		t.Errorf("the page shows it after %s, want %s at most", took, most)
	}
	browsertest.Eventually(t, ctx, "the reason is told", `document.getElementById("events").innerText.includes("crashed")`)
	tr.start("b")
	browsertest.Eventually(t, ctx, "b is back", state("b", "up"))
	if !browsertest.Eval[bool](t, ctx, `window.same === true`) {
		t.Error("the page was loaded anew")
	}

	// What the daemon tells Prometheus.
	answer, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text := readAll(t, answer.Body)
	for _, want := range []string{
		"interconnect_up 1\n", `interconnect_nodes{state="up"} 2`, "interconnect_missing_nodes 0\n",
		`interconnect_node_transitions_total{event="nodedown",reason="connection_closed"} 1`,
		`interconnect_node_transitions_total{event="nodeup",reason=""} 3`, "interconnect_journal_events 4\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics have no %q", want)
		}
	}
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
