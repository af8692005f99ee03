package membership

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"interconnectd/configs/nodeid"
)

// PageBytes bounds the form of one message in bytes: a page of names, or a
// tip. It leaves room below the 64 KiB of a frame.
const PageBytes = 32 << 10

const (
	infoHidden     = 1 << 0
	infoConnectAll = 1 << 1
	infoTransient  = 1 << 2
)

var errShort = errors.New("message ends early")

// AppendInfo appends the form of info in bytes: a flag byte, then the route and the
// version, each with its length before it.
func AppendInfo(dst []byte, info Info) []byte {
	var flags byte
	if info.Hidden {
		flags |= infoHidden
	}
	if info.ConnectAll {
		flags |= infoConnectAll
	}
	if info.Transient {
		flags |= infoTransient
	}
	dst = appendString(append(dst, flags), info.Route)
	return appendString(dst, info.Version)
}

// ParseInfo reads what AppendInfo wrote; an info without a version is one of
// v0.1.0. Bytes after it are left for later versions.
func ParseInfo(data []byte) (Info, error) {
	r := reader{data: data}
	flags := r.byte()
	info := Info{
		Hidden:     flags&infoHidden != 0,
		ConnectAll: flags&infoConnectAll != 0,
		Transient:  flags&infoTransient != 0,
		Route:      r.string(),
	}
	if r.err == nil && len(r.data) > 0 {
		info.Version = r.string()
	}
	if r.err == nil && !ValidVersion(info.Version) {
		r.err = fmt.Errorf("%q is no version", info.Version)
	}
	if r.err != nil {
		return Info{}, fmt.Errorf("reading a peer's info: %w", r.err)
	}
	return info, nil
}

// ValidVersion reports whether people may be shown v as it is: see Info.
func ValidVersion(v string) bool {
	return len(v) <= MaxVersion && !strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' })
}

// AppendRef appends the form of ref in bytes: the name with its length before
// it, then the incarnation.
func AppendRef(dst []byte, ref NodeRef) []byte {
	return append(appendString(dst, string(ref.Node)), ref.Incarnation[:]...)
}

// ParseRef reads what AppendRef wrote, up to the end of data.
func ParseRef(data []byte) (NodeRef, error) {
	r := reader{data: data}
	ref := r.ref()
	switch {
	case r.err != nil:
		return NodeRef{}, fmt.Errorf("reading a node: %w", r.err)
	case len(r.data) > 0:
		return NodeRef{}, fmt.Errorf("reading a node: %d bytes after its end", len(r.data))
	}
	return ref, nil
}

// AppendMessage appends the form of m in bytes: its kind, then its fields in
// order; numbers are uvarints, names have their length before them.
func AppendMessage(dst []byte, m Message) []byte {
	dst = append(dst, m.messageKind())
	switch m := m.(type) {
	case Probe:
		dst = appendProbe(dst, m.Seq, m.Digest)
	case Answer:
		dst = appendProbe(dst, m.Seq, m.Digest)
	case Tip:
		dst = appendRefs(dst, m.Suspects)
	case Goodbye:
		dst = binary.AppendUvarint(dst, m.Seq)
	case Disconnect:
		dst = binary.AppendUvarint(dst, m.Seq)
	case Done:
		dst = binary.AppendUvarint(dst, m.Seq)
	case Pull:
		dst = appendString(binary.AppendUvarint(dst, m.Seq), string(m.After))
	case Names:
		dst = binary.AppendUvarint(dst, m.Seq)
		dst = append(dst, boolByte(m.More))
		dst = appendRefs(dst, m.Nodes)
	}
	return dst
}

// ParseMessage reads one message. Input that AppendMessage does not write is
// an error: an unknown kind, an early end, a name that is none, bytes after
// the end.
func ParseMessage(data []byte) (Message, error) {
	r := reader{data: data}
	m := r.message()
	switch {
	case r.err != nil:
		return nil, fmt.Errorf("reading a message: %w", r.err)
	case len(r.data) > 0:
		return nil, fmt.Errorf("reading a message: %d bytes after its end", len(r.data))
	}
	return m, nil
}

func (r *reader) message() Message {
	switch kind := r.byte(); kind {
	case kindProbe:
		return Probe{Seq: r.uvarint(), Digest: r.uint64()}
	case kindAnswer:
		return Answer{Seq: r.uvarint(), Digest: r.uint64()}
	case kindTip:
		return Tip{Suspects: r.refs()}
	case kindGoodbye:
		return Goodbye{Seq: r.uvarint()}
	case kindDisconnect:
		return Disconnect{Seq: r.uvarint()}
	case kindDone:
		return Done{Seq: r.uvarint()}
	case kindPull:
		return Pull{Seq: r.uvarint(), After: nodeid.Name(r.string())}
	case kindNames:
		return Names{Seq: r.uvarint(), More: r.bool(), Nodes: r.refs()}
	default:
		if r.err == nil {
			r.err = fmt.Errorf("unknown kind %d", kind)
		}
		return nil
	}
}

// A digest has all its bits in use, so it is fixed in size.
func appendProbe(dst []byte, seq, digest uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.AppendUvarint(dst, seq), digest)
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendRefs(dst []byte, refs []NodeRef) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(refs)))
	for _, ref := range refs {
		dst = AppendRef(dst, ref)
	}
	return dst
}

// refBytes is at least what appendRefs uses for ref.
func refBytes(ref NodeRef) int {
	return binary.MaxVarintLen16 + len(ref.Node) + len(ref.Incarnation)
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// reader takes fields off the front of data; after the first error all it
// gives is zero.
type reader struct {
	data []byte
	err  error
}

func (r *reader) take(n uint64) []byte {
	if r.err == nil && n > uint64(len(r.data)) {
		r.err = errShort
	}
	if r.err != nil {
		return nil
	}
	front := r.data[:n]
	r.data = r.data[n:]
	return front
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) bool() bool {
	b := r.byte()
	if b > 1 && r.err == nil {
		r.err = fmt.Errorf("%d is no boolean", b)
	}
	return b == 1
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.err = errShort
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) string() string { return string(r.take(r.uvarint())) }

func (r *reader) refs() []NodeRef {
	count := r.uvarint()
	if r.err == nil && count > uint64(len(r.data)) {
		r.err = errShort // before anything of that size is allocated
	}
	var refs []NodeRef
	for i := uint64(0); i < count && r.err == nil; i++ {
		refs = append(refs, r.ref())
	}
	return refs
}

func (r *reader) ref() NodeRef {
	name, err := nodeid.Parse(r.string())
	if r.err == nil {
		r.err = err
	}
	ref := NodeRef{Node: name}
	copy(ref.Incarnation[:], r.take(uint64(len(ref.Incarnation))))
	return ref
}
