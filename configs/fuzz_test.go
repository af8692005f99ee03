package configs

import (
	"bytes"
	"strings"
	"testing"

	"interconnectd/configs/template"
)

// checkProblems holds what every problem promises.
func checkProblems(t *testing.T, problems Problems) {
	t.Helper()
	for _, p := range problems {
		if p.Msg == "" || strings.Contains(p.Error(), "\n") {
			t.Errorf("the message is not one line: %q", p.Error())
		}
	}
	for i := 1; i < len(problems); i++ {
		if a, b := problems[i-1].Origin, problems[i].Origin; a.Source == b.Source && a.Line > b.Line && b.Line > 0 {
			t.Errorf("%s comes before %s", a, b)
		}
	}
}

func FuzzSysConfig(f *testing.F) {
	for _, seed := range []string{
		"[{kernel, [{sync_nodes_optional, ['a@127.0.0.1', \"b@h\", <<\"c\">>]}, {sync_nodes_timeout, 5000}]}].",
		"[{kernel, {net_setuptime, 1.0e9}}, \"other\", {a, [{b, 1} | c]}].",
		"[{kernel, [{inet_dist_listen_min, -1}, {logger_level, \"x\"}, {net_ticktime, 1}, {a, #{1 => 2, 1 => 3}}]}].",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := newReader(Input{Host: altair, Getenv: env(nil)})
		kind := sysFile
		if bytes.ContainsAny(text, "\"~") {
			kind = otherFile // a string in a sys.config makes it read a file
		}
		r.mergeSysConfig(&source{name: "sys.config", text: text}, kind)
		r.readKernel()
		r.warnOfMixedKinds()
		cfg, problems := r.done()
		checkProblems(t, problems)
		problems.Render()
		cfg.Effective(fingerprint)
	})
}

// What a template gives has the places of the template, and its problems do not
// repeat what a variable hides.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		"[{kernel, [{sync_nodes_optional, ['${A}']}, {sync_nodes_timeout, ${B:-5000}}]}].",
		"[{kernel, [${A}, {a, \"${A}]}].", "%% coding: latin-1\n[{a, [{b, ${A}} {c, ${, ${A}}]}].", "% ${A}\r\n[${A}\r\n${A}].",
	} {
		f.Add([]byte(seed), "qzqzq, 'wxwxw'")
	}
	f.Fuzz(func(t *testing.T, text []byte, value string) {
		if len(text) > 1<<12 || len(value) > 1<<10 {
			return
		}
		args := &Args{values: map[string][]string{"expand_env": {""}}}
		r := newReader(Input{Args: args, Host: altair, Getenv: func(string) string { return value }})
		src := &source{name: "sys.config.src", text: text}
		if r.expand(src, template.Erlang) {
			r.mergeSysConfig(src, otherFile)
		}
		r.readKernel()
		_, problems := r.done()
		checkProblems(t, problems)
		lines := strings.Count(string(text), "\n") + 1
		for _, p := range problems {
			if p.Origin.Line > lines {
				t.Errorf("%s is not in the template of %d lines", p.Origin, lines)
			}
		}
	})
}

func FuzzSettings(f *testing.F) {
	for _, seed := range []string{
		"bus: {cluster: default, urls: [nats://10.0.0.1:4222]}",
		"node:\n  name: a@h\ncookie:\n  file: |\n    x\n",
		"detector: {interval: 50ms, timeout: 1h, gone_after: 250}\nlog: {level: infos}\n",
		"cookie: {per_node: [{node: b@h, file: c}, {node: b@h}]}\n",
		"cookie: {file: !!str 7, per_node: }\nbus: {urls: ['tls://h/']}\n",
		"log: {format: journal, file: x}\njournal: {path: j.db, keep: 100_000}\nbus: {publish_events: !!bool yes}\n",
		"erlang: {distribution: true, listen: '[::1]:4444', epmd: 'a:5000', allow: ['a@[b-c]', '*']}\n",
		"journal: {keep: !!int '0'}\nlog: {format: auto}\nbus: {publish_events: TRUE, urls: [nats://a]}\n",
		"hooks: [{name: a, on: [nodedown], nodes: ['db-*@*', '[a'], run: [sh, '', \"a\\nb\"], timeout: 1m}, {name: a, run: x}]\n",
		"hooks:\n- name: b\n  run: [/bin/true]\n  on: [nodeup, nodeup]\n  nodes: [*]\n",
		"a: &b {c: d}\ne: *b\n<<: *b\n? [x]\n: !!str y\n",
	} {
		f.Add([]byte(seed))
	}
	schema := settingsSchema(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		r := newReader(Input{Host: altair, Getenv: env(nil)})
		(&settingsFile{reader: r, name: "s.yaml"}).parse(text)
		r.settle()
		cfg, problems := r.done()
		checkProblems(t, problems)
		problems.Render()
		cfg.Effective(fingerprint)
		if problems.Err() != nil || bytes.ContainsAny(text, "|>") {
			return // of the text of a block the reader drops the line end
		}
		if value, err := jsonOf(text); err == nil && schema.Validate(value) != nil {
			t.Errorf("the schema refuses what the reader accepts: %v", schema.Validate(value))
		}
	})
}

func FuzzArgsFile(f *testing.F) {
	for _, seed := range []string{
		"-name a@127.0.0.1 -setcookie c -setcookie b@h d -hidden\n-kernel net_ticktime 5 'x",
		"-sname ${X} -config ${Y} -kernel sync_nodes_optional \"['b@h']\" sync_nodes_timeout +K true",
		"-args_file vm.args -env A B -boot x -mnesia dir '\"/x\"' -connect_all false -setcokie e",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := newReader(Input{Host: altair, Getenv: env(nil), Args: &Args{}})
		r.readArgs()
		r.readArgsFile("vm.args", func(string) ([]byte, error) { return text, nil })
		r.takeArgsName()
		r.takeArgsCookie()
		r.readParams()
		r.readKernel()
		r.readHidden()
		r.readConnectAll()
		r.identify()
		r.readNodeCookies(Error)
		r.findCookie(false)
		cfg, problems := r.done()
		checkProblems(t, problems)
		problems.Render()
		for _, s := range cfg.Effective(fingerprint) {
			if s.Origin.Source == "vm.args" && s.Origin.Line == 0 {
				t.Errorf("%s has no place", s)
			}
		}
	})
}
