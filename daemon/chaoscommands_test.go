package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"time"
)

// This file holds what the chaos tests run beside the daemons, as commands of
// their own.

// keepBusy is the command that does nothing else, until its input ends.
func keepBusy() {
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(done)
	}()
	for n := 0; ; n++ {
		if n%1e6 == 0 {
			select {
			case <-done:
				return
			default:
			}
		}
	}
}

// counted is the daemon, which logs for each line of its input how many goroutines it has.
func counted() {
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			fmt.Fprintln(os.Stderr, "goroutines:", runtime.NumGoroutine())
		}
	}()
	main()
}

// relay is the command that passes connections on, late: LISTEN TARGET DELAY.
func relay() {
	listen, target := os.Args[1], os.Args[2]
	d, err := time.ParseDuration(os.Args[3])
	if err != nil {
		panic(err)
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		panic(err)
	}
	for {
		conn, err := ln.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			defer conn.Close()
			up, err := net.Dial("tcp", target)
			if err != nil {
				return
			}
			defer up.Close()
			go passOn(conn, up, d)
			passOn(up, conn, d)
		}()
	}
}

// passOn copies what comes from one connection to the other, each piece d after
// it came, and then closes both.
func passOn(to, from net.Conn, d time.Duration) {
	defer to.Close()
	defer from.Close()
	type piece struct {
		at   time.Time
		data []byte
	}
	pieces := make(chan piece, 1024)
	go func() {
		defer close(pieces)
		for {
			data := make([]byte, 32<<10)
			n, err := from.Read(data)
			if n > 0 {
				pieces <- piece{time.Now().Add(d), data[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range pieces {
		time.Sleep(time.Until(p.at)) // the delay itself
		if _, err := to.Write(p.data); err != nil {
			from.Close() // ends the reader, whose last pieces are dropped
			for range pieces {
			}
			return
		}
	}
}

// dialOnce is the command that tells whether something listens.
func dialOnce() {
	conn, err := net.DialTimeout("tcp", os.Args[1], time.Second)
	if err != nil {
		fmt.Println(err)
		return
	}
	conn.Close()
	fmt.Println("connected")
}
