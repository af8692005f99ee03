package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// releaseProgram gives back the pages of the program itself, code and constants, that
// are mapped because the start needed them. What is still needed comes back from the
// page cache, a few pages at a time: of 20 MB an idle daemon uses 3.
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
	for _, m := range unwritten(maps, program) {
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, m.start, m.end-m.start, unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("releasing pages of the program: %w", errno)
		}
	}
	return nil
}

// mapping is a range of addresses.
type mapping struct{ start, end uintptr }

// unwritten are the mappings of a file that have nothing but what the file has. One of
// which pages were written, as those with the addresses of a position-independent
// program, is left out, be they in memory or swapped out by now.
func unwritten(smaps io.Reader, file string) (found []mapping) {
	var of mapping // what the lines tell of; the zero value: not one of the file's
	for lines := bufio.NewScanner(smaps); lines.Scan(); {
		var m mapping
		var permissions string
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x %s", &m.start, &m.end, &permissions); n == 3 {
			of = mapping{}
			if !strings.Contains(permissions, "w") && strings.HasSuffix(lines.Text(), " "+file) {
				of = m
			}
			continue
		}
		switch words := strings.Fields(lines.Text()); {
		case of == mapping{} || len(words) != 3:
		case (words[0] == "Anonymous:" || words[0] == "Swap:") && words[1] != "0":
			of = mapping{}
		case words[0] == "Swap:": // after the other
			found = append(found, of)
		}
	}
	return found
}
