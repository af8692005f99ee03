package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/daemon/eventstream"
)

// Client asks one daemon. Its methods may be called concurrently; an error is
// an *Error of the daemon, or says that it could not be asked.
type Client struct {
	node nodeid.Name
	http http.Client
}

func newClient(node nodeid.Name, path string) *Client {
	return &Client{node: node, http: http.Client{Transport: &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, path) },
		DisableKeepAlives: true, // one question, then the process ends
	}}}
}

// Node is the daemon's node.
func (c *Client) Node() nodeid.Name { return c.node }

// Self asks which node it is.
func (c *Client) Self(ctx context.Context) (nodeid.Name, error) {
	answer, err := get[Self](ctx, c, pathSelf)
	return answer.Node, err
}

// Nodes are the visible nodes that it is connected with.
func (c *Client) Nodes(ctx context.Context) ([]nodeid.Name, error) {
	answer, err := get[Names](ctx, c, pathNodes)
	return answer.Nodes, err
}

// Names are all nodes on its bus.
func (c *Client) Names(ctx context.Context) ([]nodeid.Name, error) {
	answer, err := get[Names](ctx, c, pathNames)
	return answer.Nodes, err
}

// Cookie is its cookie.
func (c *Client) Cookie(ctx context.Context) (string, error) {
	answer, err := get[Cookie](ctx, c, pathCookie)
	return answer.Cookie, err
}

// Status is all it tells of itself.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return get[Status](ctx, c, pathStatus)
}

// Events lets it tell the events that are asked for, each to take, until there are
// no more or take gives an error. Of a query that follows the end is nil too: the
// daemon has ended.
func (c *Client) Events(ctx context.Context, q eventstream.Query, take func(eventstream.Message) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://daemon"+pathEvents, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", c.node, err)
	}
	eventstream.Ask(request, q)
	response, err := c.do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return eventstream.Read(response.Body, take)
}

// Ping lets it ping a node.
func (c *Client) Ping(ctx context.Context, node nodeid.Name) (Ping, error) {
	return post[Ping](ctx, c, pathPing, Target{node})
}

// Connect lets it connect to a node.
func (c *Client) Connect(ctx context.Context, node nodeid.Name) (bool, error) {
	answer, err := post[Outcome](ctx, c, pathConnect, Target{node})
	return answer.OK, err
}

// Disconnect lets it disconnect from a node.
func (c *Client) Disconnect(ctx context.Context, node nodeid.Name) (bool, error) {
	answer, err := post[Outcome](ctx, c, pathDisconnect, Target{node})
	return answer.OK, err
}

// Forget lets it forget a node that is down. The error is an *Error of the kind
// NodeUp where that is up.
func (c *Client) Forget(ctx context.Context, node nodeid.Name) (bool, error) {
	answer, err := post[Outcome](ctx, c, pathForget, Target{node})
	return answer.OK, err
}

// SetCookie sets its cookie, or the one for connections with node.
func (c *Client) SetCookie(ctx context.Context, cookie string, node nodeid.Name) error {
	_, err := post[Outcome](ctx, c, pathCookie, Cookie{Cookie: cookie, Node: node})
	return err
}

// Call lets it ask a registered process; request and answer are Erlang text.
func (c *Client) Call(ctx context.Context, call Call) (string, error) {
	answer, err := post[Reply](ctx, c, pathCall, call)
	return answer.Reply, err
}

// Reload lets it read its configuration again. The error is an *Error of the
// kind Config, with all problems, where that is wrong.
func (c *Client) Reload(ctx context.Context) (Reload, error) {
	return post[Reload](ctx, c, pathReload, nothing{})
}

// Dump lets it write its state to its log.
func (c *Client) Dump(ctx context.Context) error {
	_, err := post[Outcome](ctx, c, pathDump, nothing{})
	return err
}

// Stop ends the daemon, and returns when its node has left the cluster.
func (c *Client) Stop(ctx context.Context) error {
	_, err := post[Outcome](ctx, c, pathStop, nothing{})
	return err
}

func get[A any](ctx context.Context, c *Client, path string) (A, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return ask[A](ctx, c, http.MethodGet, path, nil)
}

func post[A any](ctx context.Context, c *Client, path string, question any) (A, error) {
	body, err := json.Marshal(question)
	if err != nil {
		var none A
		return none, fmt.Errorf("asking %s: %w", c.node, err)
	}
	ctx, cancel := context.WithTimeout(ctx, longest+answerWithin)
	defer cancel()
	return ask[A](ctx, c, http.MethodPost, path, body)
}

// answerWithin bounds what needs nobody but the daemon itself.
const answerWithin = 10 * time.Second

// maxAnswer bounds what is read of an answer: a status with thousands of peers
// has some MiB.
const maxAnswer = 64 << 20

func ask[A any](ctx context.Context, c *Client, method, path string, body []byte) (A, error) {
	var answer A
	request, err := http.NewRequestWithContext(ctx, method, "http://daemon"+path, bytes.NewReader(body))
	if err != nil {
		return answer, fmt.Errorf("asking %s: %w", c.node, err)
	}
	response, err := c.do(request)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	if err := contentOf(response).Decode(&answer); err != nil {
		return answer, fmt.Errorf("asking %s: reading its answer: %w", c.node, err)
	}
	return answer, nil
}

// do sends a request; an answer that is an error is given as one.
func (c *Client) do(request *http.Request) (*http.Response, error) {
	response, err := c.http.Do(request)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = errors.New("it runs, and does not answer")
		}
		return nil, fmt.Errorf("asking %s: %w", c.node, err)
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	var f failure
	if err := contentOf(response).Decode(&f); err != nil || f.Error == nil {
		return nil, fmt.Errorf("asking %s: it answered %s", c.node, response.Status)
	}
	return nil, f.Error
}

func contentOf(response *http.Response) *json.Decoder {
	return json.NewDecoder(io.LimitReader(response.Body, maxAnswer))
}
