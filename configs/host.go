package configs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"interconnectd/configs/epmd"
)

// Host tells what a node name needs to know of the machine it runs on. A
// Host is asked only when the answer matters, since an answer may take time.
type Host interface {
	// ShortName is the host's name up to the first dot.
	ShortName() (string, error)
	// FullName is what `hostname -f` prints. It has no dot on a host that has
	// no domain.
	FullName() (string, error)
	// Addrs are the addresses of the host's interfaces without loopback.
	Addrs() ([]netip.Addr, error)
	// Unresolved are those of the given names and addresses of hosts that have
	// no address. What cannot be found out in time is not among them.
	Unresolved(hosts []string) []string
	// ErlangHas reports whether the port mapper at a host:port knows a node of Erlang's
	// of that name, without host. It does not when no port mapper answers.
	ErlangHas(mapper, alive string) bool
}

// ThisHost is the machine that the process runs on.
func ThisHost() Host { return thisHost{} }

type thisHost struct{}

const (
	// lookupTimeout bounds the search of the full name: a start must not
	// hang on a name server that is away.
	lookupTimeout = 300 * time.Millisecond
	// resolveTimeout bounds the search of other hosts' addresses, for `check`.
	resolveTimeout = 2 * time.Second
	// epmdTimeout bounds the question to EPMD, which answers in well under a
	// millisecond when there is one.
	epmdTimeout = 200 * time.Millisecond
)

func (thisHost) ShortName() (string, error) {
	name, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("finding the host's name: %w", err)
	}
	short, _, _ := strings.Cut(name, ".")
	return short, nil
}

func (thisHost) FullName() (string, error) {
	name, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("finding the host's name: %w", err)
	}
	if strings.Contains(name, ".") {
		return strings.TrimSuffix(name, "."), nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookupTimeout)
	defer cancel()
	resolver := net.Resolver{PreferGo: true} // the C library's cannot be bounded
	canonical, err := resolver.LookupCNAME(ctx, name)
	canonical = strings.TrimSuffix(canonical, ".")
	// A hosts file may give the loopback address's first name for the host's.
	if err != nil || !strings.Contains(canonical, ".") || strings.HasPrefix(canonical, "localhost") {
		return name, nil
	}
	return canonical, nil
}

func (thisHost) Addrs() ([]netip.Addr, error) {
	nets, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("listing the host's addresses: %w", err)
	}
	var addrs []netip.Addr
	for _, n := range nets {
		prefix, err := netip.ParsePrefix(n.String())
		if err == nil && !prefix.Addr().IsLoopback() {
			addrs = append(addrs, prefix.Addr().WithZone(""))
		}
	}
	return addrs, nil
}

func (thisHost) Unresolved(hosts []string) []string {
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	resolver := net.Resolver{PreferGo: true}
	unknown := make([]bool, len(hosts))
	var asked sync.WaitGroup
	for i, host := range hosts {
		asked.Go(func() {
			_, err := resolver.LookupNetIP(ctx, "ip", strings.Trim(host, "[]"))
			var lookup *net.DNSError
			unknown[i] = errors.As(err, &lookup) && lookup.IsNotFound
		})
	}
	asked.Wait()
	var unresolved []string
	for i, host := range hosts {
		if unknown[i] {
			unresolved = append(unresolved, host)
		}
	}
	return unresolved
}

func (thisHost) ErlangHas(mapper, alive string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), epmdTimeout)
	defer cancel()
	node, err := epmd.Lookup(ctx, mapper, alive)
	return err == nil && !node.Ours()
}

// remembered asks the host for each fact once: several names of a list are
// compared with them, and a name server may be slow.
type remembered struct {
	Host
	full  func() (string, error)
	addrs func() ([]netip.Addr, error)
}

func remember(h Host) Host {
	return remembered{h, sync.OnceValues(h.FullName), sync.OnceValues(h.Addrs)}
}

func (h remembered) FullName() (string, error)    { return h.full() }
func (h remembered) Addrs() ([]netip.Addr, error) { return h.addrs() }
