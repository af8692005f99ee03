package bus

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"interconnectd/syncnodes/bus/bustest"
)

// secrets is a folder of what servers and nodes need to know each other.
type secrets struct {
	t   *testing.T
	dir string
}

func (s secrets) path(name string) string { return filepath.Join(s.dir, name) }

func (s secrets) write(name, text string) (path string) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return s.path(name)
}

func must[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// user makes an NKey of a user and gives its public half and the file of its seed.
func (s secrets) user(name string) (public, seedFile string) {
	s.t.Helper()
	pair, err := nkeys.CreateUser()
	must(s.t, pair, err)
	public, err = pair.PublicKey()
	must(s.t, public, err)
	seed, err := pair.Seed()
	must(s.t, seed, err)
	return public, s.write(name, string(seed))
}

// operator makes the configuration of a server that trusts one account, and the
// file of credentials of a user of it.
func (s secrets) operator(name string) (conf, credentials string) {
	t := s.t
	t.Helper()
	operator, err := nkeys.CreateOperator()
	must(t, operator, err)
	account, err := nkeys.CreateAccount()
	must(t, account, err)
	user, err := nkeys.CreateUser()
	must(t, user, err)
	public := func(pair nkeys.KeyPair) string {
		key, err := pair.PublicKey()
		return must(t, key, err)
	}
	encode := func(claims interface {
		Encode(nkeys.KeyPair) (string, error)
	}, signer nkeys.KeyPair,
	) string {
		token, err := claims.Encode(signer)
		return must(t, token, err)
	}
	operatorToken := encode(jwt.NewOperatorClaims(public(operator)), operator)
	accountToken := encode(jwt.NewAccountClaims(public(account)), operator)
	userToken := encode(jwt.NewUserClaims(public(user)), account)
	seed, err := user.Seed()
	must(t, seed, err)
	decorated, err := jwt.FormatUserConfig(userToken, seed)
	must(t, decorated, err)
	conf = fmt.Sprintf("operator: %s\nresolver: MEMORY\nresolver_preload: {%s: %s}\n", s.write(name+".operator", operatorToken), public(account), accountToken)
	return conf, s.write(name, string(decorated))
}

// authority makes certificates of its own.
type authority struct {
	secrets
	name string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func (s secrets) authority(name string) *authority {
	s.t.Helper()
	a := &authority{secrets: s, name: name}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key = a.issue(template, template, nil, name)
	return a
}

// pair issues a certificate for 127.0.0.1 and gives the files of it and its key.
func (a *authority) pair(name string) (cert, key string) {
	a.t.Helper()
	a.issue(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, a.key, name)
	return a.path(name + ".pem"), a.path(name + ".key")
}

// issue writes NAME.pem and NAME.key; without a signer the certificate signs
// itself.
func (s secrets) issue(template, parent *x509.Certificate, signer *ecdsa.PrivateKey, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t := s.t
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, key, err)
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	must(t, der, err)
	cert, err := x509.ParseCertificate(der)
	must(t, cert, err)
	secret, err := x509.MarshalECPrivateKey(key)
	must(t, secret, err)
	s.write(name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	s.write(name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})))
	return cert, key
}

// authCase is a server's configuration, what a node needs there, and what others
// are told.
type authCase struct {
	name  string
	conf  string
	good  Auth
	wrong map[string]Auth // by a part of the line that tells it
}

func authCases(s secrets) []authCase {
	const nothing = "lets nobody in without credentials: set bus.credentials_file"
	password, token, other := s.write("password", "hush\n"), s.write("token", "hush-hush\n"), s.write("other", "wrong\n")
	public, seed := s.user("user.nk")
	_, stranger := s.user("stranger.nk")
	operator, credentials := s.operator("user.creds")
	_, strange := s.operator("stranger.creds")
	ca, foreign := s.authority("ca"), s.authority("foreign")
	serverCert, serverKey := ca.pair("server")
	nodeCert, nodeKey := ca.pair("node")
	foreignCert, foreignKey := foreign.pair("foreign-node")
	tls := func(more string) string {
		return fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q %s }\n", serverCert, serverKey, ca.path("ca.pem"), more)
	}
	return []authCase{
		{
			"user and password", "authorization { user: node, password: hush }",
			Auth{User: "node", PasswordFile: password},
			map[string]Auth{
				nothing: {},
				"those of bus.user node and bus.password_file " + other: {User: "node", PasswordFile: other},
				"nowhere: no such file":                                 {User: "node", PasswordFile: s.path("nowhere")},
			},
		},
		{
			"token", "authorization { token: hush-hush }",
			Auth{TokenFile: token},
			map[string]Auth{nothing: {}, "those of bus.token_file " + other: {TokenFile: other}},
		},
		{
			"NKey", "authorization { users: [{ nkey: " + public + " }] }",
			Auth{NKeyFile: seed},
			map[string]Auth{nothing: {}, "those of bus.nkey_file " + stranger: {NKeyFile: stranger}},
		},
		{
			"credentials", operator,
			Auth{CredentialsFile: credentials},
			map[string]Auth{nothing: {}, "those of bus.credentials_file " + strange: {CredentialsFile: strange}},
		},
		{
			"TLS", tls(""),
			Auth{CAFile: ca.path("ca.pem")},
			map[string]Auth{
				"an authority that we do not know, see bus.tls.ca_file":  {},
				"an authority that we do not know, see bus.tls.ca_file:": {CAFile: foreign.path("foreign.pem")},
			},
		},
		{
			"TLS with certificates of the nodes", tls(", verify: true"),
			Auth{CAFile: ca.path("ca.pem"), CertFile: nodeCert, KeyFile: nodeKey},
			map[string]Auth{
				"wants a certificate of us, set bus.tls.cert_file":                {CAFile: ca.path("ca.pem")},
				"refuses our certificate, bus.tls.cert_file " + foreignCert + ":": {CAFile: ca.path("ca.pem"), CertFile: foreignCert, KeyFile: foreignKey},
			},
		},
	}
}

// Each way to be known by a real nats-server, and what is told where it does not
// know a node.
func TestAuth(t *testing.T) {
	t.Parallel()
	for _, tt := range authCases(secrets{t, t.TempDir()}) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startNATS(t, "-c", secrets{t, t.TempDir()}.write("nats.conf", tt.conf))
			cfg := configOn(t, s, 0)
			cfg.Auth = tt.good
			event(t, open(t, cfg), Connected)
			for told, auth := range tt.wrong {
				cfg := configOn(t, s, 1)
				log, lines := logTo(hclog.Info)
				cfg.Auth, cfg.Logger = auth, log
				open(t, cfg)
				bustest.Eventually(t, "it is told: "+told, func() bool { return contains(lines.String(), told) })
				if contains(lines.String(), "hush") {
					t.Errorf("a secret is told: %s", lines.String())
				}
			}
		})
	}
}

// A password that is changed on the server and in the file is taken by the next
// connection.
func TestAuthFileChanges(t *testing.T) {
	t.Parallel()
	files := secrets{t, t.TempDir()}
	conf := files.write("nats.conf", "authorization { user: node, password: first }")
	password := files.write("password", "first")
	s := startNATS(t, "-c", conf)
	cfg := configOn(t, s, 0)
	cfg.Auth = Auth{User: "node", PasswordFile: password}
	c := open(t, cfg)
	event(t, c, Connected)
	files.write("nats.conf", "authorization { user: node, password: second }")
	s.Kill(t)
	event(t, c, Lost)
	files.write("password", "second")
	s.Start(t)
	event(t, c, Back)
}

// What is wrong with files that are read once is an error.
func TestAuthBadFiles(t *testing.T) {
	files := secrets{t, t.TempDir()}
	garbage := files.write("garbage", "garbage")
	for name, auth := range map[string]Auth{
		"no NKey":          {NKeyFile: garbage},
		"no credentials":   {CredentialsFile: files.path("nowhere")},
		"no such NKey":     {NKeyFile: files.path("nowhere")},
		"no authorities":   {CAFile: garbage},
		"no certificate":   {CertFile: garbage, KeyFile: garbage},
		"no such CA file":  {CAFile: files.path("nowhere")},
		"no such key file": {CertFile: garbage, KeyFile: files.path("nowhere")},
	} {
		cfg := testConfig(t, "a@127.0.0.1", PortRange{})
		cfg.URLs, cfg.Auth = []string{"nats://127.0.0.1:1"}, auth
		if c, err := Open(t.Context(), cfg); err == nil {
			t.Errorf("%s: no error", name)
			c.Close()
		}
	}
}

// Two servers in a cluster: whoever is on the one that dies goes over to the
// other.
func TestFailover(t *testing.T) {
	t.Parallel()
	route := freePorts(1).Min
	cluster := func(more string) string {
		return secrets{t, t.TempDir()}.write("nats.conf", "cluster { name: two, "+more+" }")
	}
	first := startNATS(t, "-c", cluster(fmt.Sprintf("listen: '127.0.0.1:%d'", route)))
	second := startNATS(t, "-c", cluster(fmt.Sprintf("listen: '127.0.0.1:-1', routes: ['nats-route://127.0.0.1:%d']", route)))
	a, b := configOn(t, first, 0), configOn(t, second, 1)
	a.URLs = append(a.URLs, second.URL())
	b.URLs = append(b.URLs, first.URL())
	one, other := open(t, a), open(t, b)
	event(t, one, Connected)
	event(t, other, Connected)
	arrives := func() {
		t.Helper()
		bustest.Eventually(t, "a packet", func() bool {
			if err := one.SendName(b.Node, 0, []byte("x")); err != nil {
				return false
			}
			select {
			case <-other.Names():
				return true
			case <-time.After(20 * time.Millisecond):
				return false
			}
		})
	}
	arrives()
	if one.(*client).nc.ConnectedUrl() == first.URL() { // it chooses one at random
		first.Kill(t)
	} else {
		second.Kill(t)
	}
	event(t, one, Lost)
	event(t, one, Back)
	arrives()
}
