package control

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"interconnectd/configs/nodeid"
)

// systemDir is root's folder: systemd makes it, or one level below it the
// runtime folder of each unit.
const systemDir = "/run/interconnect"

// Dirs are the folders where sockets may be, in order: $INTERCONNECT_RUNTIME_DIR,
// the first of $RUNTIME_DIRECTORY, interconnect in $XDG_RUNTIME_DIR, for root
// /run/interconnect, for others a folder of their own in the temporary one.
func Dirs(getenv func(string) string) []string {
	var dirs []string
	if dir := getenv("INTERCONNECT_RUNTIME_DIR"); dir != "" {
		dirs = append(dirs, dir)
	}
	// systemd separates several by colons.
	if dir, _, _ := strings.Cut(getenv("RUNTIME_DIRECTORY"), ":"); dir != "" {
		dirs = append(dirs, dir)
	}
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" {
		dirs = append(dirs, filepath.Join(dir, "interconnect"))
	}
	if os.Geteuid() == 0 {
		return append(dirs, systemDir)
	}
	return append(dirs, tempDir(getenv))
}

func tempDir(getenv func(string) string) string {
	temp := getenv("TMPDIR")
	if temp == "" {
		temp = "/tmp"
	}
	return filepath.Join(temp, fmt.Sprintf("interconnect-%d", os.Geteuid()))
}

// places are what a client looks through: each of Dirs is a place, and root's
// own folder one with all those below it.
func places(getenv func(string) string) [][]string {
	var all [][]string
	for _, dir := range Dirs(getenv) {
		place := []string{dir}
		if dir == systemDir {
			entries, _ := os.ReadDir(systemDir) // none where there is no such folder
			for _, e := range entries {
				if e.IsDir() {
					place = append(place, filepath.Join(systemDir, e.Name()))
				}
			}
		}
		all = append(all, place)
	}
	return all
}

// makeDir makes a folder for sockets, where there is none.
func makeDir(dir string) error {
	mode := os.FileMode(0o700)
	if dir == systemDir {
		mode = 0o755 // others have folders of theirs below it
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	return trusted(dir)
}

// trusted checks that nobody else owns dir, or may put files in the place of ours:
// in a temporary folder anyone could have made a folder of that name, to listen
// there in our place.
func trusted(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no folder", dir)
	}
	if !ours(info) {
		return fmt.Errorf("%s belongs to another user", dir)
	}
	if info.Mode().Perm()&0o002 != 0 && info.Mode()&os.ModeSticky == 0 {
		return fmt.Errorf("everybody may write to %s", dir)
	}
	return nil
}

// trustedSocket reports whether a daemon of this user, or root's, made the socket at
// path. A link is none: who may only make files in a folder could let it lead
// anywhere.
func trustedSocket(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().Type() == fs.ModeSocket && ours(info)
}

// ours reports whether a file belongs to this user or to root. Root asks the
// daemons of all users.
func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	self := os.Geteuid()
	return !ok || self == 0 || stat.Uid == 0 || int(stat.Uid) == self
}

const socketSuffix = ".sock"

// nodeOf is the node whose socket has the name file.
func nodeOf(file string) (nodeid.Name, bool) {
	base, ok := strings.CutSuffix(file, socketSuffix)
	if !ok {
		return "", false
	}
	node, err := nodeid.Parse(strings.NewReplacer("%2F", "/", "%25", "%", "%00", "\x00").Replace(base))
	return node, err == nil
}
