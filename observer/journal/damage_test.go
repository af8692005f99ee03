package journal

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"interconnectd/observer/event"
)

// sound is a file with that many events and a position.
func sound(t testing.TB, events int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sound.db")
	f, _, err := openFile(path, about{id: "0badcafe", positions: map[string]uint64{"page": 1}})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= events; n += 50 {
		var list []event.Event
		for seq := n; seq < min(n+50, events+1); seq++ {
			list = append(list, event.Event{Seq: uint64(seq), Time: start, Kind: event.NodeUp, Node: "b@127.0.0.1", Detail: strings.Repeat("x", seq%90)})
		}
		if err := f.write(change{events: list, keep: events}); err != nil {
			t.Fatal(err)
		}
	}
	f.close()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// boltFile is what another program, or a later version of this one, wrote.
func boltFile(t *testing.T, write func(tx *bbolt.Tx) error) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(write); err != nil {
		t.Fatal(err)
	}
	db.Close()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A file that cannot be used is set aside, whole, or left alone; a line says why,
// and events are kept all the same.
func TestUnusableFiles(t *testing.T) {
	good := sound(t, 500)
	changed := func(at int, to byte) []byte {
		text := bytes.Clone(good)
		text[at] = to
		return text
	}
	later := boltFile(t, func(tx *bbolt.Tx) error {
		if err := writeAbout(tx, about{id: "x"}); err != nil {
			return err
		}
		return tx.Bucket(bucketAbout).Put(keyFormat, number(2))
	})
	for _, tt := range []struct {
		name  string
		make  func(path string) error
		aside bool
		log   string
	}{
		{"text", fileOf("some notes of mine\n"), true, "it is no file of this kind"},
		{"long text", fileOf(strings.Repeat("some notes of mine\n", 10_000)), true, "it is no file of this kind"},
		{"zeros", fileOf(string(make([]byte, 1<<20))), true, "it is no file of this kind"},
		{"cut short", fileOf(string(good[:len(good)/2])), true, "it is cut short"},
		{"cut in the first page", fileOf(string(good[:100])), true, "it is cut short: 100 bytes"},
		{"a page changed", fileOf(string(changed(5*4096+3, 0xff))), true, "is damaged"},
		{"another program's", fileOf(string(boltFile(t, func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket([]byte("users"))
			return err
		}))), true, "it is a file of another program"},
		{"a later version's", fileOf(string(later)), false, "a later version wrote it, format 2"},
		{"a folder", func(path string) error { return os.Mkdir(path, 0o700) }, false, "is a directory"},
		{"a pipe", func(path string) error { return syscall.Mkfifo(path, 0o600) }, false, "it is no regular file"},
		{"a device", func(path string) error { return os.Symlink("/dev/null", path) }, false, "it is no regular file"},
		{"below a file", func(path string) error { return os.WriteFile(filepath.Dir(path)+"/up", nil, 0o600) }, false, "not a directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.db")
			if err := tt.make(path); err != nil {
				t.Fatal(err)
			}
			if tt.name == "below a file" {
				path = filepath.Join(filepath.Dir(path), "up", "a.db")
			}
			var before []byte
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				before, _ = os.ReadFile(path)
			}
			r := run(t, Options{Path: path})
			r.add(3)
			r.wantAll("1-3")
			r.wantLog(tt.log)
			if n := strings.Count(r.log.String(), "[WARN]"); n != 1 {
				t.Errorf("%d lines, want one:\n%s", n, r.log)
			}
			aside, err := filepath.Glob(path + ".broken-*")
			if err != nil || (len(aside) == 1) != tt.aside {
				t.Fatalf("set aside: %v, %v, want it: %v", aside, err, tt.aside)
			}
			s := r.status()
			if (s.Error == "") != tt.aside || (s.Memory == 0) != tt.aside {
				t.Errorf("status %+v", s)
			}
			if tt.aside {
				if text, err := os.ReadFile(aside[0]); err != nil || !bytes.Equal(text, before) {
					t.Errorf("what was set aside has changed, %v", err)
				}
				r.stop()
				again := run(t, Options{Path: path})
				again.wantAll("1-3")
				again.wantSilence()
			} else if tt.name == "a later version's" {
				if text, _ := os.ReadFile(path); !bytes.Equal(text, before) {
					t.Error("the file has changed")
				}
			}
		})
	}
}

func fileOf(text string) func(string) error {
	return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
}

// A file that another process has open is not waited for.
func TestHeld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	first := run(t, Options{Path: path})
	first.add(2)
	second := run(t, Options{Path: path})
	second.add(3)
	second.wantAll("1-3")
	second.wantLog(`another process has it open`)
	if s := second.status(); s.Memory != 3 || s.Error != "another process has it open" {
		t.Errorf("status %+v", s)
	}
	first.add(1)
	first.wantAll("1-3")
	first.wantSilence()
}

// What happens to a file while it is open.
func TestWhileOpen(t *testing.T) {
	for _, tt := range []struct {
		name string
		harm func(path string) error
		want string // events then
		log  string
	}{
		{"removed", os.Remove, "1-203", "somebody has removed the journal: it is put back"},
		{"moved", func(path string) error { return os.Rename(path, path+".old") }, "1-203", "somebody has removed the journal: it is put back"},
		{"its folder removed", func(path string) error { return os.RemoveAll(filepath.Dir(path)) }, "1-203", "somebody has removed the journal: it is put back"},
		{"emptied", func(path string) error { return os.Truncate(path, 0) }, "201-203", "the journal is damaged and was set aside"},
		{"cut short", func(path string) error { return os.Truncate(path, 16384) }, "201-203", "the journal is damaged and was set aside"},
		{"overwritten", func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt(bytes.Repeat([]byte("x"), 20*4096), 0)
			return err
		}, "201-203", "the journal is damaged and was set aside"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state", "a.db")
			r := run(t, Options{Path: path})
			r.add(200)
			r.SetPosition("page", 150)
			before, _ := r.End(within(t))
			if err := tt.harm(path); err != nil {
				t.Fatal(err)
			}
			_, _ = r.Tail(within(t), 0, time.Time{}, nil) // finds it, or not
			r.add(3)
			r.wantAll(tt.want)
			r.wantLog(tt.log)
			r.stop()
			again := run(t, Options{Path: path})
			again.wantAll(tt.want)
			if seq, _ := again.Position(within(t), "page"); seq != 150 {
				t.Errorf("the position is %d, want 150", seq)
			}
			if after, _ := again.End(within(t)); after.Journal != before.Journal || after.Seq != 203 {
				t.Errorf("the end is %v, want %s.203", after, before.Journal)
			}
		})
	}
}

// Whatever bytes of a file have changed, the journal opens it or sets it aside, and
// goes on. Each case is told by its seed.
func TestDamagedAnywhere(t *testing.T) {
	good := sound(t, 300)
	cases := 300
	if testing.Short() {
		cases = 30
	}
	dir := t.TempDir()
	for seed := range cases {
		rng := rand.New(rand.NewPCG(uint64(seed), 1))
		text := bytes.Clone(good)
		for range 1 + rng.IntN(20) {
			switch at := rng.IntN(len(text)); rng.IntN(4) {
			case 0:
				text[at] ^= 1 << rng.IntN(8)
			case 1:
				text[at] = byte(rng.IntN(256))
			case 2: // a page in the place of another
				from, to := rng.IntN(len(text)/4096)*4096, rng.IntN(len(text)/4096)*4096
				copy(text[to:to+4096], good[from:from+4096])
			case 3: // a number in the header or among the elements of a page
				at = at/4096*4096 + rng.IntN(64)
				text[at] = byte(rng.IntN(4))
			}
		}
		useDamaged(t, filepath.Join(dir, fmt.Sprint(seed)), text)
	}
}

// useDamaged opens a file, reads and writes it, as the journal does.
func useDamaged(t testing.TB, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	f, got, err := openFile(path, about{id: "new"})
	if err != nil {
		return // told, and set aside
	}
	_, _ = f.read(context.Background(), 0, 1000)
	_, _ = f.back(context.Background(), got.last+1, 1000)
	_, _ = f.first()
	for i := range uint64(3) {
		if err := f.write(change{events: []event.Event{{Seq: got.last + i + 1}}, positions: map[string]uint64{"page": 1}, keep: 100}); err != nil {
			return
		}
	}
	f.close()
}

func FuzzPages(f *testing.F) {
	f.Add(sound(f, 30))
	f.Add([]byte("text"))
	f.Add(make([]byte, 3*4096))
	f.Fuzz(func(t *testing.T, text []byte) {
		if checkPages(bytes.NewReader(text), int64(len(text))) != nil {
			return
		}
		useDamaged(t, filepath.Join(t.TempDir(), "a.db"), text)
	})
}
