package bus

import (
	"fmt"
	"strconv"
	"strings"

	"interconnectd/configs/nodeid"
)

// subjects are the subjects of one cluster.
type subjects struct {
	prefix       string // interconnect.1.<cluster>.
	hellos, whos string
}

func newSubjects(cluster string) subjects {
	prefix := "interconnect.1." + cluster + "."
	return subjects{prefix: prefix, hellos: prefix + "hello", whos: prefix + "who"}
}

// name is the subject of a node's name.
func (s subjects) name(n nodeid.Name) string { return s.prefix + "n." + token(string(n)) }

// frame is the subject of one process.
func (s subjects) frame(n nodeid.Name, inc nodeid.Incarnation) string {
	return s.prefix + "i." + token(string(n)) + "." + inc.String()
}

// reply is the subject of one answer to inc; reply 0 is "", no answer.
func (s subjects) reply(inc nodeid.Incarnation, id uint64) string {
	if id == 0 {
		return ""
	}
	return s.prefix + "r." + inc.String() + "." + strconv.FormatUint(id, 10)
}

// replies matches all answers to inc.
func (s subjects) replies(inc nodeid.Incarnation) string {
	return s.prefix + "r." + inc.String() + ".*"
}

// event is the subject of what a node publishes.
func (s subjects) event(n nodeid.Name) string { return s.prefix + "e." + token(string(n)) }

// parseReply reads what reply writes, and nothing else: an answer must never
// go to a subject that a stranger chose freely.
func (s subjects) parseReply(subject string) (inc nodeid.Incarnation, id uint64, ok bool) {
	rest, ok := strings.CutPrefix(subject, s.prefix+"r.")
	if !ok {
		return inc, 0, false
	}
	hex, decimal, ok := strings.Cut(rest, ".")
	if !ok {
		return inc, 0, false
	}
	inc, err := nodeid.ParseIncarnation(hex)
	if err != nil {
		return inc, 0, false
	}
	id, err = strconv.ParseUint(decimal, 10, 64)
	// The form is unique: lower-case, no sign, no leading zero.
	return inc, id, err == nil && s.reply(inc, id) == subject
}

// serverName is the name of a node's embedded server: it stands in the
// server's log lines and in its table of routes.
func serverName(n nodeid.Name, inc nodeid.Incarnation) string {
	return token(string(n)) + "." + inc.String()
}

// parseServerName reads what serverName writes; a stranger's name is not ok.
func parseServerName(s string) (n nodeid.Name, inc nodeid.Incarnation, ok bool) {
	tok, hex, found := strings.Cut(s, ".")
	if !found {
		return "", inc, false
	}
	inc, err := nodeid.ParseIncarnation(hex)
	if err != nil {
		return "", inc, false
	}
	n, err = nodeid.Parse(untoken(tok))
	return n, inc, err == nil && serverName(n, inc) == s
}

const upperHex = "0123456789ABCDEF"

// token makes one token of a subject of s: [A-Za-z0-9_@-] stays, every other
// byte becomes %XX.
func token(s string) string {
	plain := 0
	for plain < len(s) && isTokenByte(s[plain]) {
		plain++
	}
	if plain == len(s) {
		return s
	}
	b := make([]byte, plain, 3*len(s))
	copy(b, s)
	for i := plain; i < len(s); i++ {
		if c := s[i]; isTokenByte(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(b)
}

// untoken turns %XX back into bytes; what is not of that form stays.
func untoken(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(v))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func isTokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '@' || c == '-'
}

func validCluster(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) || s[i] == '@' {
			return false
		}
	}
	return s != ""
}

// checkSend rejects what no Conn sends.
func checkSend(to nodeid.Name, replyID uint64, data []byte) error {
	switch {
	case to == "":
		return fmt.Errorf("no node to send to")
	case replyID > MaxReplyID:
		return fmt.Errorf("reply id %d: above %d", replyID, uint64(MaxReplyID))
	case len(data) > MaxPacket:
		return ErrTooLong
	}
	return nil
}
