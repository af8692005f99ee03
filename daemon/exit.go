package main

import (
	"errors"
	"io/fs"
	"net"
	"os"

	"interconnectd/configs"
	"interconnectd/daemon/control"
	"interconnectd/syncnodes"
)

// The exit codes. From 64 on they have the meanings of sysexits.h, or near ones.
const (
	exitOK        = 0
	exitNo        = 1  // a negative answer: pang, false, an error of a call
	exitUsage     = 2  // a command line that makes no sense
	exitNoDaemon  = 3  // nobody to ask
	exitNameInUse = 64 // another live node has the name
	exitNodesDown = 69 // mandatory nodes were not up in time
	exitInternal  = 70 // a bug, as far as we know
	exitIO        = 74 // a file, a socket or a port
	exitConfig    = 78 // the configuration
)

// exitCode is the code for an error that ends the command.
func exitCode(err error) int {
	var (
		usage    *configs.UsageError
		several  *control.SeveralError
		answer   *control.Error
		inUse    *syncnodes.NameInUseError
		sync     *syncnodes.SyncError
		problems configs.Problems
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage), errors.As(err, &several):
		return exitUsage
	case errors.Is(err, control.ErrNone):
		return exitNoDaemon
	case errors.As(err, &answer):
		return answerCode(answer.Kind)
	case errors.As(err, &inUse):
		return exitNameInUse
	case errors.As(err, &sync):
		return exitNodesDown
	case errors.As(err, &problems):
		return exitConfig
	case isIO(err):
		return exitIO
	default:
		return exitInternal
	}
}

func answerCode(kind control.Kind) int {
	switch kind {
	case control.BadRequest:
		return exitUsage
	case control.Config:
		return exitConfig
	case control.Leaving:
		return exitNoDaemon
	case control.Internal:
		return exitInternal
	default:
		return exitNo
	}
}

// isIO reports whether the system refused something, or did not answer.
func isIO(err error) bool {
	var (
		path    *fs.PathError
		link    *os.LinkError
		syscall *os.SyscallError
		network net.Error
	)
	return errors.Is(err, errNoBus) || errors.As(err, &path) || errors.As(err, &link) || errors.As(err, &syscall) || errors.As(err, &network)
}
