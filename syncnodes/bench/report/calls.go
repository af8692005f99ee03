package report

import "fmt"

// callTable holds each call against the bare request that carries it, and all against
// Erlang's and the limit.
func (r *Report) callTable() table {
	t := table{heads: []string{"", "p50", "p99", "p50 / bare", "p99 / bare", "p50 / gen_server:call", "p50 / limit"}}
	bare := map[string]string{CallEmbedded: BareEmbedded, CallExternal: BareExternal}
	erl, limit := r.call(CallOTP).P50.Median(), r.Limits.RoundTrip.Median()
	for _, c := range r.Calls {
		b, p50 := r.call(bare[c.Name]), c.P50.Median()
		toErl := ""
		if c.Name != CallOTP {
			toErl = ratio(p50, erl)
		}
		t.add(c.Name, unit(seconds).sample(c.P50), unit(seconds).sample(c.P99), ratio(p50, b.P50.Median()),
			ratio(c.P99.Median(), b.P99.Median()), toErl, ratio(p50, limit))
	}
	return t
}

// callVerdicts hold ours against Erlang's.
func (r *Report) callVerdicts() []string {
	var all []string
	erl := r.call(CallOTP)
	for _, name := range []string{CallEmbedded, CallExternal} {
		c, way := r.call(name), "through the nats-server"
		if name == CallEmbedded {
			way = "through the NATS servers of both nodes"
		}
		all = append(all, faster(CallOTP, name, erl.P50, c.P50, true, "A message of Erlang goes straight over the connection of the two nodes, in clear; ours goes "+
			way+", and is sealed and opened on its way there and back.")...)
		all = append(all, faster(name, CallOTP, c.P50, erl.P50, false, "")...)
	}
	return all
}

func (r *Report) readTable() table {
	t := table{heads: []string{"", "time", "MB/s", "allocations", "time / erlterm"}}
	our := r.read(ReadOurs).Time.Median()
	for _, c := range r.Reads {
		took, rate, part := c.Time.Median(), "", ""
		if took > 0 {
			rate = digits(c.Bytes/1e6/took, 3)
		}
		if c.Name != ReadOurs {
			part = ratio(took, our)
		}
		t.add(c.Name, unit(seconds).sample(c.Time), rate, unit(quantum).known(c.Allocs), part)
	}
	return t
}

// readVerdicts hold ours against the others.
func (r *Report) readVerdicts() []string {
	var worse, better []string
	our := r.read(ReadOurs).Time
	for _, name := range []string{ReadConsult, ReadJSON} {
		other, why := r.read(name).Time, ""
		if name == ReadConsult {
			why = "It asks a process that reads the file for each term, as a list of characters, which becomes one of tokens."
		}
		worse = append(worse, faster(name, ReadOurs, other, our, true, "")...)
		better = append(better, faster(ReadOurs, name, our, other, false, why)...)
	}
	return append(worse, better...)
}

// read finds a reader by its name; what was measured of one that is missing is empty.
func (r *Report) read(name string) Read {
	for _, c := range r.Reads {
		if c.Name == name {
			return c
		}
	}
	return Read{}
}

// faster says that the one takes less time than the other, if it does.
func faster(less, more string, a, b Sample, bold bool, why string) []string {
	part, ok := lessBy(a, b)
	if !ok {
		return nil
	}
	text := fmt.Sprintf("%s is faster than %s", less, more)
	whose := "its"
	if bold {
		text, whose = "**"+text+"**", "our"
	}
	text += fmt.Sprintf(": %s of %s time.", part, whose)
	if why != "" {
		text += " " + why
	}
	return []string{text}
}
