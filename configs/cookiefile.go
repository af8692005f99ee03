package configs

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"syscall"
)

// maxCookieFile bounds what is read of a cookie file: the longest cookie and
// some blanks after it.
const maxCookieFile = 4096

// hintError is an error with advice.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// readCookieFile reads a cookie as OTP's auth does: of a regular file, closed
// to group and others when private is set, with line ends and blanks after
// the cookie's line dropped.
func readCookieFile(path string, private bool) (Cookie, error) {
	// Without O_NONBLOCK the opening of a named pipe would wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return Cookie{}, fmt.Errorf("reading the cookie file: %w", bare(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Cookie{}, fmt.Errorf("reading the cookie file: %w", bare(err))
	}
	if !info.Mode().IsRegular() {
		return Cookie{}, fmt.Errorf("the cookie file is not a regular file")
	}
	if private && info.Mode().Perm()&0o077 != 0 {
		return Cookie{}, &hintError{
			fmt.Errorf("the cookie file must be accessible by owner only"),
			"write 'chmod 400 " + path + "'",
		}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxCookieFile))
	if err != nil {
		return Cookie{}, fmt.Errorf("reading the cookie file: %w", bare(err))
	}
	cookie, err := NewCookie(trimCookie(data))
	if err != nil {
		return Cookie{}, fmt.Errorf("reading the cookie file: %w", err)
	}
	return cookie, nil
}

// trimCookie drops from the first line end on, when nothing but line ends and
// blanks follow it. As in auth:check_cookie/2 blanks before it are the
// cookie's own.
func trimCookie(data []byte) string {
	if end := bytes.IndexAny(data, "\r\n"); end >= 0 && len(bytes.Trim(data[end:], "\r\n ")) == 0 {
		data = data[:end]
	}
	return string(data)
}

// makeCookieFile makes path with a random cookie of 20 upper case letters and
// mode 0400, as auth:create_cookie/1 does, unless the file is there by then.
// Of several processes that do so at once one makes the file: it appears
// whole or not at all, so that all of them read the same cookie afterwards.
func makeCookieFile(path string) error {
	letters, err := randomLetters(20)
	if err != nil {
		return bare(err)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".erlang.cookie.*")
	if err != nil {
		return bare(err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(letters)
	err = errors.Join(err, temp.Chmod(0o400), temp.Sync(), temp.Close())
	if err != nil {
		return bare(err)
	}
	// A link, unlike a rename, does not replace what another has made meanwhile.
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return bare(err)
	}
	return nil
}

func randomLetters(n int) (string, error) {
	letters := make([]byte, n)
	for i := range letters {
		r, err := rand.Int(rand.Reader, big.NewInt('Z'-'A'+1))
		if err != nil {
			return "", err
		}
		letters[i] = 'A' + byte(r.Int64())
	}
	return string(letters), nil
}

// bare is the reason of a failed operation on a file without the operation
// and the path, which the message has already.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}
