// Package logtest keeps what is logged, for tests that read it.
package logtest

import (
	"bytes"
	"sync"
)

// Buffer has what was written to it until now. Its zero value is empty, and its
// methods may be called concurrently.
type Buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write appends p; the error is nil.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
