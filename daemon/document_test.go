package main

import (
	"fmt"
	"regexp"
	"strings"
)

// block is a fenced block of a document with commands, or a command between backticks.
type block struct {
	section string // the heading above
	line    int
	steps   []step
	inline  bool
}

// step is a command and what it prints.
type step struct {
	host    string // at whose prompt; "" for the one of the document
	iex     string // the node at whose prompt of iex it is typed; "" for a shell's
	number  int    // of that prompt
	command string
	output  []string // as the document shows it; nil: it shows none
}

var (
	promptLine = regexp.MustCompile(`^([0-9.]*)\$ (.*)$`)
	iexPrompt  = regexp.MustCompile(`^iex\(([^)]+)\)(\d+)> (.*)$`)
	inlineCode = regexp.MustCompile("`(interconnectd [^`]*)`")
	headingRow = regexp.MustCompile(`^##+ (.*)$`)
)

// blocksOf are the blocks of a document in Markdown, in order: those that say sh, each
// line of which is a command, those that say console, where commands stand behind a
// prompt, or expressions behind one of iex, and commands between backticks.
func blocksOf(text string) ([]block, error) {
	var blocks []block
	section, fence := "", ""
	var current *block
	for i, line := range strings.Split(text, "\n") {
		switch {
		case fence == "" && strings.HasPrefix(line, "```"):
			fence = strings.TrimPrefix(line, "```")
			current = &block{section: section, line: i + 1}
			if fence == "" {
				return nil, fmt.Errorf("line %d: a block that does not say what is in it", i+1)
			}
		case fence != "" && line == "```":
			if len(current.steps) > 0 {
				blocks = append(blocks, *current)
			}
			fence = ""
		case fence == "sh":
			current.steps = append(current.steps, step{command: line})
		case fence == "console":
			if m := promptLine.FindStringSubmatch(line); m != nil {
				current.steps = append(current.steps, step{host: m[1], command: m[2]})
				continue
			}
			if m := iexPrompt.FindStringSubmatch(line); m != nil {
				current.steps = append(current.steps, step{iex: m[1], command: m[3]})
				_, err := fmt.Sscan(m[2], &current.steps[len(current.steps)-1].number)
				if err != nil {
					return nil, fmt.Errorf("line %d: %w", i+1, err)
				}
				continue
			}
			if len(current.steps) == 0 {
				return nil, fmt.Errorf("line %d: output before the first command", i+1)
			}
			last := &current.steps[len(current.steps)-1]
			last.output = append(last.output, line)
		case fence != "": // of another language
		default:
			if m := headingRow.FindStringSubmatch(line); m != nil {
				section = m[1]
			}
			for _, m := range inlineCode.FindAllStringSubmatch(line, -1) {
				blocks = append(blocks, block{section: section, line: i + 1, inline: true, steps: []step{{command: m[1]}}})
			}
		}
	}
	return blocks, nil
}

// What a document shows once and a run shows otherwise.
var varying = []struct{ shown, pattern string }{
	{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+0000)`, `\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+0000)`},
	{`\d\d:\d\d:\d\d\.\d+`, `\d\d:\d\d:\d\d\.\d+`},
	{`\b[A-Z][a-z][a-z] \d\d \d\d:\d\d:\d\d`, `[A-Z][a-z][a-z] \d\d \d\d:\d\d:\d\d`},
	{`\d+\.\d+ms`, `\d+\.\d+ms`},
	{`\b\d+(\.\d+)?s ago`, `.* ago`},
	{`\b(\d+m)?\d+\.\d+s\b`, `(\d+m)?\d+(\.\d+)?(ms|s)`},
	{`:43\d\d\b`, `:\d+`},
	{`\[\d+\]:`, `\[\d+\]:`},
	{`\bpid \d+|Main PID: \d+`, `(pid|Main PID:) \d+`},
	{`\bv\d+\.\d+\.\d+\b`, `\S+`},
	{`\(\d+\.\d+\.\d+\)`, `\([0-9.]+\)`},
	{`#PID<[0-9.]+>`, `#PID<[0-9.]+>`},
	{`  +`, `\s+`},
}

var varyingShown = func() *regexp.Regexp {
	var all []string
	for _, v := range varying {
		all = append(all, "("+v.shown+")")
	}
	return regexp.MustCompile(strings.Join(all, "|"))
}()

// patternOf is a regular expression for a line that a document shows.
func patternOf(shown string) *regexp.Regexp {
	var b strings.Builder
	rest := shown
	for {
		at := varyingShown.FindStringIndex(rest)
		if at == nil {
			break
		}
		b.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		for _, v := range varying {
			if m := regexp.MustCompile("^(" + v.shown + ")$"); m.MatchString(rest[at[0]:at[1]]) {
				b.WriteString(v.pattern)
				break
			}
		}
		rest = rest[at[1]:]
	}
	return regexp.MustCompile("^" + b.String() + regexp.QuoteMeta(rest) + `\s*$`)
}

// hasLines reports whether a log has all lines that a document shows, in any order: two
// parts of a daemon may tell the same moment. A line ... shows none.
func hasLines(shown []string, log string) bool {
	for _, want := range shown {
		pattern := patternOf(want)
		found := want == "..."
		for line := range strings.Lines(log) {
			found = found || pattern.MatchString(strings.TrimSuffix(line, "\n"))
		}
		if !found {
			return false
		}
	}
	return true
}

// unlike is what differs between the output that a document shows and another; "" is
// nothing. A line ... stands for any number of lines.
func unlike(shown []string, output string) string {
	lines := strings.Split(strings.TrimSuffix(output, "\n"), "\n")
	if output == "" {
		lines = nil
	}
	at, any := 0, false
	for _, want := range shown {
		if want == "..." {
			any = true
			continue
		}
		pattern := patternOf(want)
		for any && at < len(lines) && !pattern.MatchString(lines[at]) {
			at++
		}
		if at == len(lines) || !pattern.MatchString(lines[at]) {
			got := "nothing more"
			if at < len(lines) {
				got = lines[at]
			}
			return fmt.Sprintf("want %s\ngot  %s", want, got)
		}
		at, any = at+1, false
	}
	if !any && at < len(lines) {
		return "got more: " + lines[at]
	}
	return ""
}
