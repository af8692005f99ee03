package systemd

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"interconnectd/erlterm/required"
	"interconnectd/systemd/machine"
)

// The instances of the test, and the default one.
const (
	nodeA, nodeB = "a@127.0.0.1", "b@127.0.0.1"
	unitA, unitB = "interconnectd@" + nodeA, "interconnectd@" + nodeB
	plainUnit    = "interconnectd"
)

// host is a machine with the package, and what is done there.
type host struct {
	*machine.Machine
	t *testing.T
}

// TestService is the life of the package on a machine, from its installation to
// its end. What follows needs what was before.
func TestService(t *testing.T) {
	required.Programs(t, "apt-get", "dpkg", "ps", "find", "erl", "epmd")
	p := mustBuild(t)
	m := machine.Boot(t, machine.Options{})
	for name, path := range map[string]string{"first.deb": p.deb, "next.deb": p.next, "package.rpm": p.rpm} {
		m.Put(t, path, "/tmp/"+name, 0o644)
	}
	for _, step := range []struct {
		name string
		do   func(*host)
	}{
		{"install", install},
		{"ready after the sync", readyAfterSync},
		{"journal", journalLines},
		{"kill", kill},
		{"hang", hang},
		{"reload", reload},
		{"sandbox", sandbox},
		{"a node of Erlang", erlangNode},
		{"broken configuration", brokenConfiguration},
		{"mandatory node missing", mandatoryMissing},
		{"upgrade", upgrade},
		{"stop", stop},
		{"remove", remove},
		{"rpm", viaRPM},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.do(&host{m, t}) }) {
			t.Log(m.Try(t, "journalctl -b --no-pager -o short-precise | tail -100").Output)
			return
		}
	}
}

func (h *host) run(format string, args ...any) string {
	h.t.Helper()
	return h.Run(h.t, fmt.Sprintf(format, args...))
}

// show is a property of a unit.
func (h *host) show(unit, property string) string {
	h.t.Helper()
	return strings.TrimSpace(h.run("systemctl show -P %s %s", property, unit))
}

// awaitShow waits until a property matches.
func (h *host) awaitShow(unit, property, pattern string) {
	h.t.Helper()
	h.Await(h.t, fmt.Sprintf("systemctl show -P %s %s", property, unit), "^(?:"+pattern+")$")
}

// at is a property that is a time of the machine's own clock.
func (h *host) at(unit, property string) time.Duration {
	h.t.Helper()
	text := h.show(unit, property)
	usec, err := strconv.ParseInt(text, 10, 64)
	if err != nil || usec == 0 {
		h.t.Fatalf("%s of %s is %q", property, unit, text)
	}
	return time.Duration(usec) * time.Microsecond
}

// line is one of the journal.
type line struct {
	Message  string `json:"MESSAGE"`
	Priority string `json:"PRIORITY"`
}

// lines are those of a unit in the journal that match.
func (h *host) lines(unit, pattern string) []line {
	h.t.Helper()
	var found []line
	matches := regexp.MustCompile(pattern).MatchString
	for text := range strings.Lines(h.run("journalctl --sync; journalctl -u %s -o json --output-fields=MESSAGE,PRIORITY", unit)) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			h.t.Fatalf("%v in %s", err, text)
		}
		if matches(l.Message) {
			found = append(found, l)
		}
	}
	return found
}

// awaitLines waits until the journal has so many lines of a unit that match.
func (h *host) awaitLines(unit, pattern string, count int) {
	h.t.Helper()
	h.Await(h.t, fmt.Sprintf("journalctl -u %s -o cat | grep -cE -- '%s'", unit, pattern), fmt.Sprintf("^%d$", count))
}

// count is how many lines of a unit match.
func (h *host) count(unit, pattern string) int {
	h.t.Helper()
	return len(h.lines(unit, pattern))
}

const configDir = "/etc/interconnectd/"

func (h *host) configure(kernel string) {
	h.t.Helper()
	h.Write(h.t, configDir+"sys.config", "[{kernel, [\n"+kernel+"\n]}].\n", 0o644)
}

// both is a configuration of the two instances.
const both = `{sync_nodes_mandatory, ['a@127.0.0.1', 'b@127.0.0.1']}, {sync_nodes_timeout, infinity}`

// install: nothing is enabled or started, systemd understands all, and the cookie is
// root's alone.
func install(h *host) {
	h.run("rm -f /var/lib/man-db/auto-update; rm -rf /var/lib/interconnect") // what takes long, and what the host has
	h.run("find /etc /var /run /usr -xdev -path /var/cache -prune -o -path '*interconnect*' -print >/tmp/before")
	h.run("DEBIAN_FRONTEND=noninteractive apt-get install -y /tmp/first.deb")
	// Root may have tried it by hand before: the services' folders are below root's.
	h.run("interconnectd -name hand@127.0.0.1 2>/tmp/hand.log & until grep -q 'ready: ' /tmp/hand.log; do sleep 0.05; done; sleep 0.6; interconnectd stop -node hand@127.0.0.1; wait; rm -rf /run/interconnect")
	if got := h.run("stat -c %%a /var/lib/interconnect"); got != "755\n" {
		h.t.Errorf("the folder of root's journals has the mode %s", got)
	}
	if got := h.run("systemctl list-units --all --no-legend 'interconnectd*'"); got != "" {
		h.t.Errorf("units are loaded:\n%s", got)
	}
	if got := h.run("systemctl list-unit-files --no-legend 'interconnectd*' | awk '{print $1, $2}'"); got !=
		"interconnectd.service disabled\ninterconnectd@.service disabled\ninterconnectd-sync.target static\n" {
		h.t.Errorf("unit files:\n%s", got)
	}
	cookie := strings.Fields(h.run("stat -c '%%a %%U %%s' %[1]scookie; tr -d A-Za-z0-9_- <%[1]scookie | wc -c", configDir))
	if cookie[0] != "400" || cookie[1] != "root" || cookie[2] < "20" {
		h.t.Errorf("the cookie is %q", cookie)
	}
	if got := h.run("systemd-analyze verify --recursive-errors=no interconnectd.service %s.service interconnectd-sync.target 2>&1", unitA); got != "" {
		h.t.Errorf("systemd-analyze verify:\n%s", got)
	}
	if got := h.run("interconnectd version"); !strings.HasPrefix(got, "interconnectd v"+debVersion+" ") {
		h.t.Errorf("version: %q", got)
	}
	// What is installed by itself runs by itself, under the host's name.
	h.run("systemctl start interconnectd")
	if got := h.run("interconnectd self"); got != "interconnectd@machine\n" {
		h.t.Errorf("it is %q", got)
	}
	h.run("systemctl stop interconnectd")
	// A cloud's names are long, and have dashes.
	const long = "shop@ip-10-0-0-7.eu-central-1.compute.internal"
	h.run("systemctl start interconnectd@%s", long)
	if got := h.run("interconnectd self; ls /run/interconnect"); got != long+"\n"+long+"\n" {
		h.t.Errorf("it is %q", got)
	}
	h.run("systemctl reload interconnectd@%[1]s; systemctl stop interconnectd@%[1]s", long)
}

// readyAfterSync: an instance is ready once its sync is over, tells until then how it
// goes, and what depends on it starts after that.
func readyAfterSync(h *host) {
	h.configure(both)
	for name, needs := range map[string]string{"needs-node": unitA + ".service", "needs-cluster": "interconnectd-sync.target"} {
		h.Write(h.t, "/etc/systemd/system/"+name+".service", fmt.Sprintf(`[Unit]
Requires=%[1]s
After=%[1]s
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=interconnectd nodes -node %[2]s
`, needs, nodeA), 0o644)
	}
	h.run("systemctl daemon-reload; systemctl enable --quiet %s %s", unitA, unitB)
	h.run("systemctl start --no-block %s needs-node", unitA)
	h.Await(h.t, "systemctl status "+unitA, `Status: "syncing: 0 of 1 nodes up, waiting for b@127.0.0.1"`)
	if got := h.run("systemctl show -P ActiveState %s needs-node", unitA); got != "activating\n\ninactive\n" {
		h.t.Errorf("states during the sync: %q", got)
	}
	h.run("systemctl start needs-cluster") // starts the other
	h.run("systemctl start needs-node")
	status := h.run("systemctl status %s", unitA)
	for _, want := range []string{`Status: "1 of 1 nodes up"`, "Active: active (running)"} {
		if !strings.Contains(status, want) {
			h.t.Errorf("no %s in\n%s", want, status)
		}
	}
	for unit, ready := range map[string]string{"needs-node": unitA, "needs-cluster": unitB} {
		if started, since := h.at(unit, "InactiveExitTimestampMonotonic"), h.at(ready, "ActiveEnterTimestampMonotonic"); started < since {
			h.t.Errorf("%s was started %v before %s was ready", unit, since-started, ready)
		}
		h.awaitLines(unit, "^"+nodeB+"$", 1)
	}
	if got := h.run("ls /run/interconnect/*"); !strings.Contains(got, "/run/interconnect/"+nodeB+":\n"+nodeB+".lock\n"+nodeB+".sock\n") {
		h.t.Errorf("sockets:\n%s", got)
	}
	for unit, node := range map[string]string{unitA: nodeA, unitB: nodeB} {
		if got := h.run("interconnectd self -node %s; stat -c %%a /var/lib/interconnect/%s/", node, node); got != node+"\n700\n" {
			h.t.Errorf("%s: %q", unit, got)
		}
	}
}

// journalLines have their priority, and no second time.
func journalLines(h *host) {
	ups := h.lines(unitA, "--- Node up: b@127.0.0.1: type=visible$")
	if len(ups) != 1 || ups[0].Priority != "6" || !strings.HasPrefix(ups[0].Message, "[INFO]  interconnectd.observer: --- Node up: ") {
		h.t.Errorf("journal: %q", ups)
	}
	h.run("! interconnectd ping -node %s nobody@127.0.0.1", nodeA)
	h.run("interconnectd dump -node %s", nodeA)
	if doubled := h.lines(unitA, `^\S*[0-9]{4}-[0-9]{2}-[0-9]{2}T`); len(doubled) > 0 {
		h.t.Errorf("lines with a time of their own: %q", doubled)
	}
}

// kill -9: the peer sees it go and come back.
func kill(h *host) {
	down, up := h.count(unitA, "--- Node down: "+nodeB), h.count(unitA, "--- Node up: "+nodeB)
	h.run("systemctl kill -s KILL --kill-who=main %s", unitB)
	h.awaitLines(unitA, "--- Node down: "+nodeB+": .*reason=connection_closed detail=crashed", down+1)
	h.awaitLines(unitA, "--- Node up: "+nodeB, up+1)
	h.awaitShow(unitB, "ActiveState", "active")
	if got := h.show(unitB, "NRestarts"); got != "1" {
		h.t.Errorf("%s restarts", got)
	}
}

// hang: the watchdog ends what does not go on, be it during the sync, and nothing
// else.
func hang(h *host) {
	const unitC = "interconnectd@c@127.0.0.1"
	for _, unit := range []string{unitB, unitC} {
		h.Write(h.t, "/run/systemd/system/"+unit+".service.d/quick.conf", "[Service]\nWatchdogSec=3\n", 0o644)
	}
	h.run("systemctl daemon-reload; systemctl restart %s", unitB)
	h.configure(`{sync_nodes_optional, ['z@127.0.0.1']}, {sync_nodes_timeout, infinity}`)
	h.run("systemctl start --no-block %s", unitC)
	h.awaitLines(unitC, "syncing: 0 of 1 nodes up, waiting for z@127.0.0.1", 1)
	h.configure(both) // for its next start
	down := h.count(unitA, "--- Node down: "+nodeB)
	before := map[string]string{unitB: h.show(unitB, "MainPID"), unitC: h.show(unitC, "MainPID")}
	h.run("kill -STOP %s %s", before[unitB], before[unitC])
	h.awaitLines(unitA, "--- Node down: "+nodeB, down+1)
	for unit, pid := range before {
		h.awaitLines(unit, "Watchdog timeout", 1)
		h.awaitShow(unit, "NRestarts", "1")
		h.awaitShow(unit, "ActiveState", "active")
		if after := h.show(unit, "MainPID"); after == pid {
			h.t.Errorf("process %s of %s goes on", pid, unit)
		}
	}
	if got := h.show(unitA, "NRestarts"); got != "0" {
		h.t.Errorf("%s restarts of one that does not hang", got)
	}
	h.run("systemctl stop %s", unitC)
}

// reload takes a list that has changed, and nothing of what is wrong.
func reload(h *host) {
	h.configure(`{sync_nodes_mandatory, ['a@127.0.0.1', 'b@127.0.0.1']}, {sync_nodes_optional, ['c@127.0.0.1']}, {sync_nodes_timeout, infinity}`)
	h.run("systemctl reload %s", unitA)
	h.awaitLines(unitA, `reload: sync_nodes_optional: \+c@127.0.0.1`, 1)
	h.Await(h.t, "systemctl status "+unitA, `Status: "1 of 2 nodes up, missing c@127.0.0.1"`)
	h.configure(`{sync_nodes_optional, 'c@127.0.0.1'}`)
	if got := h.Try(h.t, "systemctl reload "+unitA); got.Code == 0 {
		h.t.Error("a broken configuration was taken")
	}
	h.awaitLines(unitA, "sys.config:2:23", 1)
	if warned := h.lines(unitA, "nothing was reloaded"); len(warned) != 1 || warned[0].Priority != "4" {
		h.t.Errorf("journal: %q", warned)
	}
	if got := h.show(unitA, "ActiveState"); got != "active" {
		h.t.Errorf("it is %s then", got)
	}
	h.configure(both)
	h.run("systemctl reload %s", unitA)
}

// sandbox: what a daemon runs gets at nothing but its own, and what a daemon needs
// works there.
func sandbox(h *host) {
	h.Write(h.t, "/root/secret", "secret", 0o644)
	h.Write(h.t, "/home/somebody/secret", "secret", 0o644)
	h.run("chmod 755 /root")
	h.Write(h.t, "/usr/local/bin/explore", `#!/bin/bash
cd "$STATE_DIRECTORY" && exec >>explored 2>&1
for path in /root/secret /home/somebody/secret /etc/interconnectd/cookie; do
	cat $path && echo "reads $path"
done
for dir in / /etc /usr/bin /var/lib /run /dev /sys/fs/cgroup $(dirname "$STATE_DIRECTORY"); do
	touch $dir/by-hook && echo "writes to $dir"
done
touch /tmp/by-hook /var/tmp/by-hook
ls /proc/1/cmdline && echo "sees process 1"
unshare --user true && echo "makes namespaces"
echo "explored for $INTERCONNECT_NODE"
`, 0o755)
	h.Write(h.t, configDir+"interconnectd.yaml", "hooks: [{name: explore, on: [nodeup], run: [/usr/local/bin/explore]}]\nlog: {file: /var/log/interconnect/a@127.0.0.1/a.log}\n", 0o644)
	h.run("mkdir -p /run/systemd/system/%[1]s.service.d; printf '[Service]\nExecStart=\nExecStart=/usr/bin/interconnectd -name %%%%i -config %[2]ssys.config -settings %[2]sinterconnectd.yaml -http :9464\n' >/run/systemd/system/%[1]s.service.d/http.conf", unitA, configDir)
	h.run("systemctl daemon-reload; systemctl restart %s", unitA)
	explored := h.Await(h.t, "cat /var/lib/interconnect/"+nodeA+"/explored", "^explored for "+nodeB)
	for found := range strings.Lines(explored) {
		if regexp.MustCompile("^(reads|writes|sees|makes) ").MatchString(found) {
			h.t.Errorf("a hook %s in\n%s", found, explored)
		}
	}
	if got := h.run("ls /tmp/by-hook /var/tmp/by-hook 2>/dev/null || :"); got != "" {
		h.t.Errorf("a hook writes for others: %s", got)
	}
	page := func(path string) string {
		return h.run("exec 3<>/dev/tcp/127.0.0.1/9464; printf 'GET %s HTTP/1.0\r\n\r\n' >&3; cat <&3", path)
	}
	if got := page("/healthz"); !strings.Contains(got, " 200 OK") {
		h.t.Errorf("healthz:\n%s", got)
	}
	metrics := page("/metrics")
	for _, want := range []string{"\nprocess_start_time_seconds ", "\nprocess_resident_memory_bytes ", "\nprocess_open_fds "} {
		if !strings.Contains(metrics, want) {
			h.t.Errorf("no %s in\n%s", strings.TrimSpace(want), metrics)
		}
	}
	h.run("grep -q 'ready: 1 of 1 nodes up' /var/log/interconnect/%[1]s/a.log; mv /var/log/interconnect/%[1]s/a.log{,.1}; systemctl kill --kill-who=main --signal=USR1 '%[2]s'", nodeA, unitA)
	h.Await(h.t, "ls /var/log/interconnect/"+nodeA, "^a.log$")
	h.run(`rm /run/systemd/system/%[2]s.service.d/http.conf; printf '' >%[1]sinterconnectd.yaml; systemctl daemon-reload; systemctl restart %[2]s`, configDir, unitA)
}

// erlangNode: the sandbox lets a daemon dial a node of Erlang, and be dialled.
func erlangNode(h *host) {
	h.Write(h.t, configDir+"interconnectd.yaml", "erlang: {distribution: true}\n", 0o644)
	h.Write(h.t, "/tmp/talk.erl", `-module(talk).
-export([main/0]).
ours() -> 'a@127.0.0.1'.
main() ->
    "pong\n" = os:cmd("interconnectd ping erl@127.0.0.1 -node a@127.0.0.1"),
    true = erlang:disconnect_node(ours()),
    pong = net_adm:ping(ours()),
    pong = gen_server:call({'PingPong', ours()}, ping),
    [] = nodes(),
    halt(0).
`, 0o644)
	h.run("epmd -daemon -address 127.0.0.1; systemctl restart %s", unitA)
	h.run(`cd /tmp; erlc talk.erl; erl -noshell -name erl@127.0.0.1 -setcookie "$(cat %scookie)" -s talk main`, configDir)
	h.awaitLines(unitA, "--- Node down: erl@127.0.0.1: type=erlang reason=connection_closed", 2)
	h.run("printf '' >%sinterconnectd.yaml; systemctl restart %s; epmd -kill", configDir, unitA)
}

// brokenConfiguration: one start, and the reason where people look.
func brokenConfiguration(h *host) {
	h.configure(`{sync_nodes_optional, ['c@127.0.0.1'}`)
	if got := h.Try(h.t, "systemctl start "+plainUnit); got.Code == 0 {
		h.t.Error("it starts")
	}
	if got := h.run("systemctl show -P ActiveState -P ExecMainStatus -P NRestarts %s", plainUnit); got != "failed\n78\n0\n" && got != "0\n78\nfailed\n" {
		h.t.Errorf("state, status and restarts: %q", got)
	}
	status := h.Try(h.t, "systemctl status "+plainUnit).Output
	for _, want := range []string{"status=78/CONFIG", "sys.config:2:37: "} {
		if !strings.Contains(status, want) {
			h.t.Errorf("no %q in\n%s", want, status)
		}
	}
	h.run("systemctl reset-failed %s", plainUnit)
}

// mandatoryMissing: it ends, and tries again after a while.
func mandatoryMissing(h *host) {
	h.configure(`{sync_nodes_mandatory, ['z@127.0.0.1']}, {sync_nodes_timeout, 100}`)
	h.run("systemctl start --no-block %s", plainUnit)
	h.awaitLines(plainUnit, "mandatory nodes down: .z@127.0.0.1.", 3)
	if failed := h.lines(plainUnit, "mandatory nodes down"); failed[0].Priority != "3" {
		h.t.Errorf("journal: %q", failed)
	}
	if got := h.show(plainUnit, "ExecMainStatus"); got != "69" {
		h.t.Errorf("status %s", got)
	}
	var ends []time.Duration
	for text := range strings.Lines(h.run("journalctl --sync; journalctl -u %s -o json --output-fields=MESSAGE -g 'mandatory nodes down'", plainUnit)) {
		var entry struct {
			At string `json:"__MONOTONIC_TIMESTAMP"`
		}
		if err := json.Unmarshal([]byte(text), &entry); err != nil {
			h.t.Fatal(err)
		}
		usec, _ := strconv.ParseInt(entry.At, 10, 64)
		ends = append(ends, time.Duration(usec)*time.Microsecond)
	}
	for i := range ends[1:] {
		if pause := ends[i+1] - ends[i]; pause < 2*time.Second {
			h.t.Errorf("tries again after %v", pause)
		}
	}
	h.run("systemctl stop %s", plainUnit)
	h.configure(both)
}

// upgrade: what runs goes on with the new program, and the events go on where they
// were.
func upgrade(h *host) {
	h.run("systemctl stop %s", plainUnit)
	before := h.run("interconnectd events -node %s", nodeA)
	h.run("dpkg -i /tmp/next.deb")
	for _, node := range []string{nodeA, nodeB} {
		unit := "interconnectd@" + node
		h.Await(h.t, "ls -l /proc/$(systemctl show -P MainPID "+unit+")/exe", "-> /usr/bin/interconnectd$") // and not (deleted)
		h.awaitShow(unit, "ActiveState", "active")
	}
	if got := h.run("interconnectd version"); !strings.HasPrefix(got, "interconnectd v"+nextVersion+" ") {
		h.t.Errorf("version: %q", got)
	}
	if got := h.show(plainUnit, "ActiveState"); got != "inactive" {
		h.t.Errorf("one that did not run is %s", got)
	}
	var after string
	for _, node := range []string{nodeA, nodeB} {
		other := map[string]string{nodeA: nodeB, nodeB: nodeA}[node]
		after = h.Await(h.t, "interconnectd events -node "+node, "(?s:started.*)--- Node up: "+other)
		next := 1
		for event := range strings.Lines(after) {
			if strings.HasPrefix(event, "--") {
				continue // a start
			}
			if !strings.HasPrefix(event, fmt.Sprintf("%d ", next)) {
				h.t.Fatalf("event %d is missing in\n%s", next, after)
			}
			next++
		}
		if node == nodeA && !strings.HasPrefix(after, before) {
			h.t.Errorf("events were\n%s\nand are\n%s", before, after)
		}
	}
}

// stop: the peer is told at once.
func stop(h *host) {
	down := h.count(unitA, "--- Node down: "+nodeB+".*reason=shutdown")
	h.run("systemctl stop %s", unitB)
	h.awaitLines(unitA, "--- Node down: "+nodeB+".*reason=shutdown", down+1)
	if took := h.at(unitB, "InactiveEnterTimestampMonotonic") - h.at(unitB, "ActiveExitTimestampMonotonic"); took > time.Second {
		h.t.Errorf("it took %v", took)
	}
	if got := h.show(unitB, "Result"); got != "success" {
		h.t.Errorf("result: %s", got)
	}
}

// remove stops what runs and leaves what is the administrator's; a purge leaves
// nothing.
func remove(h *host) {
	h.run("systemctl start %s; rm -r /run/systemd/system/*", unitB)
	h.run("dpkg -r interconnectd")
	if got := h.run("systemctl list-units --no-legend 'interconnectd*'; ps -C interconnectd -o pid= || :"); got != "" {
		h.t.Errorf("after the removal there is\n%s", got)
	}
	h.run("ls /var/lib/private/interconnect/%s/*.db %scookie %ssys.config", nodeA, configDir, configDir)
	h.run("dpkg -P interconnectd")
	if got := h.run("find /etc /var /run /usr -xdev -path /var/cache -prune -o -path '*interconnect*' -print | diff /tmp/before - || :"); got != "" {
		h.t.Errorf("after the purge there is\n%s", got)
	}
}

// viaRPM has the rpm's own scripts run, on a system that is not theirs.
func viaRPM(h *host) {
	required.Programs(h.t, "rpm")
	h.run("rpm -i --force-debian --nodeps /tmp/package.rpm")
	if got := h.run("stat -c %%a %scookie; systemctl list-units --all --no-legend 'interconnectd*'", configDir); got != "400\n" {
		h.t.Errorf("after the installation: %q", got)
	}
	h.run("systemctl start %s", unitB)
	before := h.show(unitB, "MainPID")
	h.run("rpm -U --force --force-debian --nodeps /tmp/package.rpm")
	h.Await(h.t, "systemctl show -P MainPID -P ActiveState "+unitB+" | grep -vx "+before+" | sort | tr '\\n' ' '", "^[1-9][0-9]* active $")
	h.run("rpm -e --force-debian interconnectd")
	if got := h.run("ps -C interconnectd -o pid= || :; ls /usr/bin/interconnectd /usr/lib/systemd/system/interconnectd* 2>/dev/null || :"); got != "" {
		h.t.Errorf("after the removal there is\n%s", got)
	}
}
