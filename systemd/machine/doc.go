// Package machine boots a systemd of its own for a test: a machine that shares the
// host's kernel and a copy of its files, and is there within a second or so.
//
//	m := machine.Boot(t, machine.Options{})
//	m.Put(t, "probe.service", "/etc/systemd/system/probe.service", 0o644)
//	m.Run(t, "systemctl start probe")
//
// PID 1 of new namespaces (processes, mounts, network, host name, IPC, cgroups) is
// the host's own systemd. Its root is an overlay of the host's, and what is written
// there lies in memory and is gone with the machine, but for the folders that
// Options.Keep names. None of the host's units is started, only the journal. The
// network is a loopback interface, and further namespaces of every kind can be made
// inside.
//
// What a machine does not have: other file systems than the root's (Options.Keep
// brings them in), devices, the host's processes and network, and limits of memory
// and of tasks where the host's kernel has these in cgroups of version 1. Its clock
// and its kernel settings are the host's, and read-only.
//
// It needs root, Linux 5.7, systemd and util-linux. A test without them skips, by
// way of interconnectd/erlterm/required.
package machine
