package erlargs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write shows groups of words on one line.
func write(a Args) string {
	var parts []string
	flag := func(mark string, f Flag) {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s%s %q", mark, f.Name, texts(f.Values))))
	}
	for _, f := range a.Flags {
		flag("-", f)
	}
	for _, f := range a.Emulator {
		flag("", f)
	}
	for _, v := range a.Env {
		parts = append(parts, fmt.Sprintf("%s=%s", v.Name.Text, v.Value.Text))
	}
	if len(a.Plain) > 0 {
		parts = append(parts, fmt.Sprintf("plain %q", texts(a.Plain)))
	}
	return strings.Join(parts, ", ")
}

// Flags and values are init:parse_boot_args/1's, what goes before them
// erlexec's.
func TestParse(t *testing.T) {
	tests := []struct{ line, want string }{
		{"", ""},
		{"-name a -hidden -setcookie b c", `-name ["a"], -hidden [], -setcookie ["b" "c"]`},
		{"a -b c -- d -e", `-b ["c"], -e [], plain ["a" "d"]`},
		{"-b c -- -- d", `-b ["c"], plain ["d"]`},
		{"-kernel net_ticktime -4", `-kernel ["net_ticktime"], -4 []`},
		{"-s m f a -run x -eval y", `-s ["m" "f" "a"], -run ["x"], -eval ["y"]`},
		{"- a", `- ["a"]`},
		{"-b c +K true d", `-b ["c" "d"], +K ["true"]`},
		{"-b +Ktrue +A 5 +P 10 +Bi +B i +B -c", `-b [], -c [], +Ktrue [], +A ["5"], +P ["10"], +Bi [], +B ["i"], +B []`},
		{"-b +sbwt none +sbwtdcpu none +swt very_low +stbt db +sub true +spp true c", `-b ["c"], +sbwt ["none"], +sbwtdcpu ["none"], +swt ["very_low"], +stbt ["db"], +sub ["true"], +spp ["true"]`},
		{"-b +zdbbl 1024 +zebwt x +hms 233 +h 1 +hmaxk true +rg 4 +pc unicode c", `-b ["c"], +zdbbl ["1024"], +zebwt ["x"], +hms ["233"], +h ["1"], +hmaxk ["true"], +rg ["4"], +pc ["unicode"]`},
		{"-b +S 4:4 +SDio 8 +SP 50:50 +IOt 2 +IOPp 50 +JPperf true c", `-b ["c"], +S ["4:4"], +SDio ["8"], +SP ["50:50"], +IOt ["2"], +IOPp ["50"], +JPperf ["true"]`},
		{"-b +MBas aobf +Muacul 0 +Mea min +MHlmbcs 512 +MMscs 1 +Mx y c", `-b ["y" "c"], +MBas ["aobf"], +Muacul ["0"], +Mea ["min"], +MHlmbcs ["512"], +MMscs ["1"], +Mx []`},
		{"-b +c true +c x +fnu y +v", `-b ["x" "y"], +c ["true"], +c [], +fnu [], +v []`},
		{"-b c -env A -x +y d", `-b ["c" "d"], +y [], A=-x`},
		{"-env A", `-env ["A"]`},
		{"-b c -epmd -x d -emu_args e", `-epmd ["-x"], -emu_args [], -b ["c" "d" "e"]`},
		{"-name +x -sname -y", `-name ["+x"], -sname [], -y []`},
		{"-name -- x", `-name [], plain ["x"]`},
		{"-env A -- b", `A=--, plain ["b"]`},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			got := write(Parse(Split("vm.args", []byte(tt.line)).Words))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Parse(%s) (-want +got):\n%s", tt.line, diff)
			}
		})
	}
}
