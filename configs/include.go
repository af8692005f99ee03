package configs

import (
	"os"
	"path/filepath"

	"interconnectd/configs/template"
	"interconnectd/erlterm"
)

// include merges the file that the string at p names, in its turn among the
// applications of the sys.config, as application_controller:check_conf_sys/4
// does. The extension is optional. A relative name is looked for beside the
// sys.config, and only then in the working directory.
//
// An included file includes no other: OTP takes the string in it for an
// application, and stops.
func (f *configFile) include(p place, name erlterm.String) {
	src := &source{name: f.includePath(string(name))}
	f.source(src.name)
	text, err := readFile(src.name)
	if err != nil {
		f.at(Error, p, f.missingInclude(string(name)), "including %s: %v", src.name, err)
		return
	}
	src.text = text
	if isTemplate(src.name) && !f.expand(src, template.Erlang) {
		return
	}
	f.mergeSysConfig(src, includedFile)
}

// includePath is where the file is that a sys.config includes by name.
func (f *configFile) includePath(name string) string {
	path := configPath(name)
	if filepath.IsAbs(path) {
		return path
	}
	beside := filepath.Join(filepath.Dir(f.src.name), path)
	if _, err := os.Stat(beside); err == nil {
		return beside
	}
	return path
}

// missingInclude says where a relative name was looked for.
func (f *configFile) missingInclude(name string) string {
	if filepath.IsAbs(name) {
		return ""
	}
	dir := filepath.Dir(f.src.name)
	if dir == "." {
		return "it is looked for in the working directory"
	}
	return "it is looked for in " + dir + ", then in the working directory"
}
