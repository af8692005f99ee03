package child

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

// procFile is a file of the kernel's, with what it says.
type procFile struct{ path, text string }

// parent is a stat file's text, for a name with a parenthesis in it.
func parent(pid, ppid int) procFile {
	zeros := ""
	for range 48 {
		zeros += " 0"
	}
	return procFile{fmt.Sprintf("%d/stat", pid), fmt.Sprintf("%d (erl (x) y) S %d%s\n", pid, ppid, zeros)}
}

func rollup(pid, rss, pss int) procFile {
	return procFile{fmt.Sprintf("%d/smaps_rollup", pid), fmt.Sprintf(
		"564e39a5e000-7ffec226a000 ---p 00000000 00:00 0                          [rollup]\nRss:  %14d kB\nPss:  %14d kB\nPss_Dirty:            1120 kB\nPrivate_Dirty:        1120 kB\nSwapPss:                0 kB\n", rss, pss)}
}

// A node with a child that has one, one without, and somebody else's process.
var procFiles = []procFile{
	parent(1, 0), parent(10, 1), parent(11, 10), parent(12, 11), parent(20, 1), parent(30, 1),
	rollup(10, 40000, 25000), rollup(11, 1000, 100), rollup(12, 500, 50), rollup(20, 3000, 2000),
	{"10/fd/0", ""},
	{"10/fd/1", ""},
	{"10/fd/25", ""},
	{"11/fd/0", ""},
	{"12/fd/0", ""},
	{"20/fd/0", ""},
}

// procOf is a kernel that says that.
func procOf(t *testing.T, files ...procFile) procfs.FS {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		path := filepath.Join(dir, f.path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(f.text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	proc, err := procfs.NewFS(dir)
	if err != nil {
		t.Fatal(err)
	}
	return proc
}

func TestSizes(t *testing.T) {
	all, err := families(procOf(t, procFiles...), []int{20, 10})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Size{{3000 << 10, 2000 << 10, 1}, {41500 << 10, 25150 << 10, 5}} {
		if got, err := all[i].Size(); err != nil || got != want {
			t.Errorf("family %d has %v (%v), want %v", i, got, err, want)
		}
	}
}

// What a kernel says otherwise, or not at all, is an error and no figure.
func TestStrangeKernel(t *testing.T) {
	proc := procOf(t, append(procFiles, procFile{"20/smaps_rollup", "[rollup]\nRss: many kB\n"})...)
	all, err := families(proc, []int{20})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := all[0].Size(); err == nil {
		t.Errorf("it has %v", got)
	}
	if _, err := families(proc, []int{99}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a process that is not there: %v, want one that wraps %v", err, fs.ErrNotExist)
	}
}

// work is a loop that takes some time of a processor.
const work = `i=0; while [ $i -lt 10000 ]; do i=$((i+1)); done`

// TestUsage: a process that works uses time and memory, and so does its child.
func TestUsage(t *testing.T) {
	p := start(t, sh(`(`+work+`; echo done; exec sleep 1000) & echo started; wait`))
	alone := start(t, sh(`echo started; read -r line`))
	for _, want := range []string{"started", "done"} {
		if err := p.Expect(want); err != nil {
			t.Fatal(err)
		}
	}
	if err := alone.Expect("started"); err != nil {
		t.Fatal(err)
	}
	all, err := Families(p, alone)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || len(all[0]) != 2 || len(all[1]) != 1 {
		t.Fatalf("families %v, want one of two and one of one", all)
	}
	used, err := all[0].CPU()
	if err != nil || used < time.Millisecond || used > time.Minute {
		t.Errorf("processor time: %v, %v", used, err)
	}
	again, err := all[0].CPU()
	if err != nil || again < used {
		t.Errorf("processor time: %v after %v, %v", again, used, err)
	}
	if idle, err := all[1].CPU(); err != nil || idle <= 0 || idle > used {
		t.Errorf("processor time of one that waits: %v, %v; the other took %v", idle, err, used)
	}
	size, err := all[0].Size()
	if err != nil || size.RSS < 100<<10 || size.RSS > 1<<30 || size.PSS > size.RSS || size.Descriptors < 4 {
		t.Errorf("size: %+v, %v", size, err)
	}
	alone.Close()
	if used, err := all[1].CPU(); err == nil {
		t.Errorf("processor time of one that has ended: %v", used)
	}
}
