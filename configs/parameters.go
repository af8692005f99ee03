package configs

import (
	"maps"
	"slices"
)

// KernelParameter is a parameter of the kernel application.
type KernelParameter struct {
	Name  string
	About string // one line
}

// aboutHonoured tells people what a parameter does.
var aboutHonoured = map[string]string{
	"connect_all":             "whether the nodes of others are connected too; true by default",
	"dist_auto_connect":       "who is connected by itself: never, nobody, only by the command connect; once, nobody that was connected before",
	"inet_dist_listen_max":    "the last port that the embedded mesh may listen on; 4373 by default",
	"inet_dist_listen_min":    "the first port that the embedded mesh may listen on, where nodes look for each other; 4370 by default",
	"inet_dist_use_interface": "the address that the embedded mesh listens on, as in {10,0,0,7}; all by default",
	"logger_level":            "the least severe level that is logged, such as info or debug",
	"net_setuptime":           "the seconds that a connection may take; 7 by default",
	"net_ticktime":            "the seconds of silence, a quarter more or less, after which a node is down",
	"sync_nodes_mandatory":    "the nodes that must be up within the timeout, or the daemon ends",
	"sync_nodes_optional":     "the nodes that are waited for, and joined when they appear later",
	"sync_nodes_timeout":      "the milliseconds that a start waits for nodes, or infinity; without it the lists do nothing",
}

// KernelParameters are those that mean something here, sorted by their names.
func KernelParameters() []KernelParameter {
	var list []KernelParameter
	for _, name := range slices.Sorted(maps.Keys(honoured)) {
		list = append(list, KernelParameter{name, aboutHonoured[name]})
	}
	return list
}
