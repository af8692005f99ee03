package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
)

// logFile is a file that lines are appended to. Another process may move it away,
// and ask for a new one by a signal: logrotate's way. A line that the file does not
// take, on a full disk, goes to standard error, with a word why before the first.
type logFile struct {
	path   string
	made   bool // by us
	stderr io.Writer

	mu     sync.Mutex
	file   *os.File
	failed bool // the last line did not get into it
	closed bool // for good
}

func openLogFile(path string, stderr io.Writer) (*logFile, error) {
	_, err := os.Lstat(path)
	l := &logFile{path: path, made: errors.Is(err, fs.ErrNotExist), stderr: stderr}
	if err := l.reopen(); err != nil {
		return nil, err
	}
	return l, nil
}

// reopen goes on with the file that is at the path now, and makes it where there is
// none. After an error it goes on with the former.
func (l *logFile) reopen() error {
	// Not a pipe that nobody reads, which would wait.
	file, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o640)
	if err != nil {
		return fmt.Errorf("opening the log file: %w", err)
	}
	l.mu.Lock()
	former := l.file
	if l.closed {
		former = file // another log has taken its place meanwhile
	} else {
		l.file = file
	}
	l.mu.Unlock()
	if former != nil {
		_ = former.Close() // each line was written at once
	}
	return nil
}

func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.file.Write(p)
	if err == nil {
		l.failed = false
		return len(p), nil
	}
	if !l.failed {
		l.failed = true
		fmt.Fprintf(l.stderr, "interconnectd: the log is here while the log file cannot be written: %v\n", err)
	}
	return l.stderr.Write(p)
}

// drop closes a file that was opened in vain, and removes it where it was made for that.
func (l *logFile) drop() {
	l.close()
	if info, err := os.Stat(l.path); l.made && err == nil && info.Size() == 0 {
		_ = os.Remove(l.path)
	}
}

func (l *logFile) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	_ = l.file.Close()
}
