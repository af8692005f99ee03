package statuspage

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"sync"
	"time"
)

//go:embed page.html.tmpl style.css script.js icon.svg
var files embed.FS

// pageTemplate is parsed when somebody looks: most daemons have no page.
var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.ParseFS(files, "page.html.tmpl")) })

// assets are the files that the page loads.
var assets = []asset{
	readAsset("style.css", "text/css; charset=utf-8"),
	readAsset("script.js", "text/javascript; charset=utf-8"),
	readAsset("icon.svg", "image/svg+xml"),
}

// version tells the files of this program from those of another version, of which a
// browser may still have the page.
var version = func() string {
	sum := sha256.New()
	for _, a := range assets {
		sum.Write(a.text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}()

type asset struct {
	name string
	kind string
	text []byte
}

func readAsset(name, kind string) asset {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is part of the program
	}
	return asset{name, kind, text}
}

// ServeHTTP answers 304 to a browser that has the file: it asks each time, so that a
// new version of the daemon never meets the style of an old one.
func (a asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", `"`+version+`"`)
	http.ServeContent(w, r, a.name, time.Time{}, bytes.NewReader(a.text))
}
