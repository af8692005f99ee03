package erldist

import (
	"io"
	"net"
	"sync"
	"testing"
)

// TestCloseAsThePortMapperEnds has both end at the same moment, as on a host that shuts
// down.
func TestCloseAsThePortMapperEnds(t *testing.T) {
	mapper, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mapper.Close() })
	registered := make(chan net.Conn)
	go func() {
		for {
			conn, err := mapper.Accept()
			if err != nil {
				return
			}
			request := make([]byte, 2)
			if _, err := io.ReadFull(conn, request); err == nil {
				_, _ = conn.Write([]byte{118, 0, 0, 0, 0, 9})
			}
			registered <- conn
		}
	}()
	for range 500 {
		e, err := Listen(t.Context(), testConfig("g@127.0.0.1", mapper.Addr().String()))
		if err != nil {
			t.Fatal(err)
		}
		conn := <-registered
		var both sync.WaitGroup
		both.Go(func() { conn.Close() })
		both.Go(func() { e.Close() })
		both.Wait()
	}
}
