// Package metrics is what Prometheus is told of a daemon: its node, its journal and
// its hooks, which are asked when somebody scrapes and at no other time. All that is
// counted between is the changes of nodes, by [Metrics.Count].
//
// A scrape does not fail where the node has ended or does not answer: interconnect_up
// is 0 then, and what the node, the journal and the hooks would tell is left out. The
// names are a contract, as those of log lines are; the rules and the dashboard in
// configs use them, and testdata/metrics.golden has them all.
package metrics

import (
	"context"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"interconnectd/observer/event"
	"interconnectd/observer/hooks"
	"interconnectd/observer/journal"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/membership"
)

const (
	prefix       = "interconnect_"
	askWithin    = 2 * time.Second // the node
	answerWithin = 5 * time.Second // a scrape
	scrapesMost  = 2               // at once: there may be a pair of Prometheus
)

// Node is what is asked.
type Node interface {
	Status(ctx context.Context) (syncnodes.Status, error)
	Stats(ctx context.Context) (syncnodes.Stats, error)
}

// Observed is what the parts of an observer tell of themselves.
type Observed struct {
	Journal journal.Status
	Hooks   []hooks.Status
}

// Metrics are those of one daemon.
type Metrics struct {
	// immutable
	registry    *prometheus.Registry
	transitions *prometheus.CounterVec
	handler     http.Handler
}

// New makes the metrics of a node and its observer, in a program of that version. Both are asked at each scrape,
// by two goroutines at once perhaps; observed must not wait.
func New(version string, node Node, observed func() Observed) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), transitions: newTransitions()}
	m.registry.MustRegister(
		newCollector(node, observed), m.transitions, buildInfo(version),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError, // the rest is worth having
		Registry:            m.registry,               // counts errors
		DisableCompression:  true,                     // takes more memory than an answer has
		MaxRequestsInFlight: scrapesMost,
		Timeout:             answerWithin,
	})
	return m
}

// Handler answers a scrape.
func (m *Metrics) Handler() http.Handler { return m.handler }

// Count counts a change of a node.
func (m *Metrics) Count(e event.Event) {
	m.transitions.WithLabelValues(string(e.Kind), e.Reason).Inc()
}

// newTransitions has each change that there can be, with 0: rate() misses the first
// of a kind that was not there before.
func newTransitions() *prometheus.CounterVec {
	transitions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: prefix + "node_transitions_total",
		Help: "Nodes that came up and went down, by the reason of the latter.",
	}, []string{"event", "reason"})
	transitions.WithLabelValues(string(event.NodeUp), "")
	for reason := membership.ConnectionClosed; reason <= membership.Disconnected; reason++ {
		transitions.WithLabelValues(string(event.NodeDown), reason.String())
	}
	return transitions
}

// buildInfo is 1, and says in its labels what runs.
func buildInfo(version string) prometheus.Collector {
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        prefix + "build_info",
		Help:        "1, with the versions of interconnectd and of Go as labels.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	gauge.Set(1)
	return gauge
}
