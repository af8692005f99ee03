package journal

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/erlterm/required"
	"interconnectd/observer/event"
)

// writeEnv makes this test's binary a process that writes to a journal at that path
// until it is killed, and tells which events can be read.
const writeEnv = "JOURNAL_TEST_WRITE"

func TestMain(m *testing.M) {
	if path := os.Getenv(writeEnv); path != "" {
		keepWriting(path)
		return
	}
	os.Exit(m.Run())
}

func keepWriting(path string) {
	j := New(Options{Path: path, Keep: 500, Gather: time.Microsecond, Log: hclog.New(&hclog.LoggerOptions{Output: os.Stderr})})
	ctx := context.Background()
	go j.Run(ctx)
	end, err := j.End(ctx)
	for seq := end.Seq; err == nil; seq++ {
		j.Append(event.Event{Kind: event.NodeUp, Node: "b@127.0.0.1", Detail: strings.Repeat("x", int(seq%700))})
		if seq%3 == 0 {
			j.SetPosition("page", seq)
		}
		err = j.Wait(ctx, seq)
		fmt.Println(seq + 1)
	}
}

// A process that is killed in the midst of its writes loses nothing that could be
// read before, and the file is whole.
func TestKilledWhileWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	var told uint64
	for round := range 10 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), writeEnv+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for more := 20 + 7*round; more > 0 && lines.Scan(); more-- {
			if told, err = strconv.ParseUint(lines.Text(), 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		_ = cmd.Process.Kill()
		for lines.Scan() { // what it told before it died
			if n, err := strconv.ParseUint(lines.Text(), 10, 64); err == nil {
				told = n
			}
		}
		_ = cmd.Wait()

		r := run(t, Options{Path: path})
		end, err := r.End(within(t))
		if err != nil || end.Seq < told {
			t.Fatalf("round %d: the journal ends at %d, %v; event %d could be read", round, end.Seq, err, told)
		}
		page, err := r.Read(within(t), told-1, 1)
		if err != nil || len(page.Events) != 1 || page.Events[0].Seq != told {
			t.Errorf("round %d: event %d: %v, %v", round, told, page, err)
		}
		r.wantSilence()
		r.stop()
	}
}

// smallDisk is a folder on a disk of its own, of some KiB.
func smallDisk(t *testing.T, kiB int) string {
	t.Helper()
	if os.Geteuid() != 0 {
		required.Missing(t, "only root may mount a file system")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk,mode=700", kiB)); err != nil {
		required.Missing(t, "mounting a file system: "+err.Error())
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A disk that fills up costs no event and ends nothing: a line tells it, events
// stay in memory, and go into the file when there is room again.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t, 512)
	path := filepath.Join(dir, "a.db")
	r := run(t, Options{Path: path})
	r.add(10)
	filler, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer filler.Close()
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	written := uint64(10)
	for r.status().Error == "" { // the file has some room of its own
		r.add(50)
		if written += 50; written > 5000 {
			t.Fatal("the disk does not fill up")
		}
	}
	r.wantLog("the journal cannot be written: events are in memory until it can, the last 10000")
	r.wantLog("no space left on device")
	r.add(5)
	written += 5
	r.wantAll(fmt.Sprintf("1-%d", written))
	if s := r.status(); s.Memory < 5 || !strings.Contains(s.Error, "no space left on device") {
		t.Errorf("status %+v", s)
	}

	if err := filler.Truncate(0); err != nil {
		t.Fatal(err)
	}
	r.add(1) // tries again at once
	written++
	r.wantLog("the journal is written again")
	if s := r.status(); s.Memory != 0 || s.Error != "" || s.Lost != 0 {
		t.Errorf("status %+v", s)
	}
	if n := strings.Count(r.log.String(), "[WARN]"); n != 1 {
		t.Errorf("%d warnings, want one:\n%s", n, r.log)
	}
	r.stop()
	again := run(t, Options{Path: path})
	again.wantAll(fmt.Sprintf("1-%d", written))
	again.wantSilence()
}

// On a disk that is full from the start the file is made later.
func TestFullDiskFromTheStart(t *testing.T) {
	dir := smallDisk(t, 64)
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a.db")
	r := run(t, Options{Path: path})
	r.add(3)
	r.wantAll("1-3")
	r.wantLog("no space left on device")
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(patience); r.status().Memory > 0; r.add(1) {
		if time.Now().After(until) {
			t.Fatalf("not written: %+v\n%s", r.status(), r.log)
		}
	}
	r.stop()
	again := run(t, Options{Path: path})
	again.wantAll(fmt.Sprintf("1-%d", r.last))
}

// A move that fails leaves nothing behind, and can be made later.
func TestMoveToFullDisk(t *testing.T) {
	dir := smallDisk(t, 64)
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]string{"from memory": "", "from a file": filepath.Join(t.TempDir(), "a.db")} {
		r := run(t, Options{Path: from})
		r.add(3)
		if err := r.Move(within(t), filepath.Join(dir, "b.db")); err == nil || !strings.Contains(err.Error(), "no space left on device") {
			t.Errorf("%s: %v, want the disk to be full", name, err)
		}
		if _, err := os.Lstat(filepath.Join(dir, "b.db")); err == nil {
			t.Errorf("%s: something was left", name)
		}
		r.add(1)
		r.wantAll("1-4")
		if s := r.status(); s.Path != from || s.Error != "" {
			t.Errorf("%s: status %+v", name, s)
		}
		r.stop()
	}
}
