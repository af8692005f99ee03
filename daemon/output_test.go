package main

import (
	"bytes"
	"strings"
	"testing"
)

// A text that looks like a number stays a text.
func TestYAMLKeepsTexts(t *testing.T) {
	for text, want := range map[string]string{
		`{"cookie":"1e234567"}`:                  "cookie: \"1e234567\"\n",
		`{"cookie":"12345678"}`:                  "cookie: \"12345678\"\n",
		`{"cookie":"ab234567"}`:                  "cookie: ab234567\n",
		`["0193", "09000000", "0x1f", "1:20"]`:   "- \"0193\"\n- \"09000000\"\n- \"0x1f\"\n- \"1:20\"\n",
		`["0e000000", 5000]`:                     "- \"0e000000\"\n- 5000\n",
		`{"b":"\u0001\u001b[1m","a":["x\ty\n"]}`: "b: \"\\x01\\x1b[1m\"\na:\n- \"x\\ty\\n\"\n",
	} {
		got, err := toYAML([]byte(text))
		if err != nil || string(got) != want {
			t.Errorf("toYAML(%s) = %q, %v, want %q", text, got, err, want)
		}
	}
}

// A bug is told in one line, where nobody hunts it.
func TestCrashIsOneLine(t *testing.T) {
	for trace, lines := range map[string]int{"": 1, "all": 5} {
		var errs bytes.Buffer
		getenv := func(name string) string {
			if name == "GOTRACEBACK" {
				return trace
			}
			panic("odd\tthings")
		}
		code := run(t.Context(), []string{"self"}, &world{stdout: &bytes.Buffer{}, stderr: &errs, getenv: getenv})
		text := errs.String()
		if code != exitInternal || !strings.HasPrefix(text, "interconnectd: a bug of interconnectd ") || strings.Count(text, "\n") < lines || trace == "" && strings.Count(text, "\n") != 1 {
			t.Errorf("GOTRACEBACK=%s: exit %d and\n%s", trace, code, text)
		}
	}
}
