package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// releaseProgram gives back the pages of the program itself, code and constants, that
// are mapped because the start needed them. What is still needed comes back from the
// page cache, a few pages at a time: of 20 MB an idle daemon uses 3.
//
// Only what the file has may go. A mapping of which pages were written, as those with
// the addresses of a position-independent program, is left alone.
func releaseProgram() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("releasing pages of the program: %w", err)
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return fmt.Errorf("releasing pages of the program: %w", err)
	}
	defer maps.Close()
	var from, to uintptr // of the mapping that the lines tell of; 0: not one of the program's
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var start, end uintptr
		var permissions string
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x %s", &start, &end, &permissions); n == 3 {
			from, to = 0, 0
			if !strings.Contains(permissions, "w") && strings.HasSuffix(lines.Text(), " "+program) {
				from, to = start, end
			}
			continue
		}
		if written, found := strings.CutPrefix(lines.Text(), "Anonymous:"); found && from != 0 && strings.TrimSpace(written) == "0 kB" {
			if _, _, errno := unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED); errno != 0 {
				return fmt.Errorf("releasing pages of the program: %w", errno)
			}
		}
	}
	return nil
}
