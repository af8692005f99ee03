package main

import "testing"

// A text that looks like a number stays a text.
func TestYAMLKeepsTexts(t *testing.T) {
	for text, want := range map[string]string{
		`{"cookie":"1e234567"}`:                  "cookie: \"1e234567\"\n",
		`{"cookie":"12345678"}`:                  "cookie: \"12345678\"\n",
		`{"cookie":"ab234567"}`:                  "cookie: ab234567\n",
		`["0e000000", 5000]`:                     "- \"0e000000\"\n- 5000\n",
		`{"b":"\u0001\u001b[1m","a":["x\ty\n"]}`: "b: \"\\x01\\x1b[1m\"\na:\n- \"x\\ty\\n\"\n",
	} {
		got, err := toYAML([]byte(text))
		if err != nil || string(got) != want {
			t.Errorf("toYAML(%s) = %q, %v, want %q", text, got, err, want)
		}
	}
}
