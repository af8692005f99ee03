//go:build !race

package erlterm

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

var allHostile = flag.Bool("hostile", false, "parse all hostile texts, not one of each kind")

// hostile are texts of 16 MiB that ask for as much time or memory as they can:
// first one of each kind, then others. Each is a part before, one that is
// repeated, and one behind.
var hostile = []struct{ name, before, repeated, behind string }{
	{"brackets within the depth", "", strings.Repeat("[", 9999) + strings.Repeat("]", 9999) + ".\n", ""},
	{"large integers", "[0", "," + strings.Repeat("7", 315_000), "]."},
	{"long floats", "[0", ",1." + strings.Repeat("1", 10_000) + "e300", "]."},
	{"long quoted atoms", "[a", ",'" + strings.Repeat("\\x{e9}", 256) + "'\n", "]."},
	{"commas in a list", "[", ",", "]."},
	{"double quotes", "", "\"", ""},
	{"large segments", "<<1", ",1:1000000", ">>."},
	{"small integers", "[0", ",1", "]."},
	{"maps as keys of maps", "", keyTree(12) + ".\n", ""},

	{"brackets never closed", "", "[", ""},
	{"brackets never opened", "", "]", "."},
	{"brackets in many errors", "", strings.Repeat("[", 5000) + "}" + strings.Repeat("]", 5000) + ".\n", ""},
	{"maps within the depth", "", strings.Repeat("#{b=>", 9999) + "1" + strings.Repeat(",a=>1}", 9999) + ".\n", ""},
	{"large integers in base 36", "[0", ",36#" + strings.Repeat("z", 200_000), "]."},
	{"large integers compared", "#{0=>0", "," + strings.Repeat("7", 315_000) + "=>0", "}."},
	{"one digit many times", "", "1", "."},
	{"integers just too large for 64 bits", "[0", ",9999999999999999999", "]."},
	{"integers", "[0", ",999", "]."},
	{"a long float", "1.", "7", "e-300."},
	{"floats too large", "[0", ",1.0e999", "]."},
	{"long atoms", "[a", "," + strings.Repeat("a", 300), "]."},
	{"one atom", "", "a", "."},
	{"commas", "", ",", "."},
	{"commas on lines of their own", "[a", "\n,a", "\n,,]."},
	{"double quotes with blanks", "", "\"\" ", "."},
	{"quotes", "", "'", ""},
	{"triple quotes", "", "\"\"\"\na\n\"\"\"\n", "."},
	{"line ends", "", "\n", "X."},
	{"line ends in a triple-quoted string", "\"\"\"\n", "\n", "\"\"\"."},
	{"backslashes", "\"", "\\", "\"."},
	{"dots", "", "a.\n", ""},
	{"errors on one line", "", "X. ", ""},
	{"errors on lines", "", "X.\n", ""},
	{"errors in one term", "[a", ",X", "]."},
	{"binaries", "[a", ",<<1>>", "]."},
	{"bytes", "<<1", ",1", ">>."},
	{"strings in binaries", "[a", ",<<\"a\">>", "]."},
	{"binaries of binaries", "", strings.Repeat("<<(", 4000) + "<<1:1000000>>" + strings.Repeat(")/bits>>", 4000) + ".\n", ""},
	{"empty tuples", "[a", ",{}", "]."},
	{"small tuples", "[a", ",{a}", "]."},
	{"small lists", "[a", ",[a]", "]."},
	{"small maps", "[a", ",#{}", "]."},
	{"maps", "[a", ",#{b=>1,a=>1}", "]."},
	{"one map", "#{0=>0", ",1=>1", "}."},
	{"improper lists", "[a", ",[a|b]", "]."},
	{"tails", "[a", strings.Repeat("|[a", 9990) + strings.Repeat("]", 9990) + "].\n[a", "]."},
	{"strings as tails", "[a|\"", "b", "\"]."},
	{"funs", "[a", ",fun a:b/1", "]."},
	{"comments", "", "%\n", ""},
	{"Latin-1", "% coding: latin-1\n\"", "\xe9", "\"."},
	{"bytes that are not UTF-8", "", "\xe9", "."},
	{"zeros", "", "\x00", ""},
}

const (
	hostileKinds = 9
	hostileSize  = DefaultMaxInput
	peakFactor   = 32               // what a parse may take, as a multiple of the text
	peakBase     = 40 << 20         // and what the process of the test has besides
	slowest      = 30 * time.Second // on a machine that does other things at the same time
)

// keyTree is a map of two keys, which are such maps themselves, of that depth. They
// differ only in the last value.
func keyTree(depth int) string {
	a, b := "1", "2"
	for range depth {
		a, b = "#{"+a+"=>1,"+b+"=>1}", "#{"+a+"=>1,"+b+"=>2}"
	}
	return a
}

func hostileText(i int) []byte {
	h := hostile[i]
	n := (hostileSize - len(h.before) - len(h.behind)) / len(h.repeated)
	return []byte(h.before + strings.Repeat(h.repeated, n) + h.behind)
}

// TestHostile parses each of the hostile texts in a process of its own, and
// holds it to a bound of memory and time. With -v it prints what each took. The
// race detector takes more memory than any text, so it is not built with that.
func TestHostile(t *testing.T) {
	for i, h := range hostile {
		if i == hostileKinds && !*allHostile {
			break
		}
		t.Run(h.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestHostileProcess$", "-test.count=1")
			cmd.Env = append(os.Environ(), fmt.Sprintf("ERLTERM_HOSTILE=%d", i))
			start := time.Now()
			out, err := cmd.CombinedOutput()
			took := time.Since(start)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
			t.Logf("%4d MiB, %4.1f times the text, %4.1fs: %s", peak>>20, float64(peak)/hostileSize, took.Seconds(), h.name)
			if peak > peakBase+peakFactor*hostileSize {
				t.Errorf("the peak is %d bytes, over %d times the text", peak, peakFactor)
			}
			if took > slowest {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestHostileProcess is what TestHostile runs.
func TestHostileProcess(t *testing.T) {
	var i int
	if _, err := fmt.Sscan(os.Getenv("ERLTERM_HOSTILE"), &i); err != nil {
		t.Skip("for TestHostile alone")
	}
	text := hostileText(i)
	if _, err := ParseFile("hostile", text); err != nil {
		Render(text, err)
	}
}
