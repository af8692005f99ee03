package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
)

// intrude is the command of an outsider at the port of a route: WAY ADDRESS
// DURATION. It prints how often it tried and what came of it.
func intrude() {
	way, addr := os.Args[1], os.Args[2]
	d, err := time.ParseDuration(os.Args[3])
	if err != nil {
		panic(err)
	}
	until := time.Now().Add(d)
	switch way {
	case "silent":
		fmt.Println(holdSilently(addr, until))
	case "handshakes":
		fmt.Println(shakeHands(addr, until))
	case "garbage":
		fmt.Println(sendGarbage(addr, until))
	case "server":
		fmt.Println(joinAsServer(addr, until))
	}
}

// holdSilently opens 200 connections a second and says nothing.
func holdSilently(addr string, until time.Time) string {
	opened := 0
	for tick := time.NewTicker(5 * time.Millisecond); time.Now().Before(until); <-tick.C {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			continue
		}
		opened++
		go func() {
			_, _ = conn.Read(make([]byte, 1)) // until the other side closes it
			conn.Close()
		}()
	}
	return fmt.Sprintf("%d connections held", opened)
}

// ownCertificate is one that nobody knows.
func ownCertificate() tls.Certificate {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// outsider is a TLS that believes everybody and shows a certificate of its own.
func outsider() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{ownCertificate()}}
}

// shakeHands does so as often as it can, from four goroutines.
func shakeHands(addr string, until time.Time) string {
	var tried, heard atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			cfg := outsider()
			for time.Now().Before(until) {
				conn, err := (&net.Dialer{Timeout: time.Second}).Dial("tcp", addr)
				if err != nil {
					continue
				}
				_ = conn.SetDeadline(time.Now().Add(time.Second))
				tried.Add(1)
				client := tls.Client(conn, cfg)
				if client.Handshake() == nil {
					if n, _ := client.Read(make([]byte, 100)); n > 0 {
						heard.Add(1)
					}
				}
				conn.Close()
			}
		})
	}
	all.Wait()
	return fmt.Sprintf("%d handshakes, something heard after %d", tried.Load(), heard.Load())
}

// sendGarbage says what a NATS client and a route say, without TLS.
func sendGarbage(addr string, until time.Time) string {
	sent, heard := 0, 0
	for time.Now().Before(until) {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			continue
		}
		_ = conn.SetDeadline(time.Now().Add(100 * time.Millisecond))
		_, _ = conn.Write([]byte("INFO {\"server_id\":\"x\",\"cluster\":\"default\"}\r\nCONNECT {\"user\":\"interconnect\",\"pass\":\"loopback\"}\r\nSUB > 1\r\nPING\r\n"))
		sent++
		b := make([]byte, 1024)
		if n, _ := conn.Read(b); n > 0 && b[0] != 21 { // 21: a TLS alert
			heard++
		}
		conn.Close()
	}
	return fmt.Sprintf("%d sent, something heard after %d", sent, heard)
}

// joinAsServer is a nats-server that knows all but the secret.
func joinAsServer(addr string, until time.Time) string {
	s, err := server.NewServer(&server.Options{
		ServerName: "intruder", Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		Cluster: server.ClusterOpts{
			Name: "default", Host: "0.0.0.0", Port: 4370, PoolSize: 1,
			Username: "interconnect", Password: "loopback", TLSConfig: outsider(), TLSTimeout: 2,
		},
		Routes: []*url.URL{{Scheme: "nats-route", User: url.UserPassword("interconnect", "loopback"), Host: addr}},
	})
	if err != nil {
		panic(err)
	}
	s.Start()
	defer s.Shutdown()
	most := 0
	for tick := time.NewTicker(10 * time.Millisecond); time.Now().Before(until); <-tick.C {
		most = max(most, s.NumRoutes())
	}
	return fmt.Sprintf("%d routes at most", most)
}

// TestHostsOutsider: somebody on another host without the cookie dials the port of
// a route, floods it with handshakes and with garbage, holds connections silently,
// and has a nats-server that knows all but the secret, all at once. He gets nothing;
// calls are answered, a daemon that starts in the midst of it joins, and one that is
// killed is told at once.
func TestHostsOutsider(t *testing.T) {
	if !*alone {
		t.Parallel()
	}
	h := newHosts(t, 3)
	a, b, c := h.at("a", 0), h.at("b", 1), h.at("c", 1)
	list := h.sync(a, b, c, h.at("x", 2)) // the outsider's host is dialled, too
	h.start(0, a, "-config", list, "-kernel", "sync_nodes_timeout", "100")
	h.start(1, b, "-config", list, "-kernel", "sync_nodes_timeout", "100")
	h.meet(a, b)
	time.Sleep(settleAfter + time.Second) // what the start needed has gone back by then
	pid := statusOf(t, h.client(0, a)).PID
	size, used, began := residentKiB(t, pid), processorTime(t, pid), time.Now()

	const lasts = 4 * time.Second
	ways := []string{"silent", "handshakes", "garbage", "server"}
	said := make([]string, len(ways))
	var intruders sync.WaitGroup
	for i, way := range ways {
		intruders.Go(func() {
			cmd := exec.Command("ip", "netns", "exec", h.host(2), "intrude", way, h.addr(0)+":4370", lasts.String())
			out, err := cmd.CombinedOutput()
			said[i] = strings.TrimSpace(string(out))
			if err != nil {
				t.Errorf("intrude %s: %v: %s", way, err, out)
			}
		})
	}
	time.Sleep(lasts / 4)
	h.start(1, c, "-config", list, "-kernel", "sync_nodes_timeout", "100")
	h.meet(a, b, c)
	answer, err := h.client(0, a).Call(t.Context(), control.Call{Process: "PingPong", Node: nodeid.Name(c), Request: "ping", Timeout: control.Duration(patience)})
	if err != nil || answer != "pong" {
		t.Errorf("a call in the midst of it: %v, %v", answer, err)
	}
	time.Sleep(chaosTimeout / 10) // a bus that is younger than one window judges later
	killed := time.Now()
	if err := h.running[c].signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	line := h.await(a, regexp.QuoteMeta("--- Node down: "+c+": type=visible reason=connection_closed detail=crashed"))
	if took := loggedAt(t, line).Sub(killed); took > bounds().down {
		t.Errorf("a kill in the midst of it is told after %v, want %v at most", took, bounds().down)
	} else {
		t.Logf("a kill in the midst of it is told after %v", took.Round(time.Millisecond))
	}
	most := residentKiB(t, pid)
	intruders.Wait()
	took, spent := time.Since(began), processorTime(t, pid)-used
	for i, way := range ways {
		t.Logf("%s: %s", way, said[i])
	}
	t.Logf("a used %.0f %% of a core and had %d KiB more in the midst of it", 100*spent.Seconds()/took.Seconds(), most-size)
	if got := said[1]; !strings.HasSuffix(got, "after 0") {
		t.Errorf("handshakes: %s, want nothing heard", got)
	}
	if got := said[2]; !strings.HasSuffix(got, "after 0") {
		t.Errorf("garbage: %s, want nothing heard", got)
	}
	if got := said[3]; got != "0 routes at most" {
		t.Errorf("a server without the secret: %s, want none", got)
	}
	if most-size > 64<<10 && !raceEnabled {
		t.Errorf("a grew by %d KiB, want less than 64 MiB", most-size)
	}
	h.await(a, regexp.QuoteMeta("Connection attempt from "+h.addr(2)+" rejected. Invalid challenge reply."))
	if n := len(h.running[a].lines(regexp.MustCompile("rejected"))); n > 2 {
		t.Errorf("%d lines about it, want one a minute", n)
	}
	h.sees(0, a, b)
}
