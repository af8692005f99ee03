package machine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// cgroupHere is the folder of this process's cgroup, of version 2.
func cgroupHere() (string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	memberships, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	var own string
	for line := range strings.Lines(string(memberships)) {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			own = strings.TrimSpace(path)
		}
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[2] == "cgroup2" && own != "" {
			return filepath.Join(fields[1], own), nil
		}
	}
	return "", errors.New("a machine needs cgroups of version 2")
}

// removeCgroup removes a cgroup and those below it. Processes that were killed are
// still in it for a moment.
func removeCgroup(t testing.TB, dir string) {
	var err error
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		var all []string
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				all = append(all, path)
			}
			return nil // what has gone meanwhile is well
		})
		for _, path := range slices.Backward(all) { // what is inside first
			err = os.Remove(path)
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
	t.Errorf("a cgroup stays behind: %v", err)
}
