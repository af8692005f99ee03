package completion

import _ "embed"

var (
	//go:embed interconnectd.bash
	bashScript string
	//go:embed interconnectd.zsh
	zshScript string
	//go:embed interconnectd.fish
	fishScript string
)

// Shells are those that there is a script for.
var Shells = []string{"bash", "zsh", "fish"}

// Script is what a shell reads to complete the command line, "" for one that there is
// none for.
func Script(shell string) string {
	return map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[shell]
}
