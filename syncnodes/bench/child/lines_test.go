package child

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLines(t *testing.T) {
	for _, tt := range []struct {
		name   string
		writes []string
		want   []string
		begun  string
	}{
		{"one", []string{"a\n"}, []string{"a"}, ""},
		{"several at once", []string{"a\nb\r\n\nc"}, []string{"a", "b", ""}, "c"},
		{"in pieces", []string{"no", "deup n0", "1\nnode", "down"}, []string{"nodeup n01"}, "nodedown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			before := time.Now()
			l := lines{tell: func(at time.Time, line string) {
				if at.Before(before) || at.After(time.Now()) {
					t.Errorf("%q was read at %v, which it is not", line, at)
				}
				got = append(got, line)
			}}
			for _, w := range tt.writes {
				if n, err := l.Write([]byte(w)); n != len(w) || err != nil {
					t.Errorf("Write(%q) = %d, %v", w, n, err)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("lines %q, want %q", got, tt.want)
			}
			if tt.begun != "" && !strings.HasSuffix(l.String(), "\n  "+tt.begun) {
				t.Errorf("it shows %q, want %q last", l.String(), tt.begun)
			}
		})
	}
}

func TestLastLines(t *testing.T) {
	var l lines
	if got, want := l.String(), "it said nothing"; got != want {
		t.Errorf("at first %q, want %q", got, want)
	}
	for i := range kept + 3 {
		fmt.Fprintf(&l, "line %d\n", i)
	}
	got := strings.Split(l.String(), "\n")[1:]
	if len(got) != kept || got[0] != "  line 3" {
		t.Errorf("it keeps %q, want the last %d", got, kept)
	}
}
