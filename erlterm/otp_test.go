package erlterm

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A verdict is what OTP 27 says of a text: file:consult/1's answer.
type verdict struct {
	File      string `json:"file"`
	Input     []byte `json:"input"`
	OK        bool   `json:"ok"`
	Consult   string `json:"consult"`    // the list of the terms
	ErrorLine int    `json:"error_line"` // 0 when OTP names no line
	Error     string `json:"error"`
}

func readVerdicts(t testing.TB, name string) []verdict {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewReader(f)
	if filepath.Ext(name) == ".gz" {
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		in = bufio.NewReader(z)
	}
	var verdicts []verdict
	for d := json.NewDecoder(in); d.More(); {
		var v verdict
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// checkVerdict holds ParseFile against OTP: the same texts are accepted, with
// the same printed terms, and a syntax error is found on OTP's line or before.
func checkVerdict(t *testing.T, v verdict) {
	t.Helper()
	if said := disagreement(t, v); said != "" {
		t.Errorf("%s: %s\n%q", v.File, said, v.Input)
	}
}

// disagreement is how our verdict on a file differs from OTP's, "" for not. On
// a syntax error our line is OTP's or an earlier one.
func disagreement(t *testing.T, v verdict) string {
	t.Helper()
	f, err := ParseFile(v.File, v.Input)
	var first *Error
	switch {
	case v.OK && err != nil:
		return fmt.Sprintf("refused what OTP accepts: %v", err)
	case v.OK:
		if got := List(f.Terms).String(); got != v.Consult {
			return fmt.Sprintf("terms\n got %s\nwant %s", got, v.Consult)
		}
	case err == nil:
		return fmt.Sprintf("accepted what OTP refuses (%s)", v.Error)
	case !errors.As(err, &first):
		t.Fatalf("%s: the error is no *Error: %v", v.File, err)
	case strings.Contains(v.Error, "syntax error") && first.Pos.Line > v.ErrorLine:
		return fmt.Sprintf("the error is on line %d, OTP's on %d (%s)\n%s", first.Pos.Line, v.ErrorLine, v.Error, Render(v.Input, err))
	}
	return ""
}

func TestVerdicts(t *testing.T) {
	for _, name := range []string{"edge", "generated"} {
		t.Run(name, func(t *testing.T) {
			for _, v := range readVerdicts(t, filepath.Join("testdata", name+".jsonl.gz")) {
				checkVerdict(t, v)
			}
		})
	}
}

// TestCorpus reads real configuration files and OTP's verdicts on them, which
// are not part of the project, from the folder that INTERCONNECT_CORPUS names.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("INTERCONNECT_CORPUS")
	if dir == "" {
		t.Skip("INTERCONNECT_CORPUS is not set")
	}
	for _, v := range readVerdicts(t, filepath.Join(dir, "verdicts.jsonl")) {
		input, err := os.ReadFile(filepath.Join(dir, v.File))
		if err != nil {
			t.Fatal(err)
		}
		v.Input = bytes.Clone(input)
		checkVerdict(t, v)
	}
}
