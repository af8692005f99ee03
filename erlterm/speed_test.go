package erlterm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"interconnectd/erlterm/required"
)

// BenchmarkConfig reads a generated sys.config of 8 MB: erlterm, encoding/json
// on the same data, and file:consult of the erl in PATH. Run it with
// GOEXPERIMENT=jsonv2 to have encoding/json/v2 beside them.
func BenchmarkConfig(b *testing.B) {
	text, doc := generatedConfig()
	benchmarkReaders(b, [][]byte{text}, [][]byte{doc})
}

// BenchmarkCorpus is BenchmarkConfig on the files of the folder that
// INTERCONNECT_CORPUS names, those that OTP reads.
func BenchmarkCorpus(b *testing.B) {
	texts, _ := corpusTexts(b)
	var docs [][]byte
	for _, text := range texts {
		terms, err := ParseAll(text)
		if err != nil {
			b.Fatal(err)
		}
		docs = append(docs, appendJSON(nil, List(terms)))
	}
	benchmarkReaders(b, texts, docs)
}

func benchmarkReaders(b *testing.B, texts, docs [][]byte) {
	b.Run("erlterm", func(b *testing.B) {
		terms := 0
		for _, text := range texts {
			f, err := ParseFile("sys.config", text)
			if err != nil {
				b.Fatal(err)
			}
			for _, t := range f.Terms {
				terms += countTerms(t)
			}
		}
		b.SetBytes(totalSize(texts))
		b.ReportAllocs()
		for b.Loop() {
			for _, text := range texts {
				if _, err := ParseFile("sys.config", text); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(terms), "terms/op")
	})
	for _, reader := range jsonReaders {
		b.Run(reader.name, func(b *testing.B) {
			b.SetBytes(totalSize(docs))
			b.ReportAllocs()
			for b.Loop() {
				for _, doc := range docs {
					var v any
					if err := reader.unmarshal(doc, &v); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
	b.Run("consult", func(b *testing.B) {
		b.SetBytes(totalSize(texts))
		b.ReportMetric(float64(consultTime(b, texts, b.N))/float64(b.N), "ns/op")
	})
}

// A jsonReader is a package that reads JSON into an any.
type jsonReader struct {
	name      string
	unmarshal func([]byte, *any) error
}

var jsonReaders = []jsonReader{
	{"json", func(doc []byte, v *any) error { return json.Unmarshal(doc, v) }},
}

// TestAllocations: a parse allocates once for eight terms, or less often.
func TestAllocations(t *testing.T) {
	text, _ := generatedConfig()
	text = text[:bytes.LastIndex(text[:len(text)/16], []byte("\n  {"))]
	text = append(bytes.TrimRight(text[:len(text):len(text)], ", \n"), "\n]."...)
	f, err := ParseFile("sys.config", text)
	if err != nil {
		t.Fatal(err)
	}
	allocs := testing.AllocsPerRun(3, func() {
		if _, err := ParseFile("sys.config", text); err != nil {
			t.Fatal(err)
		}
	})
	if terms := countTerms(f.Terms[0]); 8*int(allocs) > terms {
		t.Errorf("%v allocations for %d terms", allocs, terms)
	}
}

// countTerms counts a term and all that are in it.
func countTerms(t Term) int {
	n := 1
	switch t := t.(type) {
	case List:
		for _, e := range t {
			n += countTerms(e)
		}
	case Tuple:
		for _, e := range t {
			n += countTerms(e)
		}
	case *Improper:
		n += countTerms(List(t.Elems)) - 1 + countTerms(t.Tail)
	case *Map:
		for k, v := range t.All() {
			n += countTerms(k) + countTerms(v)
		}
	}
	return n
}

// TestGeneratedConfig: the text of the benchmark is Erlang, and the JSON beside
// it has the same data.
func TestGeneratedConfig(t *testing.T) {
	text, doc := generatedConfig()
	term, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(appendJSON(nil, term), &want); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if !bytes.Equal(a, b) {
		t.Error("the two texts have different data")
	}
}

func totalSize(texts [][]byte) (n int64) {
	for _, text := range texts {
		n += int64(len(text))
	}
	return n
}

// appendJSON appends the JSON that says the same: arrays for lists and tuples,
// objects for maps, strings for atoms and binaries.
func appendJSON(dst []byte, t Term) []byte {
	switch t := t.(type) {
	case Atom:
		return appendJSONString(dst, string(t))
	case String:
		return appendJSONString(dst, string(t))
	case Bits:
		return appendJSONString(dst, string(t.Bytes))
	case Int, *BigInt, Float:
		return AppendTerm(dst, t)
	case List:
		return appendJSONArray(dst, t)
	case Tuple:
		return appendJSONArray(dst, t)
	case *Map:
		dst = append(dst, '{')
		for k, v := range t.All() {
			dst = appendJSONString(dst, k.String())
			dst = append(appendJSON(append(dst, ':'), v), ',')
		}
		return append(bytes.TrimSuffix(dst, []byte(",")), '}')
	}
	return appendJSONString(dst, t.String())
}

func appendJSONString(dst []byte, s string) []byte {
	quoted, _ := json.Marshal(s)
	return append(dst, quoted...)
}

func appendJSONArray(dst []byte, elems []Term) []byte {
	dst = append(dst, '[')
	for _, t := range elems {
		dst = append(appendJSON(dst, t), ',')
	}
	return append(bytes.TrimSuffix(dst, []byte(",")), ']')
}

// corpusTexts are the files of the corpus that OTP reads.
func corpusTexts(t testing.TB) (texts [][]byte, names []string) {
	t.Helper()
	dir := os.Getenv("INTERCONNECT_CORPUS")
	if dir == "" {
		t.Skip("INTERCONNECT_CORPUS is not set")
	}
	for _, v := range readVerdicts(t, filepath.Join(dir, "verdicts.jsonl")) {
		if !v.OK {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, v.File))
		if err != nil {
			t.Fatal(err)
		}
		texts, names = append(texts, text), append(names, v.File)
	}
	return texts, names
}

// consultSource is a module that reads files with file:consult/1 some times and
// prints how many nanoseconds that took.
const consultSource = `-module(consult).
-export([main/1]).
main([N | Files]) ->
    Read = fun(F) -> {ok, _} = file:consult(F) end,
    Start = erlang:monotonic_time(nanosecond),
    [lists:foreach(Read, Files) || _ <- lists:seq(1, list_to_integer(N))],
    io:format("~w", [erlang:monotonic_time(nanosecond) - Start]),
    halt().
`

// consultTime is how long Erlang needs to read all texts n times.
func consultTime(t testing.TB, texts [][]byte, n int) time.Duration {
	t.Helper()
	required.Programs(t, "erlc")
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	run := func(name string, args ...string) string {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	run("erlc", write("consult.erl", []byte(consultSource)))
	args := []string{"-noshell", "-run", "consult", "main", strconv.Itoa(n)}
	for i, text := range texts {
		args = append(args, write(fmt.Sprintf("%d.config", i), text))
	}
	ns, err := strconv.ParseInt(strings.TrimSpace(run("erl", args...)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(ns)
}

// generatedConfig is a sys.config of 8 MB and JSON of the same data, the same
// in every run.
var generatedConfig = sync.OnceValues(func() (text, doc []byte) {
	g := configGenerator{rand: rand.New(rand.NewPCG(27, 8))}
	g.open(listBrackets)
	g.application("kernel", 12)
	for i := 0; g.erl.Len() < 8e6; i++ {
		g.application(fmt.Sprintf("%s_%d", g.pick(words), i), 5+g.rand.IntN(20))
	}
	g.close(listBrackets)
	g.erl.WriteString(".\n")
	return g.erl.Bytes(), g.json.Bytes()
})

// A configGenerator writes the same data as Erlang terms and as JSON, laid out
// as people lay out a sys.config.
type configGenerator struct {
	rand      *rand.Rand
	erl, json bytes.Buffer
	depth     int
	started   bool // an element stands before the next one
}

// brackets of a kind, in Erlang and in JSON.
type generatedBrackets struct{ erlOpen, erlClose, jsonOpen, jsonClose string }

var (
	listBrackets  = generatedBrackets{"[", "]", "[", "]"}
	tupleBrackets = generatedBrackets{"{", "}", "[", "]"}
	mapBrackets   = generatedBrackets{"#{", "}", "{", "}"}
)

var words = []string{
	"access", "backend", "cache", "dispatch", "endpoint", "filter", "gateway", "handler", "interval", "journal",
	"key", "listener", "max_connections", "node", "options", "port", "queue_length", "retry", "sasl", "timeout",
	"upstream", "verify_peer", "worker_pool", "sync_nodes_optional", "net_ticktime",
}

func (g *configGenerator) pick(from []string) string { return from[g.rand.IntN(len(from))] }

func (g *configGenerator) both(erl, json string) {
	g.separate()
	g.erl.WriteString(erl)
	g.json.WriteString(json)
	g.started = true
}

func (g *configGenerator) separate() {
	if g.started {
		g.erl.WriteString(", ")
		g.json.WriteString(", ")
	}
}

func (g *configGenerator) open(b generatedBrackets) {
	g.both(b.erlOpen, b.jsonOpen)
	g.started = false
	g.depth++
}

func (g *configGenerator) close(b generatedBrackets) {
	g.erl.WriteString(b.erlClose)
	g.json.WriteString(b.jsonClose)
	g.started = true
	g.depth--
}

// line starts a new line, with a comment before it now and then.
func (g *configGenerator) line() {
	if g.started {
		g.erl.WriteByte(',')
		g.json.WriteByte(',')
		g.started = false
	}
	indent := "\n" + strings.Repeat("  ", g.depth)
	if g.rand.IntN(12) == 0 {
		fmt.Fprintf(&g.erl, "%s%%%% How the %s of the %s is set.", indent, g.pick(words), g.pick(words))
	}
	g.erl.WriteString(indent)
	g.json.WriteString(indent)
}

func (g *configGenerator) atom(name string) { g.both(name, strconv.Quote(name)) }

func (g *configGenerator) application(name string, parameters int) {
	g.line()
	g.open(tupleBrackets)
	g.atom(name)
	g.proplist(parameters, 3)
	g.close(tupleBrackets)
}

// proplist writes a list of {Key, Value}, one a line.
func (g *configGenerator) proplist(n, depth int) {
	g.open(listBrackets)
	for range n {
		g.line()
		g.open(tupleBrackets)
		g.atom(g.pick(words))
		g.value(depth)
		g.close(tupleBrackets)
	}
	g.close(listBrackets)
}

func (g *configGenerator) value(depth int) {
	switch n := g.rand.IntN(20); {
	case n < 3 && depth > 0:
		g.proplist(1+g.rand.IntN(6), depth-1)
	case n < 4 && depth > 0:
		g.open(mapBrackets)
		for i := range 1 + g.rand.IntN(4) {
			g.line()
			key := fmt.Sprintf("%s_%d", g.pick(words), i)
			g.both(key+" => ", strconv.Quote(key)+": ")
			g.started = false
			g.value(depth - 1)
		}
		g.close(mapBrackets)
	case n < 6:
		g.open(listBrackets)
		for range 1 + g.rand.IntN(4) {
			node := fmt.Sprintf("%s%d@10.0.%d.%d", g.pick(words), g.rand.IntN(50), g.rand.IntN(4), g.rand.IntN(250))
			g.both("'"+node+"'", strconv.Quote(node))
		}
		g.close(listBrackets)
	case n < 7:
		g.open(tupleBrackets)
		for range 4 {
			n := strconv.Itoa(g.rand.IntN(256))
			g.both(n, n)
		}
		g.close(tupleBrackets)
	case n < 11:
		n := strconv.Itoa(g.rand.IntN(100_000))
		g.both(n, n)
	case n < 12:
		f := fmt.Sprintf("%d.%d", g.rand.IntN(100), g.rand.IntN(1000))
		g.both(f, f)
	case n < 15:
		s := strconv.Quote("/var/lib/" + g.pick(words) + "/" + g.pick(words) + ".log")
		g.both(s, s)
	case n < 16:
		s := strconv.Quote("say \"" + g.pick(words) + "\"\nand then ünïcode")
		g.both(s, s)
	case n < 17:
		s := strconv.Quote(g.pick(words) + "-" + g.pick(words))
		g.both("<<"+s+">>", s)
	default:
		g.atom(g.pick([]string{"true", "false", "undefined", "infinity", g.pick(words)}))
	}
}
