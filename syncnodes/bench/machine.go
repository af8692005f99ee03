package main

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"interconnectd/syncnodes/bench/fleet"
	"interconnectd/syncnodes/bench/report"
)

// describe tells where the benchmark runs. What cannot be found out is left empty.
func describe(ctx context.Context, systems []fleet.System) report.Machine {
	m := report.Machine{
		CPU: valueIn("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(),
		OS: strings.Trim(valueIn("/etc/os-release", "PRETTY_NAME"), `"`), Versions: map[string]string{"Go": runtime.Version()},
	}
	if kib, err := strconv.ParseInt(strings.TrimSuffix(valueIn("/proc/meminfo", "MemTotal"), " kB"), 10, 64); err == nil {
		m.Memory = kib << 10
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		m.Kernel = unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
	}
	for _, s := range systems {
		if version, err := s.Version(ctx); err == nil {
			m.Versions[s.Name()] = version
		}
	}
	return m
}

// valueIn is what a file says of a key, behind a colon or an equals sign.
func valueIn(path, key string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		rest, found := strings.CutPrefix(line, key)
		if rest = strings.TrimSpace(rest); found && (strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "=")) {
			return strings.TrimSpace(rest[1:])
		}
	}
	return ""
}
