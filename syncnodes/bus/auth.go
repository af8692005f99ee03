package bus

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/nats-io/nats.go"
)

// Auth says how a node proves to external servers who it is, and they to the
// node. At most one of CredentialsFile, NKeyFile, User and TokenFile is set. The
// files are read again for each connection, so that what they hold can be changed
// while the node runs; that of an NKey excepted.
type Auth struct {
	CredentialsFile string // a user's JWT and seed, as nsc makes it
	NKeyFile        string // a user's seed
	User            string
	PasswordFile    string // of User
	TokenFile       string

	CAFile   string // PEM; "": the system's authorities
	CertFile string // PEM, of the node; with KeyFile or not at all
	KeyFile  string
}

// maxSecret bounds what is read of a file with a password or a token.
const maxSecret = 4096

// options are the NATS options of a. An NKey that cannot be read is an error here, a
// file of credentials or of TLS one of nats.Connect; what is wrong with a password or
// a token is told when a connection needs it.
func (a Auth) options(failed func(error)) ([]nats.Option, error) {
	var opts []nats.Option
	switch {
	case a.CredentialsFile != "":
		opts = append(opts, nats.UserCredentials(a.CredentialsFile))
	case a.NKeyFile != "":
		opt, err := nats.NkeyOptionFromSeed(a.NKeyFile)
		if err != nil {
			return nil, fmt.Errorf("reading the NKey in %s: %w", a.NKeyFile, err)
		}
		opts = append(opts, opt)
	case a.User != "":
		opts = append(opts, nats.UserInfoHandler(func() (user, password string) { return a.User, secretIn(a.PasswordFile, failed) }))
	case a.TokenFile != "":
		opts = append(opts, nats.TokenHandler(func() string { return secretIn(a.TokenFile, failed) }))
	}
	if a.CAFile != "" {
		opts = append(opts, nats.Secure(), nats.RootCAs(a.CAFile))
	}
	if a.CertFile != "" {
		opts = append(opts, nats.ClientCert(a.CertFile, a.KeyFile))
	}
	return opts, nil
}

// secretIn is the text of a file, without line ends after it. Where it cannot be
// read the server refuses us, and failed hears why.
func secretIn(path string, failed func(error)) string {
	f, err := os.Open(path)
	if err != nil {
		failed(err)
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		failed(fmt.Errorf("reading %s: %w", path, err))
	}
	return string(bytes.TrimRight(text, "\r\n"))
}

// proof names what a shows to a server, for people: the certificate where there is
// nothing else, "" where there is nothing at all.
func (a Auth) proof() string {
	switch {
	case a.CredentialsFile != "":
		return "bus.credentials_file " + a.CredentialsFile
	case a.NKeyFile != "":
		return "bus.nkey_file " + a.NKeyFile
	case a.User != "":
		return "bus.user " + a.User + " and bus.password_file " + a.PasswordFile
	case a.TokenFile != "":
		return "bus.token_file " + a.TokenFile
	case a.CertFile != "":
		return "bus.tls.cert_file " + a.CertFile
	}
	return ""
}

// inWords says what an error of the NATS client means for us, and what to do.
func (a Auth) inWords(err error) error {
	var unknown x509.UnknownAuthorityError
	var certificate *tls.CertificateVerificationError
	switch {
	case err == nil:
		return errors.New("the NATS server closed the connection")
	case errors.Is(err, nats.ErrAuthorization) && a.proof() == "":
		return fmt.Errorf("the NATS server lets nobody in without credentials: set bus.credentials_file, bus.nkey_file, bus.user and bus.password_file, or bus.token_file: %w", err)
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked), errors.Is(err, nats.ErrAccountAuthExpired):
		return fmt.Errorf("the NATS server refuses our credentials, those of %s: %w", a.proof(), err)
	case errors.Is(err, nats.ErrStaleConnection):
		return fmt.Errorf("the NATS server answers no pings: %w", err)
	case errors.As(err, &unknown):
		return fmt.Errorf("the certificate of the NATS server is of an authority that we do not know, see bus.tls.ca_file: %w", err)
	case errors.As(err, &certificate):
		return fmt.Errorf("the certificate of the NATS server is not good: %w", err)
	case strings.Contains(err.Error(), "tls: certificate required"), strings.Contains(err.Error(), "tls: bad certificate"), strings.Contains(err.Error(), "tls: unknown certificate authority"):
		if a.CertFile == "" {
			return fmt.Errorf("the NATS server wants a certificate of us, set bus.tls.cert_file and bus.tls.key_file: %w", err)
		}
		return fmt.Errorf("the NATS server refuses our certificate, bus.tls.cert_file %s: %w", a.CertFile, err)
	}
	return err
}
