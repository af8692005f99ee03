package etf

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"interconnectd/erlterm"
	"interconnectd/erlterm/required"
)

var (
	update = flag.Bool("update", false, "record what OTP writes anew")
	otp27  = flag.String("otp27", "", "a folder that chroot(8) makes the root of an OTP 27, whose erl is asked too")
	etfN   = flag.Int("etf-terms", 500, "how many terms of each kind TestLive compares")
	seed   = flag.Int("etf-seed", 0, "the seed of the terms of TestLive; 0: a fresh one")
)

// An erlang is a running Erlang that answers what testdata/node.erl knows.
type erlang struct {
	t       *testing.T
	stdin   io.WriteCloser
	stdout  io.Reader
	release int
}

// erlangs starts the Erlang in PATH, and the one of -otp27.
func erlangs(t *testing.T) []*erlang {
	t.Helper()
	required.Programs(t, "erl")
	all := []*erlang{startErlang(t, "erl")}
	if *otp27 != "" {
		all = append(all, startErlang(t, "chroot", *otp27, "erl"))
	}
	return all
}

func startErlang(t *testing.T, command ...string) *erlang {
	t.Helper()
	program, err := os.ReadFile(filepath.Join("testdata", "node.erl"))
	if err != nil {
		t.Fatal(err)
	}
	command = append(command, "-noinput", "+fnu", "-eval", string(withoutComments(program)))
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	e := &erlang{t: t, stdin: stdin, stdout: stdout}
	e.release = int(e.ask(erlterm.Atom("release")).(erlterm.Int))
	return e
}

// withoutComments drops what erl -eval reads to the end of the program, not of the
// line.
func withoutComments(program []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(program) {
		code, _, _ := bytes.Cut(line, []byte("%"))
		kept = append(append(kept, bytes.TrimSpace(code)...), '\n')
	}
	return kept
}

// ask returns the answer to a request.
func (e *erlang) ask(request erlterm.Term) erlterm.Term {
	e.t.Helper()
	data, err := AppendTerm(make([]byte, 4), request)
	if err != nil {
		e.t.Fatal(err)
	}
	binary.BigEndian.PutUint32(data, uint32(len(data)-4))
	if _, err := e.stdin.Write(data); err != nil {
		e.t.Fatal(err)
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(e.stdout, head); err != nil {
		e.t.Fatal(err)
	}
	data = make([]byte, binary.BigEndian.Uint32(head))
	if _, err := io.ReadFull(e.stdout, data); err != nil {
		e.t.Fatal(err)
	}
	answer, rest, err := Decode(data)
	if err != nil || len(rest) > 0 {
		e.t.Fatalf("the answer of OTP %d is %q: %v", e.release, data, err)
	}
	return answer
}

// blobs returns the binaries of a tuple that Erlang answered.
func (e *erlang) blobs(request, answer erlterm.Term) [][]byte {
	e.t.Helper()
	var blobs [][]byte
	parts, _ := answer.(tuple)
	for _, part := range parts {
		b, ok := part.(erlterm.Bits)
		if !ok {
			e.t.Fatalf("OTP %d answers %.500s with %v", e.release, request, answer)
		}
		blobs = append(blobs, b.Bytes)
	}
	return blobs
}

func blob(data []byte) erlterm.Term { return erlterm.Binary(data) }

// encoded returns a term as it is written.
func encoded(t *testing.T, term erlterm.Term) []byte {
	t.Helper()
	data, err := AppendTerm(nil, term)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestLive holds what is written and read against Erlang's own.
func TestLive(t *testing.T) {
	start := *seed
	if start == 0 {
		start = 1 + rand.IntN(1<<30)
	}
	for _, e := range erlangs(t) {
		t.Run(fmt.Sprintf("OTP %d", e.release), func(t *testing.T) {
			e.t = t
			t.Logf("-etf-seed %d", start)
			t.Run("text", func(t *testing.T) { liveText(t, e, start) })
			t.Run("echo", func(t *testing.T) { liveEcho(t, e, start) })
			t.Run("made", func(t *testing.T) { liveMade(t, e, start) })
			t.Run("order", func(t *testing.T) { liveOrder(t, e, start) })
			t.Run("table", func(t *testing.T) { liveTable(t, e) })
		})
	}
}

// liveText: Erlang reads what is written as the term that the text means to it, and
// writes it the same way.
func liveText(t *testing.T, e *erlang, start int) {
	generator := textTerms(4)
	for i := range *etfN {
		term := generator.Example(start + i)
		data := encoded(t, term)
		request := tuple{atom("same"), blob(data), blob(erlterm.AppendLiteral(nil, term))}
		if got := e.ask(request); got != erlterm.Term(atom("true")) {
			t.Errorf("seed %d: %.500v is written as %q: %v", start+i, term, data, got)
		}
	}
}

// liveEcho: what is written comes back from Erlang as the same term, and as the same
// bytes where Erlang has but one form too.
func liveEcho(t *testing.T, e *erlang, start int) {
	generator := allTerms(4)
	for i := range *etfN {
		term := generator.Example(start + i)
		data := encoded(t, term)
		request := tuple{atom("echo"), blob(data)}
		back := e.blobs(request, e.ask(request))
		for _, b := range back {
			checkRead(t, b, term)
		}
		if !hasSeveralForms(term) && !bytes.Equal(data, back[1]) {
			t.Errorf("seed %d: %v is written as %q, by OTP as %q", start+i, term, data, back[1])
		}
	}
}

// hasSeveralForms reports whether releases of Erlang write a term in several ways:
// the pairs of maps in any order, small ports of old as NEW_PORT.
func hasSeveralForms(t erlterm.Term) bool {
	switch t := t.(type) {
	case *erlterm.Map:
		return t.Len() > 1 || t.Len() == 1 && (hasSeveralForms(t.At(0).Key) || hasSeveralForms(t.At(0).Value))
	case Port:
		return t.ID < 1<<28
	case erlterm.List:
		return slices.ContainsFunc(t, hasSeveralForms)
	case erlterm.Tuple:
		return slices.ContainsFunc(t, hasSeveralForms)
	case *erlterm.Improper:
		return slices.ContainsFunc(t.Elems, hasSeveralForms) || hasSeveralForms(t.Tail)
	}
	return false
}

// liveMade: what Erlang makes is printed as Erlang prints it, and goes back as the
// same.
func liveMade(t *testing.T, e *erlang, start int) {
	request := tuple{atom("make"), num(start), num(*etfN)}
	made, ok := e.ask(request).(erlterm.List)
	if !ok || len(made) != *etfN {
		t.Fatalf("OTP %d makes %v", e.release, made)
	}
	var back erlterm.List
	for _, m := range made {
		forms := e.blobs(request, m)
		for _, data := range forms[:2] {
			got := checkPrinted(t, data, string(forms[2]))
			back = append(back, blob(encoded(t, got)))
		}
	}
	for i := range 2 {
		var half erlterm.List
		for n := i; n < len(back); n += 2 {
			half = append(half, back[n])
		}
		if got := e.ask(tuple{atom("made"), half}); got != erlterm.Term(atom("true")) {
			t.Errorf("form %d does not go back as the same: %v", i, got)
		}
	}
}

// checkPrinted reads a term whose text Erlang printed.
func checkPrinted(t *testing.T, data []byte, text string) erlterm.Term {
	t.Helper()
	got, rest, err := Decode(data)
	if err != nil || len(rest) > 0 {
		t.Fatalf("%s, which is %q: %v, %d bytes left", text, data, err, len(rest))
	}
	if got.String() != text {
		t.Errorf("%q is read as\n%s, not\n%s", data, got, text)
	}
	return got
}

// liveOrder: Erlang sorts terms as erlterm does.
func liveOrder(t *testing.T, e *erlang, start int) {
	generator := allTerms(1)
	var terms []erlterm.Term
	var data erlterm.List
	for i := range *etfN {
		terms = append(terms, generator.Example(start+i))
		data = append(data, blob(encoded(t, terms[i])))
	}
	sorted, _ := e.ask(tuple{atom("sort"), data}).(erlterm.List)
	if len(sorted) != len(terms) {
		t.Fatalf("OTP %d sorts %d terms: %v", e.release, len(sorted), sorted)
	}
	for i := 1; i < len(sorted); i++ {
		a, b := terms[sorted[i-1].(erlterm.Int)], terms[sorted[i].(erlterm.Int)]
		if erlterm.Compare(a, b) > 0 {
			t.Errorf("OTP %d has %#v before %#v", e.release, a, b)
		}
	}
}

// liveTable: Erlang reads the terms of the table as they are read here, and writes
// them in the form that they are written in here. The closure is left out: OTP 27
// forgets the pid that made one. That funs go back as they came is for liveMade.
func liveTable(t *testing.T, e *erlang) {
	for _, tt := range terms {
		if _, ok := tt.want.(Fun); ok {
			continue
		}
		data := []byte("\x83" + tt.data)
		request := tuple{atom("echo"), blob(data)}
		back := e.blobs(request, e.ask(request))
		for _, b := range back {
			checkRead(t, b, tt.want)
		}
		if !tt.old && !hasSeveralForms(tt.want) && !bytes.Equal(back[1], data) {
			t.Errorf("%s is %q, OTP %d writes %q", tt.name, data, e.release, back[1])
		}
	}
}

// recorded are the expressions whose values OTP is asked for with -update. Each is
// in testdata as it is written by term_to_binary/1, with {minor_version, 2}, and
// printed.
var recorded = []string{
	"0", "255", "256", "-1", "2147483647", "2147483648", "-2147483648", "-2147483649",
	"1 bsl 63 - 1", "-(1 bsl 63)", "1 bsl 64", "-(1 bsl 2039)", "1 bsl 2040",
	"1.5", "-1.0e-300", "1.0e300", "ok", "''", "'é'", "'ж'", "list_to_atom(lists:duplicate(255, $ж))",
	"{}", "{a, 1}", "list_to_tuple(lists:seq(1, 256))", "[]", "[a, 1]", "[1, 256]", "[a | b]", "[1, 2 | 3]",
	`"abc"`, "[255]", `"aж"`,
	"<<>>", "<<1, 255>>", "<<5:3>>", "<<1, 5:3>>", "#{}", "#{a => 1}", "#{1 => [], b => #{}}",
	"fun lists:map/2", "fun 'A b':'é'/0",
	"self()", "make_ref()", "alias()", "hd(erlang:ports())", "fun() -> ok end", "fun(X) -> {X, self()} end",
	"{'$gen_call', {self(), [alias | alias()]}, {is_auth, 'a@127.0.0.1'}}",
}

// TestRecorded reads what OTP 25 and 27 wrote.
func TestRecorded(t *testing.T) {
	if *update {
		for _, e := range erlangs(t) {
			record(t, e)
		}
	}
	for _, release := range []int{25, 27} {
		t.Run(fmt.Sprintf("OTP %d", release), func(t *testing.T) {
			text, err := os.ReadFile(recordOf(release))
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			if len(lines) != len(recorded) {
				t.Fatalf("%d lines for %d expressions", len(lines), len(recorded))
			}
			for i, line := range lines {
				fields := strings.Split(line, "\t")
				if len(fields) != 4 || fields[0] != recorded[i] {
					t.Fatalf("line %d is not about %s: %.200s", i+1, recorded[i], line)
				}
				checkRecorded(t, fields[0], fields[1], fields[3])
				checkRecorded(t, fields[0], fields[2], fields[3])
			}
		})
	}
}

func checkRecorded(t *testing.T, expr, bytes, text string) {
	t.Helper()
	data, err := hex.DecodeString(bytes)
	if err != nil {
		t.Fatal(err)
	}
	got := checkPrinted(t, data, text)
	checkRead(t, encoded(t, got), got)
	if want, err := erlterm.Parse([]byte(expr + ".")); err == nil && !erlterm.Equal(got, want) {
		t.Errorf("%s is read as %v", expr, got)
	}
}

func recordOf(release int) string {
	return filepath.Join("testdata", fmt.Sprintf("otp%d.tsv", release))
}

func record(t *testing.T, e *erlang) {
	t.Helper()
	var lines []byte
	for _, expr := range recorded {
		request := tuple{atom("eval"), blob([]byte(expr))}
		forms := e.blobs(request, e.ask(request))
		if len(forms) != 3 {
			t.Fatalf("%s has %d forms", expr, len(forms))
		}
		lines = fmt.Appendf(lines, "%s\t%x\t%x\t%s\n", expr, forms[0], forms[1], forms[2])
	}
	if err := os.WriteFile(recordOf(e.release), lines, 0o644); err != nil {
		t.Fatal(err)
	}
}
