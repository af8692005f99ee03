package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
	"interconnectd/erlterm"
	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/erldist/beamtest"
)

// besideStep is something that is done to three nodes, of Erlang's and of ours,
// and what comes of it on both sides.
type besideStep struct {
	// do is start NODE FLAG..., kill NODE, or connect, disconnect or ping with
	// the NODE that does it and the other.
	do string
	// answer is what connect_node, disconnect_node and ping say.
	answer string
	// sees is whom each node that runs is connected with, hidden ones in
	// parentheses, as in "a:b b:a,(h) h:(b)"; "" is not looked at.
	sees string
}

const (
	both  = "-kernel sync_nodes_optional ['a@127.0.0.1','b@127.0.0.1'] sync_nodes_timeout 300"
	never = " dist_auto_connect never"
	once  = " dist_auto_connect once"
)

// The rules are OTP's: global.erl for connect_all and the mesh, dist_util.erl
// for hidden nodes, net_kernel.erl for dist_auto_connect.
var besideCases = []struct {
	name  string
	steps []besideStep
}{
	{"the mesh", []besideStep{
		{do: "start a"},
		{do: "start b"},
		{do: "start c", sees: "a: b: c:"},
		{"connect a b", "true", "a:b b:a c:"},
		{"connect c b", "true", "a:b,c b:a,c c:a,b"},
		{"disconnect a b", "true", "a:c b:c c:a,b"},
		{"disconnect a b", "false", "a:c b:c c:a,b"},
		{"ping b a", "pong", "a:b,c b:a,c c:a,b"},
		{"kill c", "", "a:b b:a"},
		{"ping a c", "pang", ""},
		{"connect a c", "false", "a:b b:a"},
	}},
	{"connect_all false", []besideStep{
		{do: "start a -kernel connect_all false"},
		{do: "start b -kernel connect_all false"},
		{do: "start c -kernel connect_all false"},
		{"connect a b", "true", "a:b b:a c:"},
		{"connect c b", "true", "a:b b:a,c c:b"},
		{"ping a c", "pong", "a:b,c b:a,c c:a,b"},
		{"disconnect b a", "true", "a:c b:c c:a,b"},
	}},
	{"hidden", []besideStep{
		{do: "start a"},
		{do: "start b"},
		{do: "start h -hidden", sees: "a: b: h:"},
		{"connect h a", "true", "a:(h) b: h:(a)"},
		{"connect a b", "true", "a:b,(h) b:a h:(a)"},
		{"ping b h", "pong", "a:b,(h) b:a,(h) h:(a),(b)"},
		{"disconnect a h", "true", "a:b b:a,(h) h:(b)"},
		{"kill h", "", "a:b b:a"},
	}},
	{"never", []besideStep{
		{do: "start a " + both + never},
		{do: "start b " + both + never},
		{do: "start c -kernel dist_auto_connect never", sees: "a: b: c:"},
		{"ping a b", "pang", "a: b: c:"},
		{"connect a b", "true", "a:b b:a c:"},
		{"ping a b", "pong", ""},
		{"ping b a", "pong", ""},
		{"connect c b", "true", "a:b b:a,c c:b"},
		{"ping a c", "pang", "a:b b:a,c c:b"},
		{"disconnect b a", "true", "a: b:c c:b"},
		{"ping b a", "pang", "a: b:c c:b"},
		{"kill b", "", "a: c:"},
		{"start b " + both + never, "", "a: b: c:"},
		{"connect b a", "true", "a:b b:a c:"},
	}},
	{"never, and one that comes back", []besideStep{
		{do: "start a -kernel dist_auto_connect never"},
		{do: "start b " + both, sees: "a:b b:a"},
		{"kill b", "", "a:"},
		{"start b", "", "a: b:"},
		{"ping a b", "pang", "a: b:"},
		{"ping b a", "pong", "a:b b:a"},
	}},
	{"never, and one that does connect", []besideStep{
		{do: "start a -kernel dist_auto_connect never"},
		{do: "start b -kernel dist_auto_connect never"},
		{do: "start c"},
		{"connect a b", "true", "a:b b:a c:"},
		{"ping c b", "pong", "a:b,c b:a,c c:a,b"},
	}},
	{"once", []besideStep{
		{do: "start a " + both + once},
		{do: "start b " + both + once, sees: "a:b b:a"},
		{"disconnect a b", "true", "a: b:"},
		{"ping a b", "pang", ""},
		{"ping b a", "pang", "a: b:"},
		{"start c", "", ""},
		{"connect c a", "true", "a:c b: c:a"},
		{"ping c b", "pong", "a:c b:c c:a,b"},
		{"connect a b", "true", "a:b,c b:a,c c:a,b"},
		{"ping b a", "pong", ""},
		{"kill c", "", "a:b b:a"},
		{"kill b", "", "a:"},
		{"start b", "", "a: b:"},
		{"ping a b", "pang", "a: b:"},
		{"ping b a", "pong", "a:b b:a"},
		{"kill b", "", "a:"},
		{"start b", "", "a: b:"},
		{"connect a b", "true", "a:b b:a"},
	}},
}

// TestBesideErlang takes nodes of a real Erlang and daemons of ours through the
// same steps.
func TestBesideErlang(t *testing.T) {
	required.Programs(t, "erl", "epmd")
	for _, tt := range besideCases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			worlds := []besideWorld{newErlWorld(t), newOurWorld(t)}
			for _, step := range tt.steps {
				inBoth(t, step, worlds)
			}
		})
	}
}

// inBoth does a step in all worlds at once.
func inBoth(t *testing.T, step besideStep, worlds []besideWorld) {
	t.Helper()
	errs := make([]error, len(worlds))
	var group sync.WaitGroup
	for i, w := range worlds {
		group.Go(func() {
			began := time.Now()
			errs[i] = takeStep(w, step)
			t.Logf("%s: %s: %v", w.name(), step.do, time.Since(began).Round(time.Millisecond))
		})
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("%s: %q: %v", worlds[i].name(), step.do, err)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

func takeStep(w besideWorld, step besideStep) error {
	words := strings.Fields(step.do)
	answer, err := "", error(nil)
	switch words[0] {
	case "start":
		err = w.start(words[1], words[2:])
	case "kill":
		err = w.kill(words[1])
	default:
		answer, err = w.ask(words[1], words[0], nodeid.Name(words[2]+"@127.0.0.1"))
	}
	switch {
	case err != nil:
		return err
	case answer != step.answer:
		return fmt.Errorf("it says %s, want %s", answer, step.answer)
	case step.sees == "":
		return nil
	}
	return w.await(step.sees)
}

// besideWorld is a set of nodes, of one make.
type besideWorld interface {
	name() string
	start(alive string, flags []string) error
	kill(alive string) error
	// ask lets a node connect to, disconnect from, or ping another.
	ask(alive, what string, other nodeid.Name) (string, error)
	// await waits until all see whom they are to see, and go on to.
	await(sees string) error
}

// holdFor is how long nobody may see anybody else: whoever connects without
// being told to does so within this time.
const holdFor = 500 * time.Millisecond

// awaitSight waits until see gives want, throughout holdFor.
func awaitSight(want string, see func() (string, error)) error {
	var since time.Time
	for until := time.Now().Add(patience); ; {
		got, err := see()
		switch {
		case err != nil:
			return err
		case got != want && time.Now().After(until):
			return fmt.Errorf("they see %q, want %q", got, want)
		case got != want && !since.IsZero():
			return fmt.Errorf("they saw %q, and %q some time later", want, got)
		case got == want && since.IsZero():
			since = time.Now()
		case got == want && time.Since(since) >= holdFor:
			return nil
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
}

// sight is what awaitSight compares: of each node, sorted, whom it sees.
func sight(alive string, visible, hidden []string) string {
	var all []string
	for _, name := range visible {
		all = append(all, strings.TrimSuffix(name, "@127.0.0.1"))
	}
	slices.Sort(all)
	slices.Sort(hidden)
	for _, name := range hidden {
		all = append(all, "("+strings.TrimSuffix(name, "@127.0.0.1")+")")
	}
	return alive + ":" + strings.Join(all, ",")
}

// ourWorld is three of our daemons.
type ourWorld struct {
	t *testing.T
	*trio
}

func newOurWorld(t *testing.T) *ourWorld { return &ourWorld{t, newTrio(t)} }

func (w *ourWorld) name() string { return "ours" }

func (w *ourWorld) start(alive string, flags []string) error {
	args := append([]string{"-name", alive + "@127.0.0.1", "-setcookie", "a-cookie-of-some-length"}, flags...)
	if err := w.launch(alive, args...); err != nil {
		return err
	}
	_, err := w.running[alive].await(regexp.MustCompile(`interconnectd: ready`), 1)
	return err
}

func (w *ourWorld) kill(alive string) error {
	w.running[alive].kill()
	delete(w.running, alive)
	return nil
}

func (w *ourWorld) client(alive string) (*control.Client, error) {
	return control.Find(w.t.Context(), func(name string) string {
		if name == "INTERCONNECT_RUNTIME_DIR" {
			return filepath.Join(w.dir, "run")
		}
		return ""
	}, nodeid.Name(alive+"@127.0.0.1"))
}

func (w *ourWorld) ask(alive, what string, other nodeid.Name) (string, error) {
	c, err := w.client(alive)
	if err != nil {
		return "", err
	}
	switch what {
	case "connect":
		ok, err := c.Connect(w.t.Context(), other)
		return fmt.Sprint(ok), err
	case "disconnect":
		ok, err := c.Disconnect(w.t.Context(), other)
		return fmt.Sprint(ok), err
	}
	answer, err := c.Ping(w.t.Context(), other)
	if answer.OK {
		return "pong", err
	}
	return "pang", err
}

func (w *ourWorld) await(sees string) error {
	return awaitSight(sees, func() (string, error) {
		var all []string
		for alive := range w.running {
			c, err := w.client(alive)
			if err != nil {
				return "", err
			}
			status, err := c.Status(w.t.Context())
			if err != nil {
				return "", err
			}
			var visible, hidden []string
			for _, p := range status.Peers {
				switch {
				case p.State != "up" && p.State != "suspect":
				case p.Hidden:
					hidden = append(hidden, string(p.Node))
				default:
					visible = append(visible, string(p.Node))
				}
			}
			all = append(all, sight(alive, visible, hidden))
		}
		slices.Sort(all)
		return strings.Join(all, " "), nil
	})
}

// erlWorld is three nodes of Erlang, with a port mapper of their own.
type erlWorld struct {
	*beamtest.World
	live map[string]*beamtest.Running
}

func newErlWorld(t *testing.T) *erlWorld {
	w := &erlWorld{beamtest.NewWorld(t), map[string]*beamtest.Running{}}
	t.Cleanup(func() {
		for alive := range w.live {
			_ = w.kill(alive)
		}
	})
	return w
}

func (w *erlWorld) name() string { return "Erlang" }

// start starts a node. Without prevent_overlapping_partitions, which OTP 25 is the
// first to set, global takes no connection down that nobody asked it to.
func (w *erlWorld) start(alive string, flags []string) error {
	n, err := w.TryStart(beamtest.Node{
		Name: nodeid.Name(alive + "@127.0.0.1"), Cookie: "a",
		Args: append([]string{"-kernel", "prevent_overlapping_partitions", "false", "logger_level", "none"}, flags...),
	})
	if err != nil {
		return err
	}
	w.live[alive] = n
	return nil
}

func (w *erlWorld) kill(alive string) error {
	w.live[alive].Kill()
	delete(w.live, alive)
	return nil
}

func (w *erlWorld) ask(alive, what string, other nodeid.Name) (string, error) {
	call := map[string]string{"connect": "net_kernel:connect_node", "disconnect": "erlang:disconnect_node", "ping": "net_adm:ping"}[what]
	return w.live[alive].TryEval(fmt.Sprintf("%s('%s')", call, other))
}

func (w *erlWorld) await(sees string) error {
	return awaitSight(sees, func() (string, error) {
		var all []string
		for alive, n := range w.live {
			text, err := n.TryEval("{nodes(), nodes(hidden)}")
			if err != nil {
				return "", err
			}
			term, err := erlterm.Parse([]byte(text + "."))
			if err != nil {
				return "", err
			}
			lists := term.(erlterm.Tuple)
			all = append(all, sight(alive, atomTexts(lists[0]), atomTexts(lists[1])))
		}
		slices.Sort(all)
		return strings.Join(all, " "), nil
	})
}

func atomTexts(t erlterm.Term) []string {
	list, _ := t.(erlterm.List)
	var texts []string
	for _, e := range list {
		atom, _ := e.(erlterm.Atom)
		texts = append(texts, string(atom))
	}
	return texts
}
