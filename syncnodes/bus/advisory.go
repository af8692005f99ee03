package bus

import (
	"encoding/json"
	"strings"

	"github.com/nats-io/nats.go"

	"interconnectd/configs/nodeid"
)

// advisories is where a server tells of connections that end. A client sees
// those that its account imports, and does not know the account's own name.
const advisories = "$SYS.ACCOUNT.*.DISCONNECT"

// clientName and the node's name are the name of its client: it stands in the
// advisories.
const clientName = "interconnectd "

// takeAdvisory tells whose connection ended. Where the advisories are not
// imported their subject is one like any other, and anyone may write to it: a
// flood fills half of the room for events at most.
func (c *client) takeAdvisory(msg *nats.Msg) {
	node, ok := parseAdvisory(msg.Data)
	switch {
	case !ok, node == c.self, !c.up.Load():
		return
	case len(c.events) > eventRoom/2:
		c.dropped.Add(1)
		return
	}
	select {
	case c.events <- Event{Kind: Advised, Node: node}:
	default:
		c.dropped.Add(1)
	}
}

// parseAdvisory is the node whose client an advisory of a server names; those
// of other clients are not ok.
func parseAdvisory(data []byte) (node nodeid.Name, ok bool) {
	if len(data) > MaxPacket {
		return "", false
	}
	var advisory struct {
		Client struct {
			Name string `json:"name"`
		} `json:"client"`
	}
	if json.Unmarshal(data, &advisory) != nil {
		return "", false
	}
	name, ours := strings.CutPrefix(advisory.Client.Name, clientName)
	node, err := nodeid.Parse(name)
	return node, ours && err == nil
}
