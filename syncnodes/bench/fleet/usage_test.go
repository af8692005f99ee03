package fleet

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

func schedstat(pid, thread int, spent string) procFile {
	return procFile{fmt.Sprintf("%d/task/%d/schedstat", pid, thread), spent + "\n"}
}

const netDev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 26898110457 35482932    0    0    0     0          0         0 26898110457 35482932    0    0    0     0       0          0
  eth0: 422414714   24297    0    0    0     0          0         0  3302246   21255    0    0    0     0       0          0
`

// A node with a child that has one, one without, and somebody else's process.
var procFiles = []procFile{
	parent(1, 0), parent(10, 1), parent(11, 10), parent(12, 11), parent(20, 1), parent(30, 1),
	rollup(10, 40000, 25000), rollup(11, 1000, 100), rollup(12, 500, 50), rollup(20, 3000, 2000),
	schedstat(10, 10, "1500000000 88315 1"), schedstat(10, 14, "250000001 0 7"), schedstat(11, 11, "7 0 1"), schedstat(12, 12, "0 0 1"), schedstat(20, 20, "3 0 1"),
	{"10/fd/0", ""},
	{"10/fd/1", ""},
	{"10/fd/25", ""},
	{"11/fd/0", ""},
	{"12/fd/0", ""},
	{"20/fd/0", ""},
	{"10/net/dev", netDev},
	{"20/net/dev", netDev},
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

func TestUsage(t *testing.T) {
	proc := procOf(t, procFiles...)
	all, err := families(proc, []int{20, 10})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		size size
		cpu  time.Duration
	}{
		{size{3000 << 10, 2000 << 10, 1}, 3},
		{size{41500 << 10, 25150 << 10, 5}, 1750000008},
	} {
		size, err := all[i].size()
		if err != nil || size != want.size {
			t.Errorf("family %d has %v (%v), want %v", i, size, err, want.size)
		}
		cpu, err := all[i].cpu(proc)
		if err != nil || cpu != want.cpu {
			t.Errorf("family %d took %v (%v), want %v", i, cpu, err, want.cpu)
		}
	}
	got, err := all[0].traffic()
	if want := (traffic{packets: 35482932, bytes: 26898110457}); err != nil || got != want {
		t.Errorf("traffic %v (%v), want %v", got, err, want)
	}
}

// What a kernel does not say, or says otherwise, is an error and no figure.
func TestUsageOfStrangeKernels(t *testing.T) {
	for _, tt := range []struct {
		name string
		file procFile // in place of what is there
		read func(procfs.FS, family) error
	}{
		{"schedstat", schedstat(20, 20, "off"), func(proc procfs.FS, f family) error { _, err := f.cpu(proc); return err }},
		{"smaps_rollup", procFile{"20/smaps_rollup", "[rollup]\nRss: many kB\n"}, func(_ procfs.FS, f family) error { _, err := f.size(); return err }},
		{"no loopback", procFile{"20/net/dev", "Inter-|\n face |\n"}, func(_ procfs.FS, f family) error { _, err := f.traffic(); return err }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			proc := procOf(t, append(procFiles, tt.file)...)
			all, err := families(proc, []int{20})
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.read(proc, all[0]); err == nil {
				t.Error("no error")
			}
		})
	}
	if _, err := families(procOf(t, procFiles...), []int{99}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a process that is not there: %v, want one that wraps %v", err, fs.ErrNotExist)
	}
}
