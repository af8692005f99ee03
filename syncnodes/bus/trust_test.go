package bus

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// elsewhere is an end of a connection with another host.
type elsewhere struct{ net.Conn }

var otherHost = net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.9:40000")) // RFC 5737: nobody's

func (elsewhere) RemoteAddr() net.Addr { return otherHost }

// lettered are secrets made of letters.
func lettered(letters string) []RouteSecret {
	all := make([]RouteSecret, len(letters))
	for i := range letters {
		all[i][0] = letters[i]
	}
	return all
}

// trusting is the trust of a daemon on addr that has these secrets.
func trusting(t *testing.T, addr, letters string) *trust {
	t.Helper()
	tr, err := newTrust(&ownHost{})
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.set(addr, lettered(letters)); err != nil {
		t.Fatal(err)
	}
	return tr
}

// shake lets a dialler shake hands with who accepts, over a connection that
// leads to another host for the latter, and for the former nobody knows where.
func shake(t *testing.T, dial, accept *tls.Config) (dialled, accepted error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	a, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	a.SetDeadline(time.Now().Add(patience))
	b.SetDeadline(time.Now().Add(patience))
	done := make(chan error, 1)
	go func() {
		server := tls.Server(elsewhere{b}, accept)
		err := server.Handshake()
		if err == nil {
			_, err = server.Write([]byte("in"))
		}
		done <- err
		b.Close()
	}()
	client := tls.Client(elsewhere{a}, dial)
	dialled = client.Handshake()
	if dialled == nil {
		// Who was refused hears of it here, in TLS 1.3.
		_, dialled = client.Read(make([]byte, 2))
	}
	a.Close()
	return dialled, <-done
}

// TestTrustBetweenHosts: a route needs one secret in common, whoever dials.
func TestTrustBetweenHosts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		dials, accepts string
		want           bool
	}{
		{"a", "a", true},
		{"a", "b", false},
		{"ab", "ba", true},
		{"ab", "b", true},
		{"a", "cba", true},
		{"ab", "cd", false},
		{"", "a", false},
	} {
		dialled, accepted := shake(t, trusting(t, "192.0.2.9:1", tt.dials).tls, trusting(t, "192.0.2.8:1", tt.accepts).tls)
		if got := dialled == nil && accepted == nil; got != tt.want {
			t.Errorf("%q dials %q: %v, %v; want a route: %v", tt.dials, tt.accepts, dialled, accepted, tt.want)
		}
		var ours notOurs
		if !tt.want && tt.dials != "" && (!errors.As(dialled, &ours) || !ours.dialled || !strings.Contains(accepted.Error(), "bad certificate")) {
			t.Errorf("%q dials %q: %v, %v; want both to know why", tt.dials, tt.accepts, dialled, accepted)
		}
	}
}

// TestTrustRefusesForgeries: what an outsider can show who accepts everybody.
func TestTrustRefusesForgeries(t *testing.T) {
	t.Parallel()
	member := trusting(t, "192.0.2.8:1", "a")
	stolen := member.certificate().Certificate[0]
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	self, err := x509.CreateCertificate(rand.Reader, certificate("192.0.2.9:1"), certificate("192.0.2.9:1"), key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	authority, _, err := authorityOf(lettered("b")[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		cert tls.Certificate
	}{
		{"nothing", tls.Certificate{}},
		{"a certificate of its own", tls.Certificate{Certificate: [][]byte{self}, PrivateKey: key}},
		{"a member's certificate behind its own", tls.Certificate{Certificate: [][]byte{self, stolen}, PrivateKey: key}},
		{"a member's certificate without the key", tls.Certificate{Certificate: [][]byte{stolen}, PrivateKey: key}},
		{"another authority", tls.Certificate{Certificate: [][]byte{self, authority.Raw}, PrivateKey: key}},
		{"a member's certificate far behind", tls.Certificate{Certificate: append(repeated(self, 2*certsMost), stolen), PrivateKey: key}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			anybody := &tls.Config{
				InsecureSkipVerify:   true,
				GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tt.cert, nil },
			}
			if dialled, accepted := shake(t, anybody, member.tls); dialled == nil || accepted == nil {
				t.Errorf("it dials: %v, %v; want both to fail", dialled, accepted)
			}
			if len(tt.cert.Certificate) == 0 {
				return
			}
			listens := &tls.Config{Certificates: []tls.Certificate{tt.cert}}
			if dialled, accepted := shake(t, member.tls, listens); dialled == nil || accepted == nil {
				t.Errorf("it is dialled: %v, %v; want both to fail", dialled, accepted)
			}
		})
	}
	t.Run("TLS 1.2", func(t *testing.T) {
		old := &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}
		if dialled, _ := shake(t, old, member.tls); dialled == nil {
			t.Error("a handshake of an older version succeeds")
		}
	})
}

func repeated(cert []byte, n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = cert
	}
	return all
}

// TestTrustOnThisHost: who comes from an address of this host needs no secret,
// and is known by where its key listens.
func TestTrustOnThisHost(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	addr := listener.Addr().String()
	here := trusting(t, addr, "b")
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				server := tls.Server(conn, here.tls)
				if server.Handshake() == nil {
					_, _ = server.Write([]byte("in"))
				}
			}()
		}
	}()
	member := trusting(t, "127.0.0.1:1", "a")
	conn, err := tls.Dial("tcp", addr, member.tls)
	if err != nil {
		t.Fatalf("another cookie's daemon of this host: %v", err)
	}
	if _, err := conn.Read(make([]byte, 2)); err != nil {
		t.Errorf("another cookie's daemon of this host: %v", err)
	}
	conn.Close()
	for name, claims := range map[string]string{
		"a stranger that claims its address":     addr,
		"one that claims a port where nobody is": "127.0.0.1:1",
		"one that claims an address of another":  "192.0.2.7:4370",
		"one that claims nonsense":               "nonsense",
	} {
		if dialled, accepted := shake(t, member.tls, trusting(t, claims, "c").tls); dialled == nil || accepted == nil {
			t.Errorf("%s: %v, %v; want both to fail", name, dialled, accepted)
		}
	}
}

// TestTrustWaits: handshakes before the secrets are known wait for them, and not
// for ever.
func TestTrustWaits(t *testing.T) {
	t.Parallel()
	early, err := newTrust(&ownHost{})
	if err != nil {
		t.Fatal(err)
	}
	if early.knows(nil) {
		t.Error("somebody is known before there are secrets")
	}
	time.AfterFunc(20*time.Millisecond, func() {
		if err := early.set("192.0.2.8:1", lettered("a")); err != nil {
			t.Error(err)
		}
	})
	if dialled, accepted := shake(t, trusting(t, "192.0.2.9:1", "a").tls, early.tls); dialled != nil || accepted != nil {
		t.Errorf("%v, %v; want a route once the secrets are known", dialled, accepted)
	}
	never, err := newTrust(&ownHost{})
	if err != nil {
		t.Fatal(err)
	}
	if dialled, accepted := shake(t, trusting(t, "192.0.2.9:1", "a").tls, never.tls); dialled == nil || accepted == nil {
		t.Errorf("%v, %v; want none without secrets", dialled, accepted)
	}
}

// TestTrustBoundsHandshakes: so many a second with each other host.
func TestTrustBoundsHandshakes(t *testing.T) {
	tr := trusting(t, "192.0.2.8:1", "a")
	now := time.Now()
	other := net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.10:40000"))
	for i := range 2 * helloMost {
		if got, want := tr.mayGreet(otherHost, now), i < helloMost; got != want {
			t.Fatalf("handshake %d within a second: %v, want %v", i, got, want)
		}
	}
	if !tr.mayGreet(other, now) {
		t.Error("one host's handshakes count as another's")
	}
	if !tr.mayGreet(otherHost, now.Add(time.Second)) {
		t.Error("the next second has no handshakes")
	}
	for i := range 2 * hostsMost {
		tr.mayGreet(&net.TCPAddr{IP: net.IPv4(198, 51, byte(i>>8), byte(i))}, now)
	}
	if len(tr.hellos) > hostsMost {
		t.Errorf("%d hosts are counted, want %d at most", len(tr.hellos), hostsMost)
	}
}

// TestStrangersAreTold once a minute, and few of them.
func TestStrangersAreTold(t *testing.T) {
	log, lines := logTo(0)
	s := strangers{log: log, here: &ownHost{}}
	bad := errors.New("remote error: tls: bad certificate")
	for range 3 {
		s.refused("192.0.2.9:40000", bad)
		s.refused("192.0.2.9:40001", notOurs{})
		s.refused("192.0.2.7:4370", notOurs{dialled: true})
		s.refused("192.0.2.6:4370", errors.New("EOF"))
		s.refused("127.0.0.1:40000", bad)
	}
	got := lines.String()
	for _, want := range []string{
		"[ERROR] Connection attempt from 192.0.2.9 rejected. Invalid challenge reply.\n",
		"[WARN]  192.0.2.7:4370 refused us: our cookies differ\n",
	} {
		if strings.Count(got, want) != 1 {
			t.Errorf("want %q once in\n%s", want, got)
		}
	}
	if strings.Count(got, "\n") != 2 || s.refusals() != 9 {
		t.Errorf("%d refusals, want 9; want two lines:\n%s", s.refusals(), got)
	}
	for i := range 3 * strangersMost {
		s.refused(net.JoinHostPort(net.IPv4(192, 0, 2, byte(i)).String(), "1"), bad)
	}
	if n := strings.Count(lines.String(), "\n"); n > strangersMost {
		t.Errorf("%d lines within a minute, want %d at most", n, strangersMost)
	}
}
