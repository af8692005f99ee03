// Package systemd has the units that run interconnectd as a service, and the tests
// of these and of the packages that packaging/build makes: what systemd's and
// Debian's own tools say of them, and what becomes of them on a machine that has
// them installed (systemd/machine). It has no code of its own.
package systemd
