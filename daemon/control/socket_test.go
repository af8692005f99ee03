package control

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes"
)

const self = nodeid.Name("a@127.0.0.1")

func take1(t *testing.T, dir string) *Socket {
	t.Helper()
	s, err := Take(t.Context(), dir, self)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTakeMakesPrivateSocket(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run", "interconnect")
	s := take1(t, dir)
	info, err := os.Stat(filepath.Join(dir, "a@127.0.0.1.sock"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Mode(), os.ModeSocket|0o600; got != want {
		t.Errorf("the socket has mode %v, want %v", got, want)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v, want mode 0700", info.Mode(), err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("after Close there is %v, %v, want nothing", left, err)
	}
}

// A folder and a name in it may be longer together than an address.
func TestLongPath(t *testing.T) {
	node := nodeid.Name("shop@ip-10-0-0-7.eu-central-1.compute.internal")
	dir := filepath.Join(t.TempDir(), "interconnect", strings.Repeat("x", 60))
	s, err := Take(t.Context(), dir, node)
	if err != nil {
		t.Fatal(err)
	}
	if err := probe(t.Context(), s.Path); err != nil || len(s.Path) <= longestAddress {
		t.Errorf("asking at %s: %v", s.Path, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("after Close there is %v, %v, want nothing", left, err)
	}
	if err := probe(t.Context(), s.Path); err == nil {
		t.Error("somebody answers after Close")
	}
}

func TestTakeOfLiveSocket(t *testing.T) {
	dir := t.TempDir()
	s := take1(t, dir)
	defer s.Close()
	_, err := Take(t.Context(), dir, self)
	var inUse *syncnodes.NameInUseError
	if !errors.As(err, &inUse) || err.Error() != "the name a@127.0.0.1 seems to be in use by another node" {
		t.Errorf("got %v, want that the name is in use", err)
	}
	if conn, err := net.Dial("unix", s.Path); err != nil {
		t.Errorf("the live socket was disturbed: %v", err)
	} else {
		conn.Close()
	}
	other, err := Take(t.Context(), dir, "b@127.0.0.1")
	if err != nil {
		t.Fatalf("another name: %v", err)
	}
	other.Close()
}

// What a killed daemon leaves is replaced: its socket, its lock file, or
// whatever lies in their place.
func TestTakeReplacesStaleSocket(t *testing.T) {
	tests := map[string]func(t *testing.T, dir string){
		"socket": func(t *testing.T, dir string) {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "a@127.0.0.1.sock")})
			if err != nil {
				t.Fatal(err)
			}
			l.SetUnlinkOnClose(false)
			l.Close()
		},
		"lock file": func(t *testing.T, dir string) { writeFile(t, filepath.Join(dir, "a@127.0.0.1.lock")) },
		"plain file": func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, "a@127.0.0.1.sock"))
		},
	}
	for name, leave := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			leave(t, dir)
			s := take1(t, dir)
			defer s.Close()
			if conn, err := net.Dial("unix", s.Path); err != nil {
				t.Errorf("nobody listens: %v", err)
			} else {
				conn.Close()
			}
		})
	}
}

// A link in the runtime folder leads nowhere: what it points to is neither
// removed, nor locked, nor asked, nor taken for a daemon.
func TestLinksAreNotFollowed(t *testing.T) {
	elsewhere := t.TempDir()
	target := filepath.Join(elsewhere, "target")
	if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	intact := func(t *testing.T) {
		t.Helper()
		if text, err := os.ReadFile(target); err != nil || string(text) != "precious" {
			t.Errorf("what the link points to is %q, %v now", text, err)
		}
	}
	link := func(t *testing.T, to, name string) (dir string) {
		t.Helper()
		dir = t.TempDir()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	t.Run("socket", func(t *testing.T) {
		dir := link(t, target, "a@127.0.0.1.sock")
		s := take1(t, dir)
		defer s.Close()
		if info, err := os.Lstat(s.Path); err != nil || info.Mode().Type() != os.ModeSocket {
			t.Errorf("at %s there is %v, %v, want a socket", s.Path, info, err)
		}
		intact(t)
	})
	t.Run("lock", func(t *testing.T) {
		if s, err := Take(t.Context(), link(t, target, "a@127.0.0.1.lock"), self); err == nil {
			s.Close()
			t.Error("a lock that is a link: want an error")
		}
		intact(t)
	})
	t.Run("a socket for the client", func(t *testing.T) {
		s := take1(t, elsewhere)
		defer s.Close()
		dir := link(t, s.Path, "a@127.0.0.1.sock")
		if found, err := search(t.Context(), []string{dir}, self); err != nil || len(found) > 0 {
			t.Errorf("behind a link: found %v, %v, want nothing", found, err)
		}
		if found, err := search(t.Context(), []string{elsewhere}, self); err != nil || len(found) != 1 {
			t.Errorf("the socket itself: found %v, %v", found, err)
		}
	})
}

// A folder in which everybody may replace files is not used, one in which each may
// only make his own is.
func TestFoldersOfEverybody(t *testing.T) {
	for mode, want := range map[os.FileMode]bool{0o700: true, 0o770: true, 0o777: false, 0o777 | os.ModeSticky: true} {
		dir := t.TempDir()
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		s, err := Take(t.Context(), dir, self)
		if (err == nil) != want {
			t.Errorf("mode %v: %v, want it taken: %v", mode, err, want)
		}
		if err == nil {
			s.Close()
		}
	}
}

func writeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// However many want a name at once, one has it at a time.
func TestTakeIsRaceFree(t *testing.T) {
	dir := t.TempDir()
	var holders, taken atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				s, err := Take(t.Context(), dir, self)
				var inUse *syncnodes.NameInUseError
				if errors.As(err, &inUse) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if n := holders.Add(1); n > 1 {
					t.Errorf("%d hold the name", n)
				}
				taken.Add(1)
				holders.Add(-1)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if taken.Load() == 0 {
		t.Error("nobody got the name")
	}
}

func TestTakeErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file)
	long := nodeid.Name("a@" + strings.Repeat("h", 120))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	held := t.TempDir()
	s := take1(t, held)
	defer s.Close()
	for _, tt := range []struct {
		name string
		ctx  context.Context
		dir  string
		node nodeid.Name
	}{
		{"no folder", t.Context(), file, self},
		{"a path too long", t.Context(), t.TempDir(), long},
		{"nobody waits any more", ctx, held, self},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Take(tt.ctx, tt.dir, tt.node); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestFileNames(t *testing.T) {
	for node, want := range map[nodeid.Name]string{
		"a@127.0.0.1":   "a@127.0.0.1",
		"a@[::1]":       "a@[::1]",
		"a@../../etc/b": "a@..%2F..%2Fetc%2Fb",
		"a@100%2F":      "a@100%252F",
		"a@hé.example":  "a@hé.example",
	} {
		got := node.FileName()
		if got != want {
			t.Errorf("the file of %q = %q, want %q", node, got, want)
		}
		if back, ok := nodeOf(got + socketSuffix); !ok || back != node {
			t.Errorf("nodeOf(%q) = %q, %v, want %q", got, back, ok, node)
		}
	}
	for _, file := range []string{"a@h.lock", ".sock", "a.sock", "a@.sock", "sock"} {
		if node, ok := nodeOf(file); ok {
			t.Errorf("nodeOf(%q) = %q, want none", file, node)
		}
	}
}

func TestDirs(t *testing.T) {
	last := systemDir
	if uid := os.Geteuid(); uid != 0 {
		last = tempDir(func(string) string { return "" })
	}
	for _, tt := range []struct {
		name string
		env  map[string]string
		want []string
	}{
		{"nothing", nil, []string{last}},
		{
			"all",
			map[string]string{
				"INTERCONNECT_RUNTIME_DIR": "/i", "RUNTIME_DIRECTORY": "/r:/s", "XDG_RUNTIME_DIR": "/x",
			},
			[]string{"/i", "/r", "/x/interconnect", last},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Dirs(func(name string) string { return tt.env[name] })
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			}
		})
	}
}
