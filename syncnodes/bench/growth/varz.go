package growth

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/nats-io/nats-server/v2/server"

	"interconnectd/syncnodes/bench/child"
)

// carried is what came into a server since its start.
type carried struct{ messages, bytes int64 }

func carriedBy(ctx context.Context, s *child.NATSServer) (carried, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Monitor+"/varz", nil)
	if err != nil {
		return carried{}, fmt.Errorf("asking the server what it carried: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return carried{}, fmt.Errorf("asking the server what it carried: %w", err)
	}
	defer response.Body.Close()
	var told server.Varz
	if err := json.NewDecoder(response.Body).Decode(&told); err != nil {
		return carried{}, fmt.Errorf("reading what the server carried: %w", err)
	}
	return carried{told.InMsgs, told.InBytes}, nil
}
