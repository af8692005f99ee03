package main

import (
	"bytes"
	"errors"
	"flag"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		args string
		want func(o *options) // changes what is so by default
	}{
		{"", func(*options) {}},
		{"-nodes 2 -runs 1", func(o *options) { o.nodes, o.runs = sizes{2}, 1 }},
		{"-nodes 2,5 -crowds 3 -swarms 10,20", func(o *options) { o.nodes, o.crowds, o.swarms = sizes{2, 5}, sizes{3}, sizes{10, 20} }},
		{"-hangs 0 -settle 0s -idle 1s -calls 100", func(o *options) { o.hangs, o.settle, o.idle, o.calls = 0, 0, time.Second, 100 }},
		{"-only calls,fleets", func(o *options) { o.only = parts{partCalls, partFleets} }},
		{"-slack 1.5 -daemon before", func(o *options) { o.slack, o.daemon = 1.5, "before" }},
		{"-o there -check -render a.json", func(o *options) { o.dir, o.check, o.render = "there", true, "a.json" }},
	} {
		got, err := parse(strings.Fields(tt.args), new(bytes.Buffer))
		if err != nil {
			t.Errorf("%q: %v", tt.args, err)
			continue
		}
		want := &options{
			nodes: sizes{2, 10, 30}, runs: 5, hangs: 3, settle: 5 * time.Second, idle: time.Minute, calls: 10_000,
			crowds: sizes{10, 50, 100, 200}, swarms: sizes{10, 100, 1000, 10_000}, only: allParts, dir: "dist/bench", slack: 1, words: strings.Fields(tt.args),
		}
		tt.want(want)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, want %+v", tt.args, got, want)
		}
	}
}

func TestParseMistakes(t *testing.T) {
	for args, want := range map[string]string{
		"-knots 3":          "-knots",
		"-nodes 1":          "above 1",
		"-nodes 2,,3":       `""`,
		"-crowds many":      `"many"`,
		"-runs 0":           "-runs",
		"-hangs -1":         "-hangs",
		"-settle -1s":       "-settle",
		"-idle 0s":          "-idle",
		"-calls 0":          "-calls",
		"-only calls,knots": "fleets,calls,mixed,reads,crowds,swarms",
		"-check all":        `"all"`,
		"-slack 0.5":        "-slack",
	} {
		_, err := parse(strings.Fields(args), new(bytes.Buffer))
		if !errors.As(err, new(usageError)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want a usage error with %s", args, err, want)
		}
	}
}

func TestHelp(t *testing.T) {
	var out bytes.Buffer
	_, err := parse([]string{"-h"}, &out)
	if !errors.Is(err, flag.ErrHelp) || !strings.HasPrefix(out.String(), "usage: ") || !strings.Contains(out.String(), "-nodes") {
		t.Errorf("got %v and %s", err, out.String())
	}
}
