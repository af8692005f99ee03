package calls

import (
	"context"
	"fmt"
	"io"
	"net"
	"syscall"
)

// tcpBytes go to the other end and back.
const tcpBytes = 100

// answerTCP and askTCP wait in the system, without Go's poller between them and the
// socket: a program that uses it takes two or three times as long, as all of Go's do.
func answerTCP(ctx context.Context, at string, ready func()) error {
	l, err := net.Listen("tcp", onLoopback(at))
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	defer l.Close()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	ready()
	conn, err := l.Accept()
	if err != nil {
		return fmt.Errorf("accepting: %w", err)
	}
	s, err := socketOf(ctx, conn)
	if err != nil {
		return err
	}
	data := make([]byte, tcpBytes)
	for {
		if _, err := io.ReadFull(s, data); err != nil {
			return nil // the other end has all it wants
		}
		if _, err := s.Write(data); err != nil {
			return fmt.Errorf("answering: %w", err)
		}
	}
}

func askTCP(ctx context.Context, at string, loop func(call func() error) error) error {
	conn, err := net.Dial("tcp", onLoopback(at))
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	s, err := socketOf(ctx, conn)
	if err != nil {
		return err
	}
	data := make([]byte, tcpBytes)
	return loop(func() error {
		if _, err := s.Write(data); err != nil {
			return err
		}
		_, err := io.ReadFull(s, data)
		return err
	})
}

// socket is one that blocks the thread.
type socket int

// socketOf takes a connection over, until the process ends; the end of ctx breaks it
// off.
func socketOf(ctx context.Context, conn net.Conn) (socket, error) {
	file, err := conn.(*net.TCPConn).File()
	if err != nil {
		return 0, fmt.Errorf("taking a connection over: %w", err)
	}
	fd, err := syscall.Dup(int(file.Fd()))
	file.Close()
	conn.Close()
	if err != nil {
		return 0, fmt.Errorf("taking a connection over: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = syscall.Shutdown(fd, syscall.SHUT_RDWR) })
	if err := syscall.SetNonblock(fd, false); err != nil {
		return 0, fmt.Errorf("taking a connection over: %w", err)
	}
	return socket(fd), nil
}

func (s socket) Read(data []byte) (int, error) {
	for {
		n, err := syscall.Read(int(s), data)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func (s socket) Write(data []byte) (int, error) {
	for {
		n, err := syscall.Write(int(s), data)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 0, err
		case n < len(data):
			return n, io.ErrShortWrite
		default:
			return n, nil
		}
	}
}
