package manpage

import (
	"strings"

	"interconnectd/configs"
)

const settingsText = `The daemon reads it with -settings FILE. It holds what a sys.config has no word for: nodes,
timeouts of the start-up sync and ports are there. Every key is optional. A key that is not
known is an error, with the one that may be meant; "interconnectd check -settings FILE" tells
all that is wrong, and what results. HUP and "interconnectd reload" read the file again.
`

const settingsExample = `log:
  level: debug
detector:
  timeout: 5s
hooks:
  - name: page-someone
    on: [nodedown]
    nodes: ["db-*@*"]
    run: [/usr/local/bin/page, --quiet]
`

// settings is the page of interconnectd.yaml.
func (p Program) settings() Page {
	page, r := p.begin("interconnectd.yaml", 5, "settings of interconnectd")
	r.section("DESCRIPTION")
	r.text(settingsText)
	r.section("KEYS")
	r.fill("A dotted name is a key within mappings: bus.cluster is cluster below bus. What has [] in its name is a key of each entry of a list.")
	for _, k := range p.Settings {
		top := !strings.Contains(k.Path, ".")
		if top {
			r.request("SS", k.Path)
		}
		if top {
			r.fill(k.About)
		} else {
			r.item(bold(k.Path), k.About)
		}
		if k.Type != "" {
			r.b.WriteString(".br\n")
			r.fill(valueOf(k))
		}
	}
	r.section("FILES")
	r.item(bold("/etc/interconnectd/interconnectd.yaml"), "The file of the service.")
	r.section("EXAMPLES")
	r.example(settingsExample)
	r.seeAlso(Page{Name: "interconnectd", Section: 8}, Page{Name: "interconnectd-check", Section: 1}, Page{Name: "interconnectd-reload", Section: 1})
	return page.end(r)
}

// valueOf is a line about what a key may have.
func valueOf(k configs.SettingKey) string {
	text := "Value: " + k.Type
	switch {
	case k.Required:
		text += "; it may not be missing"
	case k.Default != "":
		text += "; default: " + k.Default
	}
	if k.Example != "" {
		text += "; example: " + k.Example
	}
	return text
}
