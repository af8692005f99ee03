package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestUnwritten: a mapping that holds what its file does not is left alone.
func TestUnwritten(t *testing.T) {
	const smaps = `00400000-00500000 r-xp 00000000 08:01 7 /usr/bin/a daemon (deleted)
Rss:                 100 kB
Anonymous:             0 kB
Swap:                  0 kB
SwapPss:               0 kB
VmFlags: rd ex mr mw me
00500000-00600000 r--p 00100000 08:01 7 /usr/bin/a daemon (deleted)
Anonymous:             4 kB
Swap:                  0 kB
00600000-00700000 r--p 00200000 08:01 7 /usr/bin/a daemon (deleted)
Anonymous:             0 kB
Swap:                  4 kB
00700000-00800000 rw-p 00300000 08:01 7 /usr/bin/a daemon (deleted)
Anonymous:             0 kB
Swap:                  0 kB
00800000-00900000 r--p 00000000 08:01 8 /usr/lib/another
Anonymous:             0 kB
Swap:                  0 kB
7f0000000000-7f0000001000 r--p 00400000 08:01 7 /usr/bin/a daemon (deleted)
Anonymous:             0 kB
Swap:                  0 kB
`
	want := []mapping{{0x400000, 0x500000}, {0x7f0000000000, 0x7f0000001000}}
	if got := unwritten(strings.NewReader(smaps), "/usr/bin/a daemon (deleted)"); !slices.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// TestReleaseProgram: there is something to give back, and the program goes on without.
func TestReleaseProgram(t *testing.T) {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	if len(unwritten(bytes.NewReader(smaps), program)) == 0 {
		t.Error("nothing of the program could be given back")
	}
	if err := releaseProgram(); err != nil {
		t.Error(err)
	}
}
