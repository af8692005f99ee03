package main

import (
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/bus"
)

// optionsOf says to syncnodes what the configuration says.
func optionsOf(cfg *configs.Config, log hclog.Logger, progress func(syncnodes.Progress)) syncnodes.Options {
	return syncnodes.Options{
		Name:        cfg.Name,
		Cookie:      cfg.Cookie.Reveal(),
		AlsoAccept:  cfg.AlsoAccept.Reveal(),
		NodeCookies: nodeCookies(cfg.NodeCookies),
		Hidden:      cfg.Hidden,
		Version:     version(),
		Alone:       !cfg.ConnectAll,
		AutoConnect: autoConnect(cfg.AutoConnect),
		Sync: syncnodes.Sync{
			Mandatory: cfg.SyncMandatory,
			Optional:  cfg.SyncOptional,
			Timeout:   syncTimeout(cfg.SyncTimeout),
		},
		Bus: syncnodes.Bus{
			Cluster: cfg.Bus.Cluster,
			URLs:    cfg.Bus.URLs,
			Auth:    bus.Auth(cfg.Bus.Auth),

			Ports:       bus.PortRange{Min: cfg.Ports.Min, Max: cfg.Ports.Max},
			Interface:   cfg.Interface,
			Routes:      cfg.Bus.Routes,
			RouteSecret: cfg.Bus.RoutesSecret.Reveal(),
		},
		Erlang:    syncnodes.Erlang(cfg.Erlang),
		Detector:  syncnodes.Detector(cfg.Detector),
		SetupTime: cfg.SetupTime,
		Logger:    log,
		Progress:  progress,
	}
}

func nodeCookies(list []configs.NodeCookie) map[nodeid.Name]string {
	cookies := make(map[nodeid.Name]string, len(list))
	for _, c := range list {
		cookies[c.Node] = c.Cookie.Reveal()
	}
	return cookies
}

func autoConnect(word string) syncnodes.AutoConnect {
	switch word {
	case "never":
		return syncnodes.ConnectNever
	case "once":
		return syncnodes.ConnectOnce
	}
	return syncnodes.ConnectAlways
}

func syncTimeout(d time.Duration) time.Duration {
	if d == configs.Infinity {
		return syncnodes.Infinity
	}
	return d
}
