// Package systemd has the units that run interconnectd as a service, and the
// tests that hold them against systemd's own tools. It has no code of its own.
package systemd
