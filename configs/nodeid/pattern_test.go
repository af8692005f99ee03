package nodeid

import "testing"

func TestPattern(t *testing.T) {
	for _, tt := range []struct {
		pattern Pattern
		name    Name
		want    bool
	}{
		{"*", "b@127.0.0.1", true},
		{"*", "b@a/b", true},
		{"db-*@*", "db-1@10.0.0.7", true},
		{"db-*@*", "web-1@10.0.0.7", false},
		{"db", "db@h", false},
		{"db@h", "db@h", true},
		{"[ab]@h", "b@h", true},
		{"?@h", "bb@h", false},
		{"a@\\[::1\\]", "a@[::1]", true},
		{"[", "[", false},
	} {
		if got := tt.pattern.Match(tt.name); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.pattern, tt.name, got, tt.want)
		}
	}
}

func TestPatternCheck(t *testing.T) {
	for pattern, ok := range map[Pattern]bool{"*": true, "db-?@h": true, "": false, "[a": false, "a\\": false, "[]a]": false} {
		if err := pattern.Check(); (err == nil) != ok {
			t.Errorf("%q: %v, want it to be well: %v", pattern, err, ok)
		}
	}
}
