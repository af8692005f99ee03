package growth

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes"
)

// crowdRole is the first argument of this program where it is a crowd.
const crowdRole = "growth:crowd"

// What a crowd and whoever measures it say to each other, each a line.
const (
	ready     = "ready"
	begin     = "begin"
	fullAfter = "full view after s: "
	sayLinked = "are all linked?"
	areLinked = "all are linked"
)

// tellEvery is how often a crowd tells how far it is.
const tellEvery = 5 * time.Second

// cookie is as long as those that OTP makes.
const cookie = "CROWDSOFMANYNODESGRO"

// Role is what a program that calls Crowds must do instead of its own work where its
// arguments, without its name, say so: it is started once more for each crowd. Ask it
// first of all.
func Role(args []string) (run func(ctx context.Context) error, ok bool) {
	if len(args) != 3 || args[0] != crowdRole {
		return nil, false
	}
	return func(ctx context.Context) error {
		size, err := strconv.Atoi(args[2])
		if err != nil {
			return fmt.Errorf("reading the size of the crowd: %w", err)
		}
		return beCrowd(ctx, args[1], size)
	}, true
}

// beCrowd starts the nodes when it is told to, and keeps them for as long as it is
// spoken with.
func beCrowd(ctx context.Context, url string, size int) error {
	in := bufio.NewScanner(os.Stdin)
	fmt.Println(ready)
	if !in.Scan() || in.Text() != begin {
		return errors.New("not told to begin")
	}
	nodes, err := startCrowd(ctx, url, size)
	if err != nil {
		return err
	}
	for in.Scan() && in.Text() == sayLinked {
		if err := checkLinked(ctx, nodes); err != nil {
			return err
		}
		fmt.Println(areLinked)
	}
	return nil
}

// startCrowd starts all nodes at once and waits until each sees all others.
func startCrowd(ctx context.Context, url string, size int) ([]*syncnodes.Node, error) {
	var names []nodeid.Name
	for i := range size {
		names = append(names, nodeid.Name(fmt.Sprintf("n%03d@127.0.0.1", i)))
	}
	began := time.Now()
	var started, synced atomic.Int64
	stop := tell(func() {
		fmt.Printf("%.0f s: %d have started, %d see all others\n", time.Since(began).Seconds(), started.Load(), synced.Load())
	})
	nodes := make([]*syncnodes.Node, size)
	group, ctx := errgroup.WithContext(ctx)
	for i, name := range names {
		group.Go(func() (err error) {
			nodes[i], err = syncnodes.Start(ctx, syncnodes.Options{
				Name: name, Cookie: cookie,
				Sync: syncnodes.Sync{Optional: names, Timeout: syncnodes.Infinity},
				Bus:  syncnodes.Bus{URLs: []string{url}},
			})
			if err != nil {
				return fmt.Errorf("starting %s: %w", name, err)
			}
			started.Add(1)
			if err := nodes[i].Sync(ctx); err != nil {
				return fmt.Errorf("syncing %s: %w", name, err)
			}
			synced.Add(1)
			return nil
		})
	}
	err := group.Wait()
	took := time.Since(began)
	stop()
	if err != nil {
		return nil, err
	}
	fmt.Printf("%s%f\n", fullAfter, took.Seconds())
	return nodes, nil
}

// tell calls say again and again until stop is called, and not after it.
func tell(say func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var teller sync.WaitGroup
	teller.Go(func() {
		for pause(ctx, tellEvery) == nil {
			say()
		}
	})
	return func() { cancel(); teller.Wait() }
}

func checkLinked(ctx context.Context, nodes []*syncnodes.Node) error {
	for _, n := range nodes {
		status, err := n.Status(ctx)
		if err != nil {
			return fmt.Errorf("asking %s for its peers: %w", n.Self(), err)
		}
		for _, p := range status.Peers {
			if !p.State.Linked() {
				return fmt.Errorf("%s has %s %s %s", n.Self(), p.Node, p.State, p.Detail)
			}
		}
	}
	return nil
}
