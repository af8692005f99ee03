package erlterm_test

import (
	"fmt"

	"interconnectd/erlterm"
)

func ExampleParse() {
	term, err := erlterm.Parse([]byte(`{sync_nodes_optional, ['b@127.0.0.1']}.`))
	if err != nil {
		fmt.Println(err)
		return
	}
	pair := term.(erlterm.Tuple)
	for _, node := range pair[1].(erlterm.List) {
		fmt.Println(pair[0], string(node.(erlterm.Atom)))
	}
	// Output: sync_nodes_optional b@127.0.0.1
}

func ExampleRender() {
	src := []byte("[{kernel,\n    {sync_nodes_timeout, 5000}\n  ]}\n].\n")
	_, err := erlterm.ParseFile("sys.config", src)
	fmt.Print(erlterm.Render(src, err))
	// Output:
	// sys.config:2:5: missing '['
	//       {sync_nodes_timeout, 5000}
	//       ^
	// hint: a '[' is missing: kernel's parameters are a list
}

func ExampleCursor() {
	f, err := erlterm.ParseFile("sys.config", []byte("[{kernel,\n  [{sync_nodes_timeout, 5000}]}]."))
	if err != nil {
		fmt.Println(err)
		return
	}
	for app := range f.Cursor(0).Elems() {
		for par := range app.Elem(1).Elems() {
			fmt.Printf("%s at %s\n", par.Elem(0).Term(), par.Elem(1).Pos())
		}
	}
	// Output: sync_nodes_timeout at 2:25
}
