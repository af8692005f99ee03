package bus

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"time"
)

// RouteSecret is what two hosts must have in common for their daemons to join:
// a key derived from a cookie, or from a file for the routes alone.
type RouteSecret [ed25519.SeedSize]byte

func (RouteSecret) String() string   { return "[secret]" }
func (RouteSecret) GoString() string { return "[secret]" }

// Routes between hosts are mutual TLS 1.3. Nobody hands certificates out: each
// secret is the seed of an authority's key, which all who know the secret have
// in memory, and each daemon signs itself a certificate at start, one for each of
// its secrets over one key of its own, which it forgets at its end. What is shown
// is that list; whoever finds in it one that an authority of his own has signed
// lets the other in. So a route needs one secret in common: while a cluster goes
// over to another cookie, each has both.
//
// Daemons of one host share its mesh whatever their cookies are, as they share
// epmd: who comes from an address of this host is asked for no certificate. Who
// dials cannot see in a handshake where it leads. It takes a daemon for one of
// this host when the holder of the same key listens on an address of this host.
const (
	// tlsTimeout bounds a handshake, and so how long a silent connection is
	// held.
	tlsTimeout = 2 * time.Second
	// hereTimeout bounds the question whether a daemon is one of this host.
	hereTimeout = time.Second
	// helloMost bounds the handshakes with one other host that begin within a
	// second: each costs some 200 µs. Its daemons all dial at once when it
	// comes back.
	helloMost = 100
	// hostsMost bounds the hosts of which that is counted.
	hostsMost = 4096
	// certsMost bounds the certificates of a peer that are looked at.
	certsMost = 16
)

// notOurs is why a route is refused: there is no secret in common.
type notOurs struct{ dialled bool }

func (notOurs) Error() string { return "no secret in common" }

var errTooManyHellos = errors.New("too many handshakes within a second")

// trust decides who is let in at the routes. It is safe for concurrent use.
type trust struct {
	here *ownHost
	key  ed25519.PrivateKey // of this process alone
	tls  *tls.Config        // of the server

	ready chan struct{} // closed when secrets and address are known

	mu     sync.Mutex
	addr   string // where this daemon listens
	shown  tls.Certificate
	roots  *x509.CertPool
	second time.Time
	hellos map[netip.Addr]int // since second
}

func newTrust(here *ownHost) (*trust, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key for the routes: %w", err)
	}
	t := &trust{here: here, key: key, ready: make(chan struct{}), hellos: map[netip.Addr]int{}}
	t.tls = t.config()
	return t, nil
}

// set changes the secrets, for handshakes that begin from now on. Those before
// the first wait for it.
func (t *trust) set(addr string, secrets []RouteSecret) error {
	roots := x509.NewCertPool()
	shown := tls.Certificate{PrivateKey: t.key}
	for _, secret := range secrets {
		authority, key, err := authorityOf(secret)
		if err != nil {
			return err
		}
		roots.AddCert(authority)
		der, err := x509.CreateCertificate(rand.Reader, certificate(addr), authority, t.key.Public(), key)
		if err != nil {
			return fmt.Errorf("making a certificate for the routes: %w", err)
		}
		shown.Certificate = append(shown.Certificate, der)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addr, t.roots, t.shown = addr, roots, shown
	select {
	case <-t.ready:
	default:
		close(t.ready)
	}
	return nil
}

// Certificates are valid at any time: hosts whose clocks are wrong must meet all
// the same, and what bounds the life of a certificate is that of its process.
var (
	validFrom  = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	validAt    = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	validUntil = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) // RFC 5280: without an end
)

// certificate is that of a daemon which listens on addr.
func certificate(addr string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: addr},
		NotBefore:    validFrom,
		NotAfter:     validUntil,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

// authorityOf is the same for all who know the secret.
func authorityOf(secret RouteSecret) (*x509.Certificate, ed25519.PrivateKey, error) {
	key := ed25519.NewKeyFromSeed(secret[:])
	id := sha256.Sum256(key.Public().(ed25519.PublicKey))
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "interconnect routes"},
		NotBefore:             validFrom,
		NotAfter:              validUntil,
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
		SubjectKeyId:          id[:20],
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, fmt.Errorf("making an authority for the routes: %w", err)
	}
	authority, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("making an authority for the routes: %w", err)
	}
	return authority, key, nil
}

// wait waits for the first secrets.
func (t *trust) wait() error {
	select {
	case <-t.ready:
		return nil
	case <-time.After(tlsTimeout):
		return errors.New("the secrets of the routes are not known yet")
	}
}

func (t *trust) certificate() *tls.Certificate {
	t.mu.Lock()
	defer t.mu.Unlock()
	shown := t.shown
	return &shown
}

// config is what the server dials with, and accepts with by GetConfigForClient.
func (t *trust) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		// Names and chains of the web's kind mean nothing here:
		// VerifyConnection looks at what is shown.
		InsecureSkipVerify:     true,
		ServerName:             "interconnect",
		SessionTicketsDisabled: true,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			err := t.wait()
			return t.certificate(), err
		},
		VerifyConnection:   t.checkDialled,
		GetConfigForClient: t.configFor,
	}
}

// configFor is what a connection is accepted with.
func (t *trust) configFor(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	local := t.here.hasNetAddr(hello.Conn.RemoteAddr())
	if !local && !t.mayGreet(hello.Conn.RemoteAddr(), time.Now()) {
		return nil, errTooManyHellos
	}
	if err := t.wait(); err != nil {
		return nil, err
	}
	cfg := &tls.Config{
		MinVersion:             tls.VersionTLS13,
		SessionTicketsDisabled: true,
		Certificates:           []tls.Certificate{*t.certificate()},
	}
	if !local {
		cfg.ClientAuth = tls.RequireAnyClientCert
		cfg.VerifyConnection = func(cs tls.ConnectionState) error {
			if !t.knows(cs.PeerCertificates) {
				return notOurs{}
			}
			return nil
		}
	}
	return cfg, nil
}

// mayGreet counts the handshakes that another host begins.
func (t *trust) mayGreet(addr net.Addr, now time.Time) bool {
	ip, ok := ipOf(addr)
	if !ok {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.second) >= time.Second {
		t.second = now
		clear(t.hellos)
	}
	count, known := t.hellos[ip]
	if !known && len(t.hellos) >= hostsMost || count >= helloMost {
		return false
	}
	t.hellos[ip] = count + 1
	return true
}

// checkDialled looks at who listens where we dialled.
func (t *trust) checkDialled(cs tls.ConnectionState) error {
	if err := t.wait(); err != nil {
		return err
	}
	if t.knows(cs.PeerCertificates) || t.isHere(cs.PeerCertificates) {
		return nil
	}
	return notOurs{dialled: true}
}

// knows reports whether one of an own authority's certificates is among certs,
// over the key whose owner has proved himself: that of the first.
func (t *trust) knows(certs []*x509.Certificate) bool {
	t.mu.Lock()
	roots := t.roots
	t.mu.Unlock()
	if roots == nil {
		return false // x509 would take the system's
	}
	for _, cert := range certs[:min(len(certs), certsMost)] {
		if !sameKey(cert, certs[0]) {
			continue
		}
		_, err := cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: validAt, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		if err == nil {
			return true
		}
	}
	return false
}

func sameKey(a, b *x509.Certificate) bool {
	key, ok := a.PublicKey.(ed25519.PublicKey)
	return ok && key.Equal(b.PublicKey)
}

// isHere reports whether the owner of the first certificate's key listens on
// the address of this host that it names.
func (t *trust) isHere(certs []*x509.Certificate) bool {
	if len(certs) == 0 {
		return false
	}
	addr, err := netip.ParseAddrPort(certs[0].Subject.CommonName)
	t.mu.Lock()
	own := t.addr
	t.mu.Unlock()
	if err != nil || !t.here.has(addr.Addr()) || addr.String() == own {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), hereTimeout)
	defer cancel()
	conn, err := (&net.Dialer{KeepAlive: -1}).DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return false
	}
	defer conn.Close()
	client := tls.Client(conn, &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, // of the key alone
		VerifyConnection: func(cs tls.ConnectionState) error {
			if !sameKey(cs.PeerCertificates[0], certs[0]) {
				return notOurs{dialled: true}
			}
			return nil
		},
	})
	return client.HandshakeContext(ctx) == nil
}
