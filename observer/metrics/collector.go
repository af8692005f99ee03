package metrics

import (
	"context"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"interconnectd/observer/hooks"
	"interconnectd/observer/journal"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/membership"
)

// collector asks at each scrape. It has no state of its own.
type collector struct {
	node     Node
	observed func() Observed
	descs    *descs
}

func newCollector(node Node, observed func() Observed) *collector {
	return &collector{node: node, observed: observed, descs: newDescs()}
}

// Describe says which metrics there are.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range c.descs.all {
		ch <- desc
	}
}

// Collect gives their values.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := scrape{descs: c.descs, ch: ch}
	status, stats, err := c.ask()
	s.gauge(s.up, oneIf(err == nil))
	if err != nil {
		return
	}
	s.status(status)
	s.stats(stats, status.Sync.Done)
	observed := c.observed()
	s.journal(observed.Journal)
	for _, hook := range observed.Hooks {
		s.hook(hook)
	}
}

func (c *collector) ask() (status syncnodes.Status, stats syncnodes.Stats, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()
	if status, err = c.node.Status(ctx); err != nil {
		return status, stats, err
	}
	stats, err = c.node.Stats(ctx)
	return status, stats, err
}

// scrape is one collection.
type scrape struct {
	*descs
	ch chan<- prometheus.Metric
}

func (s scrape) gauge(desc *prometheus.Desc, value float64, labels ...string) {
	s.put(prometheus.NewConstMetric(desc, prometheus.GaugeValue, value, labels...))
}

func (s scrape) counter(desc *prometheus.Desc, value float64, labels ...string) {
	s.put(prometheus.NewConstMetric(desc, prometheus.CounterValue, value, labels...))
}

// put gives a metric, or says that there is none: a label may be no UTF-8.
func (s scrape) put(metric prometheus.Metric, err error) {
	if err != nil {
		metric = prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
	}
	s.ch <- metric
}

func (s scrape) status(status syncnodes.Status) {
	counts := make(map[syncnodes.State]int)
	for _, peer := range status.Peers {
		counts[peer.State]++
		if peer.Expected {
			s.gauge(s.nodeUp, oneIf(peer.State.Linked()), string(peer.Node))
		}
	}
	for state := membership.Idle; state <= membership.Down; state++ {
		s.gauge(s.nodes, float64(counts[state]), state.String())
	}
	s.gauge(s.expected, float64(status.Sync.Of))
	s.gauge(s.missing, float64(len(status.Sync.Missing)))
	s.gauge(s.syncDone, oneIf(status.Sync.Done))
	s.gauge(s.busUp, oneIf(!status.BusLost))
}

func (s scrape) stats(stats syncnodes.Stats, done bool) {
	if done {
		s.gauge(s.syncTook, stats.SyncTook.Seconds())
	}
	s.counter(s.busReconnects, float64(stats.BusReconnects))
	buckets := make(map[float64]uint64)
	for bound, count := range stats.RoundTrips.UpTo() {
		buckets[bound.Seconds()] = count
	}
	trips := stats.RoundTrips
	s.put(prometheus.NewConstHistogram(s.roundTrips, trips.Count(), trips.Sum.Seconds(), buckets))
	for handshake, count := range stats.Handshakes {
		s.counter(s.handshakes, float64(count), string(handshake.Side), handshake.Result)
	}
	for cause, count := range stats.Dropped {
		s.counter(s.drops, float64(count), strings.ReplaceAll(cause, " ", "_"))
	}
}

func (s scrape) journal(status journal.Status) {
	s.gauge(s.journalEvents, float64(status.Events))
	s.gauge(s.journalMemory, float64(status.Memory))
	s.counter(s.journalLost, float64(status.Lost))
	if status.Path != "" {
		s.gauge(s.journalSize, float64(status.Bytes))
		s.gauge(s.journalWritable, oneIf(status.Error == ""))
	}
}

func (s scrape) hook(status hooks.Status) {
	s.counter(s.hookRuns, float64(status.OK), status.Name, "ok")
	s.counter(s.hookRuns, float64(status.Failed), status.Name, "failed")
	s.counter(s.hookRuns, float64(status.TimedOut), status.Name, "timeout")
	s.counter(s.hookSeconds, status.Took.Seconds(), status.Name)
	s.gauge(s.hookWaiting, float64(status.Waiting), status.Name)
	s.counter(s.hookMissed, float64(status.Missed), status.Name)
	s.gauge(s.hookFailing, oneIf(status.Error != ""), status.Name)
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
