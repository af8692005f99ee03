package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"interconnectd/configs/nodeid"
)

const (
	oldCookie = "the-old-cookie-of-some-length"
	newCookie = "the-new-cookie-of-some-length"
)

// rotation is ten daemons, each with its own files, and an eleventh that comes
// and goes.
type rotation struct {
	*trio
	nodes []string
}

// configure gives a node its cookie, and one that it accepts beside it.
func (r *rotation) configure(node, own, also string) {
	r.t.Helper()
	settings := fmt.Sprintf("bus: {cluster: test-%d}\ncookie:\n  file: %s.own\n", r.site.ports[0], node)
	r.write(node+".own", own)
	if also != "" {
		r.write(node+".also", also)
		settings += fmt.Sprintf("  also_accept_file: %s.also\n", node)
	}
	r.write(node+".yaml", settings)
}

// write puts a file in the place of another, at once.
func (r *rotation) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rotation) begin(node string) {
	r.t.Helper()
	r.starts++
	flags := r.site.flags()
	flags[1] = node + ".yaml" // of -settings
	logFile := filepath.Join(r.dir, fmt.Sprintf("%s-%d.log", node, r.starts))
	p, err := startProcess(append(r.site.env, "PATH="+os.Getenv("PATH")), r.dir, logFile, append(flags, "-name", node+"@127.0.0.1", "-config", "sys.config")...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.running[node] = p
}

// visit lets another node join all ten, and leave.
func (r *rotation) visit(own, also string) {
	r.t.Helper()
	r.configure("x", own, also)
	r.begin("x")
	r.await("x", `ready: 10 of 10 nodes up`, 1)
	r.running["x"].kill()
	delete(r.running, "x")
}

// rotate gives all nodes other cookies, one after the other, and has a visitor
// in the midst.
func (r *rotation) rotate(own, also string, visit func()) {
	r.t.Helper()
	for i, node := range r.nodes {
		if i == len(r.nodes)/2 {
			visit()
		}
		r.configure(node, own, also)
		if _, err := r.site.client(r.t, nodeid.Name(node+"@127.0.0.1")).Reload(r.t.Context()); err != nil {
			r.t.Fatalf("reloading %s: %v", node, err)
		}
	}
}

// A cluster of ten goes over to another cookie, and nobody goes down by it: each
// node first accepts the new one too, then has it, then drops the old one. At
// each moment nodes with either cookie that may be configured then can join.
func TestRotation(t *testing.T) {
	r := &rotation{trio: newTrio(t)}
	for i := range 10 {
		r.nodes = append(r.nodes, fmt.Sprintf("n%d", i))
	}
	names := "'" + strings.Join(r.nodes, "@127.0.0.1', '") + "@127.0.0.1'"
	r.reconfigure("{sync_nodes_optional, [" + names + "]}, {sync_nodes_timeout, 30000}")
	for _, node := range r.nodes {
		r.configure(node, oldCookie, "")
		r.begin(node)
	}
	for _, node := range r.nodes {
		r.await(node, `--- Node up`, len(r.nodes)-1)
	}
	r.rotate(oldCookie, newCookie, func() { r.visit(oldCookie, "") })
	r.rotate(newCookie, oldCookie, func() {
		r.visit(oldCookie, newCookie)
		r.visit(newCookie, oldCookie)
	})
	r.rotate(newCookie, "", func() { r.visit(newCookie, "") })

	// Who kept the old one is told so, and so are those who refuse it.
	r.configure("x", oldCookie, "")
	r.begin("x")
	r.await("x", regexp.QuoteMeta("n0@127.0.0.1 refused us: our cookies differ"), 1)
	r.await("n0", regexp.QuoteMeta("Connection attempt from node x@127.0.0.1 rejected. Invalid challenge reply."), 1)
	for _, node := range r.nodes {
		for _, line := range r.running[node].lines(regexp.MustCompile(`--- Node down: n`)) {
			t.Errorf("%s: %s", node, line)
		}
	}
}
