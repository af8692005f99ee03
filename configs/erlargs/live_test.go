package erlargs

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/erldist/beamtest"
)

var (
	argsFiles = flag.Int("args-files", 50, "how many generated files TestLiveWords compares")
	argsInits = flag.Int("args-inits", 5, "how many generated files TestLiveFlags compares, each a start of Erlang")
	argsSeed  = flag.Uint64("args-seed", 0, "the seed of the generated files; 0: a fresh one")
)

// erl runs erl with the args file vm.args of a folder and words after it.
func erl(t *testing.T, dir string, words ...string) []byte {
	t.Helper()
	cmd := exec.Command("erl", append([]string{"-args_file", "vm.args"}, words...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ERL_AFLAGS=", "ERL_FLAGS=", "ERL_ZFLAGS=", "ERL_CRASH_DUMP=/dev/null", "LC_ALL=C.UTF-8")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("erl: %v\n%s%s", err, out, stderr.Bytes())
	}
	return out
}

// withPortMapper gives erl a port mapper of the test's own: where a name is among its
// words, and there is none, it starts one that outlives it. Erl has a flag more by it.
func withPortMapper(t *testing.T) {
	t.Helper()
	t.Setenv("ERL_EPMD_PORT", fmt.Sprint(beamtest.NewWorld(t).EPMDPort()))
}

func writeFiles(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// wantWords compares our words with those that erlexec would give the
// emulator, one a line. The files have no word with a line end and none that
// erlexec replaces by others.
func wantWords(t *testing.T, files map[string]string) {
	t.Helper()
	out := string(erl(t, writeFiles(t, files), "-emu_args_exit"))
	emulator, out, found := strings.Cut(out, "--\n-root\n")
	_, rest, foundHome := strings.Cut(out, "\n-home\n")
	_, rest, foundEnd := strings.Cut(rest, "\n--\n") // behind the home directory, and -epmd_port
	if !found || !foundHome || !foundEnd {
		t.Fatalf("erl prints %q", out)
	}
	words, extra, problems := Read("vm.args", opener(files))
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	a := Parse(words)
	var flags strings.Builder
	for _, f := range a.Emulator {
		flags.WriteString("-" + f.Name[1:] + "\n")
		for _, w := range f.Values {
			flags.WriteString(w.Text + "\n")
		}
	}
	if flags.String() != emulator {
		t.Errorf("emulator flags\n%s\nwant\n%s\nof %q", flags.String(), emulator, files)
	}
	if got, rest := withoutEnds(commandLine(words, extra, a)), withoutEnds(rest); got != rest {
		t.Errorf("words\n%s\nwant\n%s\nof %q", got, rest, files)
	}
}

// withoutEnds takes the words "--" out behind -extra, and an -extra that nothing
// else follows: OTP 25 has a "--" behind each file's words there.
func withoutEnds(words string) string {
	lines := slices.Collect(strings.Lines(words))
	at := slices.Index(lines, "-extra\n")
	if at < 0 {
		return words
	}
	extra := slices.DeleteFunc(lines[at:], func(line string) bool { return line == "--\n" })
	before := strings.Join(lines[:at], "")
	if len(extra) == 1 {
		return before
	}
	return before + strings.Join(extra, "")
}

// commandLine is what is left of words without those of the emulator and of
// erlexec, one a line.
func commandLine(words, extra []Word, a Args) string {
	gone := map[Word]bool{}
	for _, f := range a.Emulator {
		gone[f.Word] = true
		for _, w := range f.Values {
			gone[w] = true
		}
	}
	for _, v := range a.Env {
		gone[v.Name], gone[v.Value] = true, true
	}
	for _, f := range a.Flags {
		if f.Name == "epmd" {
			gone[f.Word], gone[f.Values[0]] = true, true
		}
	}
	var b strings.Builder
	for _, w := range words {
		if w.File != nil && (gone[w] || w.Text == "-env") {
			continue
		}
		b.WriteString(w.Text + "\n")
	}
	b.WriteString("--\n-extra\n") // behind the words of the command line
	for _, w := range extra {
		b.WriteString(w.Text + "\n")
	}
	return b.String()
}

// wantFlags compares our flags with what init:get_arguments/0 and
// init:get_plain_arguments/0 give.
func wantFlags(t *testing.T, files map[string]string) {
	t.Helper()
	out := erl(t, writeFiles(t, files), "-noshell", "-eval",
		`ok = io:setopts([{encoding, unicode}]),
		 [io:format("-~ts ~w~n", [F, Vs]) || {F, Vs} <- init:get_arguments(), not lists:member(F, [root, bindir, progname, home, noshell])],
		 io:format("~w~n", [[W || W <- init:get_plain_arguments(), W =/= "--"]]), halt().`, "--")
	words, extra, problems := Read("vm.args", opener(files))
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	a := Parse(words)
	var b strings.Builder
	for _, f := range a.Flags {
		switch f.Name {
		case "s", "run", "eval", "epmd", "noshell", "emu_args":
			continue
		}
		fmt.Fprintf(&b, "-%s %s\n", f.Name, erlangStrings(f.Values))
	}
	plain := slices.DeleteFunc(slices.Concat(a.Plain, extra), func(w Word) bool { return w.Text == "--" }) // as withoutEnds
	fmt.Fprintln(&b, erlangStrings(plain))
	if b.String() != string(out) {
		t.Errorf("flags\n%s\nwant\n%s\nof %q", b.String(), out, files)
	}
}

// erlangStrings writes words as Erlang does strings with ~w.
func erlangStrings(words []Word) string {
	list := make([]string, len(words))
	for i, w := range words {
		var codes []string
		for _, r := range w.Text {
			codes = append(codes, fmt.Sprint(int(r)))
		}
		list[i] = "[" + strings.Join(codes, ",") + "]"
	}
	return "[" + strings.Join(list, ",") + "]"
}

// TestLive holds the tables of these tests against the Erlang in PATH. All
// splits are one start: each becomes the values of a flag of its own, by a file
// of its own.
func TestLive(t *testing.T) {
	required.Programs(t, "erl")
	files := map[string]string{}
	var all strings.Builder
	for i, tt := range splits {
		name := fmt.Sprintf("f%d", i)
		files[name] = tt.text
		fmt.Fprintf(&all, "-f%d 'of %s' -args_file %s --\n", i, tt.name, name)
	}
	files["vm.args"] = all.String()
	out := erl(t, writeFiles(t, files), "-noshell", "-eval",
		`ok = io:setopts([{encoding, unicode}]),
		 [io:format("-~ts ~w~n", [F, Vs]) || {F, Vs} <- init:get_arguments(), not lists:member(F, [root, bindir, progname, home, noshell])], halt().`)
	words, _, _ := Read("vm.args", opener(files))
	var b strings.Builder
	for _, f := range Parse(words).Flags {
		fmt.Fprintf(&b, "-%s %s\n", f.Name, erlangStrings(f.Values))
	}
	if b.String() != string(out) {
		t.Errorf("flags\n%s\nwant\n%s", b.String(), out)
	}
	withPortMapper(t)
	for _, tt := range nested {
		t.Run(tt.name, func(t *testing.T) { wantWords(t, tt.files) })
	}
}

// TestLiveWords compares generated files by erlexec alone, which takes
// milliseconds.
func TestLiveWords(t *testing.T) {
	withPortMapper(t)
	random := seeded(t)
	for range *argsFiles {
		wantWords(t, generate(random, false))
		if t.Failed() {
			return
		}
	}
}

// TestLiveFlags compares generated files by what a started Erlang says.
func TestLiveFlags(t *testing.T) {
	required.Programs(t, "erl")
	random := seeded(t)
	for range *argsInits {
		wantFlags(t, generate(random, true))
		if t.Failed() {
			return
		}
	}
}

func seeded(t *testing.T) *rand.Rand {
	seed := *argsSeed
	if seed == 0 {
		seed = 1 + rand.Uint64N(1<<30)
	}
	t.Logf("-args-seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// pieces are what the words of generated files are made of.
var (
	flagWords = []string{"-name a@h", "-sname b", "-hidden", "-setcookie c", "-x", "-y", "-z", "-kernel", "-sasl", "--", "-4", "-env A B", "-env C -x", "-mode interactive", "-epmd /bin/true"}
	harmless  = []string{"-x", "-y", "-z", "-hidden", "--", "-4", "-env A B", "-env C -x", "-epmd /bin/true", "-setcookie c"}
	plusWords = []string{
		"+K true", "+A 4", "+P 200000", "+sbwt none", "+sbwtdio none", "+stbt db", "+hms 500", "+zdbbl 1024", "+W w", "+c true", "+c", "+pc unicode",
		"+MBas aobf", "+MHlmbcs 1024", "+Muacul 0", "+S 2:2", "+SDio 2", "+IOt 1", "+rg 2", "+Bd", "+fnu", "+T 3", "+a 64", "+scl false", "+Q 70000",
	}
	runes = []string{"a", "b", "7", "é", "-", "+", ".", "{", "}", "[", "]", "@", "$", "=", ",", "_", "/", "<", ">"}
)

// generate makes a few args files that name one another. Either no word has a
// line end in it, or no flag has a meaning for a starting Erlang.
func generate(random *rand.Rand, newlines bool) map[string]string {
	flagWords := flagWords
	if newlines {
		flagWords = harmless
	}
	files := map[string]string{}
	names := []string{"vm.args", "one", "two two"}
	for i, name := range names {
		var b strings.Builder
		for range random.IntN(30) {
			switch random.IntN(12) {
			case 0, 1, 2:
				b.WriteString(pick(random, flagWords))
			case 3:
				b.WriteString(pick(random, plusWords))
			case 4:
				b.WriteString("# " + pick(random, []string{"it's", `"open`, "-x", `\`, "#"}) + "\n")
			case 5:
				if i+1 < len(names) {
					b.WriteString("-args_file " + quote(names[i+1+random.IntN(len(names)-i-1)]))
				}
			default:
				b.WriteString(word(random, newlines))
			}
			b.WriteString(pick(random, []string{" ", "  ", "\t", "\n", "\r\n", " #c\n", "#c 'd\n"}))
		}
		if random.IntN(6) == 0 {
			b.WriteString("-extra")
			for range random.IntN(6) {
				b.WriteString(" " + pick(random, []string{word(random, newlines), "-q", "+Q", "--", "'b --'", "-args_file r", "-extra"}))
			}
		}
		files[name] = b.String()
	}
	return files
}

// word is a word that begins with neither '-' nor '+'.
func word(random *rand.Rand, newlines bool) string {
	blank := []string{" ", "\t", "#", "'", `\`}
	if newlines {
		blank = append(blank, "\n", "\r")
	}
	var b strings.Builder
	b.WriteString("w")
	for range random.IntN(4) {
		inside := ""
		for range random.IntN(4) {
			inside += pick(random, slices.Concat(runes, blank))
		}
		switch random.IntN(5) {
		case 0:
			b.WriteString(`"` + inside + `"`)
		case 1:
			b.WriteString("'" + strings.ReplaceAll(inside, "'", `"`) + "'")
		case 2:
			b.WriteString(`\` + pick(random, blank))
		default:
			b.WriteString(pick(random, runes))
		}
	}
	return b.String()
}

func pick(random *rand.Rand, list []string) string { return list[random.IntN(len(list))] }

func TestGenerateIsRepeatable(t *testing.T) {
	a, b := generate(rand.New(rand.NewPCG(7, 0)), true), generate(rand.New(rand.NewPCG(7, 0)), true)
	if !maps.Equal(a, b) {
		t.Error("one seed makes different files")
	}
}
