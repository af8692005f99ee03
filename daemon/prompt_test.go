package main

import (
	"io"
	"os/exec"
	"regexp"
	"testing"
	"time"
)

// prompt is a shell that believes somebody sits before it.
type prompt struct {
	t *testing.T
	*screen
	past int // how much of the screen is over
}

// openPrompt starts a shell, which is killed when the test ends.
func openPrompt(t *testing.T, cmd *exec.Cmd) *prompt {
	t.Helper()
	p := &prompt{t: t, screen: onTerminal(t, 200, cmd)}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		p.ended(t, cmd)
	})
	return p
}

func (p *prompt) press(keys string) {
	p.t.Helper()
	if _, err := io.WriteString(p.master, keys); err != nil {
		p.t.Fatal(err)
	}
}

// next presses keys, and what the screen had before is over.
func (p *prompt) next(keys string) {
	p.t.Helper()
	p.past = len(p.String())
	p.press(keys)
}

// await waits until the screen had what matches. Keys that are not "" are pressed
// again each second.
func (p *prompt) await(pattern, keys string) {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	again := time.Now().Add(time.Second)
	for until := time.Now().Add(patience); !re.MatchString(p.String()[p.past:]); time.Sleep(5 * time.Millisecond) { // between two looks
		switch now := time.Now(); {
		case now.After(until):
			p.t.Fatalf("the screen has nothing that matches %q: %q", pattern, p)
		case now.After(again) && keys != "":
			p.press(keys)
			again = now.Add(time.Second)
		}
	}
}
