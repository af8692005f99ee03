package eventstream

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"interconnectd/observer/event"
)

// longestLine is what a line of a stream may have, in bytes.
const longestLine = 1 << 20

// Message is what a stream has told.
type Message struct {
	Event  event.Event // with Missed 0
	Missed uint64      // that many events were not to be had any more
	Place  string      // behind it: Query.After of who goes on here
}

// Ask puts a query into a request for events.
func Ask(r *http.Request, q Query) { q.request(r) }

// Read reads the stream that answers such a request and gives each message to take,
// until the stream ends, which is no error, or take gives one. At the beginning
// there is a message with a place only.
func Read(stream io.Reader, take func(Message) error) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, longestLine)
	var m Message
	var kind, data string
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "id":
			m.Place = value
		case "event":
			kind = value
		case "data":
			data = value
		}
		if lines.Text() != "" || kind == "" {
			continue
		}
		told, err := parse(m.Place, kind, data)
		if err != nil {
			return err
		}
		if err := take(told); err != nil {
			return err
		}
		kind, data = "", ""
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading the stream: %w", err)
	}
	return nil
}

func parse(place, kind, data string) (Message, error) {
	m := Message{Place: place}
	var err error
	switch kind {
	case "start", "place":
	case "missed":
		var count missing
		err = json.Unmarshal([]byte(data), &count)
		m.Missed = count.Count
	default:
		err = json.Unmarshal([]byte(data), &m.Event)
	}
	if err != nil {
		return m, fmt.Errorf("reading an event of the stream: %w", err)
	}
	return m, nil
}
