package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
)

// A secret stands in the file that holds it, and nowhere else: not in logs of the
// greatest detail, not in what commands print, not in a crash, not in a process's
// arguments and environment, and in no other file.
func TestSecretsStayInTheirFiles(t *testing.T) {
	t.Parallel()
	r := &rotation{trio: newTrio(t)}
	secrets := map[string]string{} // by the file that holds it
	secret := func(file string) string {
		secrets[file] = "MARKER-" + strings.ToUpper(strings.ReplaceAll(file, ".", "-")) + "-OF-A-SECRET"
		r.write(file, secrets[file]+"\n")
		return file
	}
	for _, node := range []string{"a", "b", "x"} {
		cookie := "own.cookie"
		if node == "x" {
			cookie = secret("other.cookie")
		}
		r.write(node+".yaml", fmt.Sprintf("bus: {cluster: test-%d, routes_secret_file: %s}\ncookie:\n  file: %s\n  also_accept_file: %s\n  per_node: [{node: c@127.0.0.1, file: %s}]\nlog: {level: all}\n",
			r.site.ports[0], secret("routes.secret"), secret(cookie), secret("also.cookie"), secret("per.node.cookie")))
	}
	r.reconfigure("{sync_nodes_optional, ['a@127.0.0.1', 'b@127.0.0.1']}, {sync_nodes_timeout, 500}")
	for _, node := range []string{"a", "b", "x"} {
		r.begin(node)
	}
	r.await("a", "--- Node up: b@127.0.0.1", 1)
	r.await("x", regexp.QuoteMeta("a@127.0.0.1 refused us: our cookies differ"), 1)

	// Everything that has to do with a secret is done once.
	a := r.site.client(t, "a@127.0.0.1")
	var printed strings.Builder
	run := func(stdin string, args ...string) {
		cmd := exec.Command("interconnectd", args...)
		cmd.Env, cmd.Dir, cmd.Stdin = append(r.site.env, "PATH="+os.Getenv("PATH")), r.dir, strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Errorf("interconnectd %q: %v", args, err)
		}
		fmt.Fprintf(&printed, "%q:\n%s\n", args, out)
	}
	if _, err := a.Call(t.Context(), control.Call{Process: "PingPong", Node: nodeid.Name("b@127.0.0.1"), Request: "ping", Timeout: control.Duration(patience)}); err != nil {
		t.Error(err)
	}
	secrets["set.cookie"] = "MARKER-SET-COOKIE-OF-A-SECRET" // in no file at all
	flags := append(r.site.flags(), "-name", "a@127.0.0.1", "-config", "sys.config")
	flags[1] = "a.yaml"
	run(secrets["set.cookie"]+"\n", "set-cookie", "-", "-node", "a@127.0.0.1")
	run("", "connect", "x@127.0.0.1", "-node", "a@127.0.0.1")
	for _, output := range []string{"text", "json", "yaml"} {
		run("", "status", "-o", output, "-node", "a@127.0.0.1")
		run("", "nodes", "-l", "-o", output, "-node", "a@127.0.0.1")
		run("", append([]string{"check", "-o", output}, flags...)...)
	}
	run("", "cookie", "-fingerprint", "-node", "a@127.0.0.1")
	r.write("own.cookie", secrets["other.cookie"]+"\n")
	run("", "reload", "-node", "a@127.0.0.1")
	r.await("a", `cookie`, 1)
	secrets["own.cookie"] = "MARKER-OWN-COOKIE-OF-A-SECRET" // the former one
	r.write("own.cookie", "bad\tone "+secrets["other.cookie"]+"\n")
	run("", "reload", "-node", "a@127.0.0.1")
	run("", append([]string{"check"}, flags...)...)

	for _, node := range []string{"a", "b", "x"} {
		pid := r.running[node].cmd.Process.Pid
		for _, what := range []string{"cmdline", "environ", "comm", "maps", "status"} {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, what))
			if err != nil {
				t.Error(err)
			}
			fmt.Fprintf(&printed, "/proc/%s/%s:\n%s\n", node, what, text)
		}
	}
	if err := r.running["a"].signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	if status, err := r.running["a"].wait(); err != nil || status != "exit status 2" {
		t.Errorf("after SIGQUIT: %s, %v, want a crash", status, err)
	}
	r.await("b", "--- Node down: a@127.0.0.1", 1)
	if !strings.Contains(r.running["a"].log(), "goroutine ") || !strings.Contains(printed.String(), "cookie fingerprint") {
		t.Fatal("no crash, or no status, was looked through")
	}

	look := func(where, text string) {
		for file, marker := range secrets {
			for how, form := range map[string]string{
				"as it is": marker, "in base64": base64.StdEncoding.EncodeToString([]byte(marker)), "in hexadecimal": hex.EncodeToString([]byte(marker)),
			} {
				if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
					t.Errorf("the secret of %s stands %s in %s", file, how, where)
				}
			}
		}
	}
	look("what is printed", printed.String())
	seen := 0
	err := filepath.WalkDir(r.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || strings.HasSuffix(path, "cookie") || strings.HasSuffix(path, ".secret") {
			return err
		}
		text, err := os.ReadFile(path)
		seen++
		look(filepath.Base(path), string(text))
		return err
	})
	if err != nil || seen < 3 {
		t.Errorf("%d files looked through, %v", seen, err)
	}
}
