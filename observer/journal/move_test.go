package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Events, numbers and positions go along to another file.
func TestMove(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "a.db"), filepath.Join(dir, "other", "b.db")
	if err := os.Mkdir(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	r := run(t, Options{Path: from})
	r.add(5)
	r.SetPosition("page", 4)
	before, _ := r.End(within(t))
	if err := r.Move(within(t), to); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(from); err == nil {
		t.Error("the former file is there still")
	}
	r.add(2)
	r.wantAll("1-7")
	if s := r.status(); s.Path != to || s.Memory != 0 {
		t.Errorf("status %+v", s)
	}
	r.wantSilence()
	r.stop()
	again := run(t, Options{Path: to})
	again.wantAll("1-7")
	if seq, _ := again.Position(within(t), "page"); seq != 4 {
		t.Errorf("the position is %d, want 4", seq)
	}
	if after, _ := again.End(within(t)); after.Journal != before.Journal {
		t.Errorf("the end is %v, want one of %s", after, before.Journal)
	}
}

// Where something is in the way nothing changes.
func TestMoveToWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "a.db"), filepath.Join(dir, "b.db")
	if err := os.WriteFile(to, []byte("notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, Options{Path: from})
	r.add(5)
	if err := r.Move(within(t), to); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("moving: %v", err)
	}
	if err := r.Move(within(t), filepath.Join(to, "x.db")); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("moving below a file: %v", err)
	}
	r.add(1)
	r.wantAll("1-6")
	if s := r.status(); s.Path != from || s.Error != "" {
		t.Errorf("status %+v", s)
	}
	if text, _ := os.ReadFile(to); string(text) != "notes" {
		t.Errorf("what is there has changed: %q", text)
	}
}

// To the memory and back to a file.
func TestMoveToMemory(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	r := run(t, Options{Path: path})
	r.add(5)
	if err := r.Move(within(t), ""); err != nil {
		t.Fatal(err)
	}
	r.add(2)
	r.wantAll("1-7")
	if err := r.Move(within(t), path); err == nil {
		t.Error("moved to a file that is there")
	}
	if err := r.Move(within(t), filepath.Join(dir, "b.db")); err != nil {
		t.Fatal(err)
	}
	r.add(1)
	r.wantAll("1-8")
	if s := r.status(); s.Memory != 0 || s.Error != "" {
		t.Errorf("status %+v", s)
	}
	if err := r.Move(within(t), filepath.Join("/dev/null", "c.db")); err == nil {
		t.Error("moved to where no file can be")
	}
	r.add(1)
	r.wantAll("1-9")
	// From the memory to where no file can be made.
	if err := r.Move(within(t), ""); err != nil {
		t.Fatal(err)
	}
	if err := r.Move(within(t), filepath.Join("/dev/null", "c.db")); err == nil {
		t.Error("moved to where no file can be")
	}
	r.add(1)
	r.wantAll("1-10")
	if s := r.status(); s.Path != "" || s.Error != "" {
		t.Errorf("status %+v", s)
	}
}
