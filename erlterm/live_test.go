package erlterm

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"interconnectd/erlterm/required"
)

var (
	otpFiles = flag.Int("otp-files", 300, "how many generated files TestLive compares")
	otpSeed  = flag.Int("otp-seed", 0, "the seed of the files of TestLive; 0: a fresh one")
)

// TestLive generates files and holds ParseFile against the verdicts of the
// Erlang in PATH, which is OTP 25 or later.
func TestLive(t *testing.T) {
	release := otpRelease(t)
	seed := *otpSeed
	if seed == 0 {
		seed = 1 + rand.IntN(1<<30)
	}
	t.Logf("OTP %d, %d files, -otp-seed %d", release, *otpFiles, seed)
	seen := make(map[string]int)
	for compared := 0; compared < *otpFiles; seed++ {
		dir := t.TempDir()
		verdicts := generate(t, seed, *otpFiles-compared, dir)
		compared += len(verdicts)
		for _, v := range verdicts {
			said := disagreement(t, v)
			if said == "" {
				continue
			}
			if name := differenceOf(v); release < 27 && name != "" {
				seen[name]++
				continue
			}
			t.Errorf("%s: %s\n%q", v.File, said, v.Input)
		}
	}
	if len(seen) > 0 {
		t.Logf("documented differences between OTP %d and 27: %v", release, seen)
	}
}

// generate makes at most about n files, and Erlang's verdicts on them.
//
// The generator knows the terms it means, and stops when Erlang reads others.
// Now and then it is wrong: it takes \0 for an escape of one digit even before
// another digit. What it made until then counts.
func generate(t *testing.T, seed, n int, dir string) []verdict {
	t.Helper()
	const mutants, batch = 3, 400
	valid := min(batch, n+mutants) / (1 + mutants)
	cmd := exec.Command("escript", filepath.Join("testdata", "gen.escript"),
		strconv.Itoa(seed), strconv.Itoa(valid), dir, strconv.Itoa(mutants))
	if out, err := cmd.CombinedOutput(); err != nil && !strings.Contains(string(out), "GENBUG") {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "verdicts.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []verdict
	for line := range bytes.Lines(text) {
		var v verdict
		if err := json.Unmarshal(line, &v); err != nil {
			t.Logf("seed %d: a verdict that is no JSON: %v: %s", seed, err, line)
			continue
		}
		if v.Input, err = os.ReadFile(filepath.Join(dir, v.File)); err != nil {
			t.Fatal(err)
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// differences are what OTP 27 reads in another way than 25 and 26 do, whose
// verdict on a text that has one says nothing.
var differences = []struct {
	name   string
	reason string
	text   *regexp.Regexp // what is in the text
	msg    string         // or what our error says
}{
	{"adjacent strings", `"a""b" was one string; 27 refuses it, since """ starts a triple-quoted one`, nil, "two strings without a blank between them"},
	{"triple quotes", `""" was the empty string and the start of another`, regexp.MustCompile(`"""`), ""},
	{"sigils", "~ was an illegal character", regexp.MustCompile(`~`), ""},
	{"maybe and else", "were atoms, printed without quotes; 27 reserves them", regexp.MustCompile(`maybe|else`), ""},
	{"control characters", `\^ took any character behind it; 27 takes @ to _, a to z and ?, which is DEL`, regexp.MustCompile(`\\\^`), ""},
	{"zero", "0.0 and -0.0 were one map key", regexp.MustCompile(`(?s)#.*\{.*0\.0`), ""},
}

// differenceOf names the difference that excuses a disagreement over a text, ""
// for none.
func differenceOf(v verdict) string {
	_, err := ParseFile(v.File, v.Input)
	var list ErrorList
	errors.As(err, &list)
	for _, d := range differences {
		if d.text != nil && d.text.Match(v.Input) {
			return d.name
		}
		for _, e := range list {
			if d.msg != "" && e.Msg == d.msg {
				return d.name
			}
		}
	}
	return ""
}

// otpRelease is the release of the Erlang in PATH.
func otpRelease(t *testing.T) int {
	t.Helper()
	required.Programs(t, "erl", "escript")
	out, err := exec.Command("erl", "-noshell", "-eval", "io:put_chars(erlang:system_info(otp_release)), halt().").Output()
	if err != nil {
		t.Fatal(err)
	}
	release, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	return release
}
