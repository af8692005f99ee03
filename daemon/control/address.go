package control

import (
	"fmt"
	"os"
	"path/filepath"
)

// longestAddress is what fits a Unix address, on Linux and elsewhere.
const longestAddress = 103

// addressOf is what the socket at path is bound and dialled as: its path, or, where
// that does not fit, its name below its folder as this process has it open, until
// done. A service's folder and the socket in it both have the node's name, and a
// cloud's host alone may have forty characters.
func addressOf(path string) (address string, done func(), err error) {
	if len(path) <= longestAddress {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	address = fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path))
	if len(address) > longestAddress {
		_ = dir.Close() // it was only looked at
		return "", nil, &os.PathError{Op: "the socket", Path: path, Err: fmt.Errorf("a Unix address has %d bytes at most", longestAddress)}
	}
	return address, func() { _ = dir.Close() }, nil
}
