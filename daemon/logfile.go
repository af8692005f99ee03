package main

import (
	"fmt"
	"os"
	"sync"
)

// logFile is a file that lines are appended to. Another process may move it away,
// and ask for a new one by a signal: logrotate's way.
type logFile struct {
	path string

	mu   sync.Mutex
	file *os.File
}

func openLogFile(path string) (*logFile, error) {
	l := &logFile{path: path}
	if err := l.reopen(); err != nil {
		return nil, err
	}
	return l, nil
}

// reopen goes on with the file that is at the path now, and makes it where there is
// none. After an error it goes on with the former.
func (l *logFile) reopen() error {
	file, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("opening the log file: %w", err)
	}
	l.mu.Lock()
	former := l.file
	l.file = file
	l.mu.Unlock()
	if former != nil {
		_ = former.Close() // each line was written at once
	}
	return nil
}

func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Write(p)
}

func (l *logFile) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.file.Close()
}
