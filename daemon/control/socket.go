package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes"
)

const (
	// A daemon that is leaving holds its lock for a moment yet.
	lockPatience = 300 * time.Millisecond
	lockRetry    = 10 * time.Millisecond
)

// Socket is the socket of a daemon, taken by this process. Connections that
// arrive before Serve wait.
type Socket struct {
	Path string

	listener net.Listener
	lock     *os.File
}

// Take takes the socket of node in dir, which it makes where there is none,
// and replaces that of a dead daemon. The error is a *syncnodes.NameInUseError
// where a live daemon holds it.
func Take(ctx context.Context, dir string, node nodeid.Name) (*Socket, error) {
	s, err := take(ctx, dir, node)
	var inUse *syncnodes.NameInUseError
	if err != nil && !errors.As(err, &inUse) {
		return nil, fmt.Errorf("taking the control socket: %w", err)
	}
	return s, err
}

func take(ctx context.Context, dir string, node nodeid.Name) (*Socket, error) {
	path := filepath.Join(dir, node.FileName()+socketSuffix)
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	lock, err := lockFile(ctx, filepath.Join(dir, node.FileName()+".lock"))
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, &syncnodes.NameInUseError{Name: node}
	case err != nil:
		return nil, err
	}
	listener, err := listen(ctx, path)
	if err != nil {
		return nil, errors.Join(err, unlock(lock))
	}
	return &Socket{Path: path, listener: listener, lock: lock}, nil
}

// lockFile locks the file at path, which it makes where there is none. The
// error is EWOULDBLOCK when another process keeps it locked.
func lockFile(ctx context.Context, path string) (*os.File, error) {
	for until := time.Now().Add(lockPatience); ; {
		lock, err := tryLock(path)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(until) {
			return lock, err
		}
		select {
		case <-time.After(lockRetry):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func tryLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), f.Close())
	}
	// Its former holder may have removed it between our opening and locking:
	// then there is another by that name, or none, and this lock locks nothing.
	ours, errOurs := f.Stat()
	there, errThere := os.Stat(path)
	if errOurs != nil || errThere != nil || !os.SameFile(ours, there) {
		return nil, errors.Join(fmt.Errorf("locking %s: it was replaced: %w", path, syscall.EWOULDBLOCK), f.Close())
	}
	return f, nil
}

// unlock removes the lock file while it is still locked, then lets it go.
func unlock(lock *os.File) error {
	return errors.Join(os.Remove(lock.Name()), lock.Close())
}

// listen makes the socket. Nobody but the owner can ever open it: on Linux it
// is made with the mode that the descriptor has, and so with no moment between.
func listen(ctx context.Context, path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if errControl := c.Control(func(fd uintptr) { err = syscall.Fchmod(int(fd), 0o600) }); errControl != nil {
			return errControl
		}
		if errors.Is(err, syscall.EINVAL) { // elsewhere than on Linux
			return nil
		}
		return err
	}}
	address, done, err := addressOf(path)
	if err != nil {
		return nil, err
	}
	defer done()
	listener, err := config.Listen(ctx, "unix", address)
	if err != nil {
		return nil, err
	}
	if unix, ok := listener.(*net.UnixListener); ok {
		unix.SetUnlinkOnClose(false) // the address may lead nowhere then: Socket.Close removes it
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close(), os.Remove(path))
	}
	return listener, nil
}

// Close removes the socket and lets the name go. The server, where one serves
// on it, is shut down before.
func (s *Socket) Close() error {
	err := s.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	// While the name is held: what is there later is another daemon's.
	gone := os.Remove(s.Path)
	if errors.Is(gone, fs.ErrNotExist) {
		gone = nil
	}
	if err := errors.Join(err, gone, unlock(s.lock)); err != nil {
		return fmt.Errorf("leaving the control socket: %w", err)
	}
	return nil
}
