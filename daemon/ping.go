package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
)

// pingEvery is the time between two pings where nobody says another.
const pingEvery = time.Second

const pingAbout = `Prints pong, or pang and exits with 1. With -c it does so COUNT times, and prints each round
trip and a summary; it exits with 0 when each was answered.

JSON and YAML have the word, with -c an object with node, sent, answered, pings (each with
ok and round_trip), and where one was answered least, average and most.
`

func pingCommand() command {
	return command{
		name: "ping", operands: "NODE", least: 1, most: 1, help: "connect to a node and ask it for a sign of life", do: doPing,
		flags: joining(
			configs.Flag{Name: "c", Value: "COUNT", Help: "ask so many times, and tell the round trips"},
			configs.Flag{Name: "i", Value: "TIME", Help: "the time between two of them, as in 200ms; 1s by default"},
		),
		about: pingAbout + "\n" + joinAbout,
		example: "$ interconnectd ping b@127.0.0.1\npong\n$ interconnectd ping -c 3 -i 100ms b@127.0.0.1\n" +
			examplePings.text() + "$ interconnectd ping -bus nats://10.0.0.1:4222 -setcookie_file cookie b@127.0.0.1\npong\n",
	}
}

// pings are the answers to several, as JSON and YAML have them.
type pings struct {
	Node     nodeid.Name       `json:"node"`
	Sent     int               `json:"sent"`
	Answered int               `json:"answered"`
	Pings    []control.Ping    `json:"pings"`
	Least    *control.Duration `json:"least,omitempty"`
	Average  *control.Duration `json:"average,omitempty"`
	Most     *control.Duration `json:"most,omitempty"`
}

// examplePings are those of the help.
var examplePings = pingsOf("b@127.0.0.1", []control.Ping{
	{OK: true, RoundTrip: control.Duration(412 * time.Microsecond)},
	{OK: true, RoundTrip: control.Duration(287 * time.Microsecond)},
	{OK: true, RoundTrip: control.Duration(301 * time.Microsecond)},
})

func doPing(ctx context.Context, w *world, args *configs.Args) error {
	node, err := parseNode(args.Operands[0])
	if err != nil {
		return err
	}
	count, every, err := pingTimes(args)
	if err != nil {
		return err
	}
	ctx, source, err := askNodes(ctx, w, args, node)
	if err != nil {
		return err
	}
	defer source.leave()
	if args.Has("c") {
		return pingOften(ctx, w, args, source.Client, node, count, every)
	}
	answer, err := source.Ping(ctx, node)
	if err != nil {
		return err
	}
	word := pingWord(answer)
	return answered(answer.OK, show(w, args, word, word+"\n"))
}

// pingTimes reads -c and -i.
func pingTimes(args *configs.Args) (count int, every time.Duration, err error) {
	count, every = 1, pingEvery
	if args.Has("c") {
		n, err := strconv.ParseUint(args.Value("c"), 10, 20)
		if err != nil || n == 0 {
			return 0, 0, &configs.UsageError{Msg: fmt.Sprintf("-c takes a number of pings, not %q", args.Value("c")), Hint: "write '-c 5'"}
		}
		count = int(n)
	}
	if args.Has("i") {
		if every, err = time.ParseDuration(args.Value("i")); err != nil || every < 0 || count == 1 && !args.Has("c") {
			return 0, 0, &configs.UsageError{Msg: fmt.Sprintf("-i takes the time between the pings of -c, not %q", args.Value("i")), Hint: "write '-c 5 -i 200ms'"}
		}
	}
	return count, every, nil
}

func pingWord(p control.Ping) string {
	if p.OK {
		return "pong"
	}
	return "pang"
}

// pingOften prints each answer as it comes, but for JSON and YAML, which are whole.
func pingOften(ctx context.Context, w *world, args *configs.Args, client *control.Client, node nodeid.Name, count int, every time.Duration) error {
	text := args.Value("o") == "" || args.Value("o") == "text"
	var answers []control.Ping
	for n := range count {
		if n > 0 {
			select {
			case <-time.After(every):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		answer, err := client.Ping(ctx, node)
		if err != nil {
			return err
		}
		answers = append(answers, answer)
		if text {
			if err := printText(w, pingLine(answer)); err != nil {
				return err
			}
		}
	}
	all := pingsOf(node, answers)
	return answered(all.Answered == all.Sent, show(w, args, all, all.summary()))
}

func pingsOf(node nodeid.Name, answers []control.Ping) pings {
	p := pings{Node: node, Sent: len(answers), Pings: answers}
	var trips []control.Duration
	var sum control.Duration
	for _, a := range answers {
		if a.OK {
			trips = append(trips, a.RoundTrip)
			sum += a.RoundTrip
		}
	}
	if p.Answered = len(trips); p.Answered > 0 {
		least, average, most := slices.Min(trips), sum/control.Duration(len(trips)), slices.Max(trips)
		p.Least, p.Average, p.Most = &least, &average, &most
	}
	return p
}

func pingLine(p control.Ping) string {
	if !p.OK {
		return "pang\n"
	}
	return "pong " + milliseconds(time.Duration(p.RoundTrip)) + "\n"
}

func (p pings) summary() string {
	text := fmt.Sprintf("%d of %d answered", p.Answered, p.Sent)
	if p.Answered > 0 {
		text += fmt.Sprintf(", round trip %s at least, %s on average, %s at most",
			milliseconds(time.Duration(*p.Least)), milliseconds(time.Duration(*p.Average)), milliseconds(time.Duration(*p.Most)))
	}
	return text + "\n"
}

// text is all of it, as it is printed.
func (p pings) text() string {
	var b strings.Builder
	for _, answer := range p.Pings {
		b.WriteString(pingLine(answer))
	}
	return b.String() + p.summary()
}
