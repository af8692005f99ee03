package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// What a bbolt file is made of: pages, of which the first two say where the rest
// begins. See go.etcd.io/bbolt, internal/common.
const (
	metaMagic     = 0xED0CDAED
	metaVersion   = 2
	metaSize      = 64 // behind the header of its page
	headerSize    = 16
	elementSize   = 16
	bucketSize    = 16 // of a bucket's value: its root page and its sequence
	pageBranch    = 0x01
	pageLeaf      = 0x02
	pageFreelist  = 0x10
	isBucket      = 0x01
	noFreelist    = 1<<64 - 1
	deepest       = 64       // levels; ten million events need five
	largestPage   = 16 << 20 // bytes
	smallestPage  = 1 << 10
	manyFree      = 0xFFFF // the count stands in the first id
	firstDataPage = 2
)

// checkPages looks at all pages that a bbolt file has in use, and at its list of
// free ones, before bbolt does: what points astray there is read by mmap without a
// check, or followed for ever. The error says what is wrong.
func checkPages(file io.ReaderAt, size int64) error {
	m, err := findMeta(file, size)
	if err != nil {
		return err
	}
	if need := int64(m.pages) * int64(m.pageSize); m.pages > uint64(size) || need > size {
		return fmt.Errorf("it is cut short: %d bytes of %d", size, need)
	}
	c := pageCheck{meta: m, file: file, seen: make([]bool, m.pages)}
	if err := c.walk(m.root, 0); err != nil {
		return err
	}
	return c.checkFreelist()
}

// fileMeta is what the valid one, or the later, of the first two pages says.
type fileMeta struct {
	pageSize uint32
	root     uint64 // page of the root bucket
	freelist uint64 // page
	pages    uint64 // in use or free
	txid     uint64
}

// findMeta reads the first two pages. The size of a page stands in both: where the
// first is broken, all sizes are tried for the place of the second.
func findMeta(file io.ReaderAt, size int64) (fileMeta, error) {
	first, ok := readMeta(file, 0)
	if ok {
		if second, ok := readMeta(file, int64(first.pageSize)); ok && second.txid > first.txid {
			return second, nil
		}
		return first, nil
	}
	for at := int64(smallestPage); at < size && at <= largestPage; at *= 2 {
		if second, ok := readMeta(file, at); ok && int64(second.pageSize) == at {
			return second, nil
		}
	}
	return fileMeta{}, fmt.Errorf("it is no file of this kind, or its beginning is lost")
}

func readMeta(file io.ReaderAt, at int64) (fileMeta, bool) {
	page := make([]byte, headerSize+metaSize)
	if _, err := file.ReadAt(page, at); err != nil {
		return fileMeta{}, false
	}
	b, order := page[headerSize:], binary.NativeEndian
	sum := fnv.New64a()
	_, _ = sum.Write(b[:metaSize-8])
	m := fileMeta{pageSize: order.Uint32(b[8:]), root: order.Uint64(b[16:]), freelist: order.Uint64(b[32:]), pages: order.Uint64(b[40:]), txid: order.Uint64(b[48:])}
	ok := order.Uint32(b) == metaMagic && order.Uint32(b[4:]) == metaVersion && order.Uint64(b[56:]) == sum.Sum64() &&
		m.pageSize >= smallestPage && m.pageSize <= largestPage
	return m, ok
}

// pageCheck walks through the pages of a file.
type pageCheck struct {
	meta fileMeta
	file io.ReaderAt
	seen []bool // by page
}

// page reads a page with those that it overflows into, which no other may use.
func (c *pageCheck) page(id uint64) ([]byte, error) {
	if id < firstDataPage || id >= c.meta.pages {
		return nil, fmt.Errorf("page %d is none of its %d", id, c.meta.pages)
	}
	at := int64(id) * int64(c.meta.pageSize)
	header := make([]byte, headerSize)
	if _, err := c.file.ReadAt(header, at); err != nil {
		return nil, fmt.Errorf("reading page %d: %w", id, err)
	}
	more := uint64(binary.NativeEndian.Uint32(header[12:]))
	if binary.NativeEndian.Uint64(header) != id || more >= c.meta.pages-id {
		return nil, fmt.Errorf("page %d is damaged", id)
	}
	for i := id; i <= id+more; i++ {
		if c.seen[i] {
			return nil, fmt.Errorf("page %d is used twice", i)
		}
		c.seen[i] = true
	}
	page := make([]byte, (more+1)*uint64(c.meta.pageSize))
	if _, err := c.file.ReadAt(page, at); err != nil {
		return nil, fmt.Errorf("reading page %d: %w", id, err)
	}
	return page, nil
}

// walk looks at a page of a bucket's tree, and at all below it.
func (c *pageCheck) walk(id uint64, depth int) error {
	if depth > deepest {
		return fmt.Errorf("its pages are too deep")
	}
	page, err := c.page(id)
	if err != nil {
		return err
	}
	switch flags := binary.NativeEndian.Uint16(page[8:]); flags {
	case pageBranch:
		return c.elements(page, id, func(element []byte) error {
			return c.walk(binary.NativeEndian.Uint64(element[8:]), depth+1)
		})
	case pageLeaf:
		return c.elements(page, id, func(element []byte) error { return c.leaf(element, id, depth) })
	default:
		return fmt.Errorf("page %d is of no kind", id)
	}
}

// elements looks at the elements of a page, whose keys must be in order. Each gets
// what is left of the page from its beginning on.
func (c *pageCheck) elements(page []byte, id uint64, look func(element []byte) error) error {
	order := binary.NativeEndian
	count := int(order.Uint16(page[10:]))
	branch := order.Uint16(page[8:]) == pageBranch
	if headerSize+count*elementSize > len(page) || branch && count == 0 {
		return fmt.Errorf("page %d is damaged", id)
	}
	var last []byte
	for i := range count {
		element := page[headerSize+i*elementSize:]
		pos, size := uint64(order.Uint32(element)), uint64(order.Uint32(element[4:]))
		if !branch {
			pos, size = uint64(order.Uint32(element[4:])), uint64(order.Uint32(element[8:]))
		}
		if pos < elementSize || pos+size > uint64(len(element)) {
			return fmt.Errorf("page %d is damaged", id)
		}
		key := element[pos : pos+size]
		if i > 0 && bytes.Compare(last, key) >= 0 {
			return fmt.Errorf("page %d is out of order", id)
		}
		last = key
		if err := look(element); err != nil {
			return err
		}
	}
	return nil
}

// leaf looks at a value, which may be a bucket: one with a page of its own, or a
// small one that stands in the value.
func (c *pageCheck) leaf(element []byte, id uint64, depth int) error {
	order := binary.NativeEndian
	pos, keySize, size := uint64(order.Uint32(element[4:])), uint64(order.Uint32(element[8:])), uint64(order.Uint32(element[12:]))
	if pos+keySize+size > uint64(len(element)) {
		return fmt.Errorf("page %d is damaged", id)
	}
	if order.Uint32(element)&isBucket == 0 {
		return nil
	}
	value := element[pos+keySize : pos+keySize+size]
	if len(value) < bucketSize {
		return fmt.Errorf("page %d is damaged", id)
	}
	if root := order.Uint64(value); root != 0 {
		return c.walk(root, depth+1)
	}
	inline := value[bucketSize:]
	if len(inline) < headerSize || order.Uint16(inline[8:]) != pageLeaf {
		return fmt.Errorf("page %d is damaged", id)
	}
	return c.elements(inline, id, func(element []byte) error {
		if order.Uint32(element)&isBucket != 0 {
			return fmt.Errorf("page %d is damaged", id) // bbolt puts no bucket there
		}
		return c.leaf(element, id, depth+1)
	})
}

// checkFreelist wants no page that is in use among the free ones: it would be
// written over.
func (c *pageCheck) checkFreelist() error {
	if c.meta.freelist == noFreelist {
		return nil
	}
	page, err := c.page(c.meta.freelist)
	if err != nil {
		return err
	}
	order := binary.NativeEndian
	ids, count := page[headerSize:], uint64(order.Uint16(page[10:]))
	if count == manyFree {
		count, ids = order.Uint64(ids), ids[8:]
	}
	if order.Uint16(page[8:]) != pageFreelist || count > uint64(len(ids)/8) {
		return fmt.Errorf("the list of free pages is damaged")
	}
	for i := range count {
		id := order.Uint64(ids[8*i:])
		if id < firstDataPage || id >= c.meta.pages || c.seen[id] {
			return fmt.Errorf("the list of free pages is damaged")
		}
		c.seen[id] = true
	}
	return nil
}
