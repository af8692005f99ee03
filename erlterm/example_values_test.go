package erlterm_test

import (
	"fmt"
	"io"
	"strings"
	"time"

	"interconnectd/erlterm"
)

// A sys.config is a list of applications, each a list of parameters.
type sysConfig struct {
	Kernel struct {
		Mandatory []string      `erl:"sync_nodes_mandatory,omitzero"`
		Optional  []string      `erl:"sync_nodes_optional,omitzero,atom"`
		Timeout   time.Duration `erl:"sync_nodes_timeout,unit=ms"`
	}
	Shop map[string]erlterm.Term `erl:",omitzero"`
}

func ExampleUnmarshal() {
	src := []byte(`
[{kernel, [
    {sync_nodes_optional, ['a@127.0.0.1', 'b@127.0.0.1']},
    {sync_nodes_timeout, 5000}
 ]},
 {shop, [{port, 8080}, debug]}].
`)
	var config sysConfig
	if err := erlterm.Unmarshal(src, &config); err != nil {
		fmt.Print(erlterm.Render(src, err))
		return
	}
	fmt.Println(config.Kernel.Optional, config.Kernel.Timeout)
	fmt.Println(config.Shop["port"], config.Shop["debug"])
	// Output:
	// [a@127.0.0.1 b@127.0.0.1] 5s
	// 8080 true
}

// All values that do not fit are told at once, each with its path and its place.
func ExampleUnmarshal_errors() {
	src := []byte(`[{kernel, [
    {sync_nodes_timeout, "5000"},
    {sync_node_optional, []}
]}].
`)
	var config sysConfig
	err := erlterm.Unmarshal(src, &config, erlterm.Name("sys.config"), erlterm.RejectUnknown())
	fmt.Print(erlterm.Render(src, err))
	// Output:
	// sys.config:2:26: kernel.sync_nodes_timeout: expected an integer in milliseconds, or infinity, found "5000"
	//       {sync_nodes_timeout, "5000"},
	//                            ^~~~~~
	// hint: write 5000 without quotes
	// sys.config:3:6: kernel: unknown key sync_node_optional
	//       {sync_node_optional, []}
	//        ^~~~~~~~~~~~~~~~~~
	// hint: known are sync_nodes_mandatory, sync_nodes_optional, sync_nodes_timeout
}

// A map of maps takes any sys.config.
func ExampleUnmarshal_map() {
	var config map[string]map[string]erlterm.Term
	err := erlterm.Unmarshal([]byte(`[{kernel, [{net_ticktime, 60}]}, {sasl, []}].`), &config)
	fmt.Println(config, err)
	// Output: map[kernel:map[net_ticktime:60] sasl:map[]] <nil>
}

// A rebar.config is several terms, which AllTerms takes for one list.
func ExampleAllTerms() {
	var config struct {
		Deps []erlterm.Term
		Opts []erlterm.Term `erl:"erl_opts"`
	}
	src := []byte("{erl_opts, [debug_info]}.\n{deps, [{jsx, \"3.1.0\"}]}.\n")
	err := erlterm.Unmarshal(src, &config, erlterm.AllTerms())
	fmt.Println(config.Opts, len(config.Deps), err)
	// Output: [debug_info] 1 <nil>
}

// Marshal writes one line, which Format lays out.
func ExampleMarshal() {
	var config sysConfig
	config.Kernel.Optional = []string{"a@127.0.0.1", "b@127.0.0.1"}
	config.Kernel.Timeout = erlterm.Infinity
	config.Shop = map[string]erlterm.Term{"title": erlterm.String("The shop at the corner"), "port": erlterm.Int(8080)}
	text, err := erlterm.Marshal(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	laidOut, err := erlterm.Format(text)
	fmt.Printf("%s%v\n", laidOut, err)
	// Output:
	// [
	//     {kernel, [
	//         {sync_nodes_optional, ['a@127.0.0.1', 'b@127.0.0.1']},
	//         {sync_nodes_timeout, infinity}
	//     ]},
	//     {shop, [{port, 8080}, {title, "The shop at the corner"}]}
	// ].
	// <nil>
}

// A tag on a blank field is about the whole struct: a record is a tuple with a
// name in front.
func ExampleMarshal_record() {
	type user struct {
		_     struct{} `erl:"user,tuple"`
		Name  string   `erl:",binary"`
		Age   int
		Email *string
	}
	text, err := erlterm.Marshal([]user{{Name: "Ada", Age: 36}})
	fmt.Printf("%s%v\n", text, err)
	// Output:
	// [{user,<<"Ada">>,36,undefined}].
	// <nil>
}

func ExampleFormat() {
	src := []byte(`%% The node.
[{kernel,[{sync_nodes_optional, ['a@127.0.0.1']}, % for now
          {sync_nodes_timeout,16#1388}]}].`)
	out, err := erlterm.Format(src)
	fmt.Printf("%s%v\n", out, err)
	// Output:
	// %% The node.
	// [
	//     {kernel, [
	//         {sync_nodes_optional, ['a@127.0.0.1']},  % for now
	//         {sync_nodes_timeout, 16#1388}
	//     ]}
	// ].
	// <nil>
}

func ExampleDecoder() {
	d := erlterm.NewDecoder(strings.NewReader("{up, 'a@h'}.\n{up, 17}.\n{down, 'a@h'}.\n"), erlterm.Name("events"))
	for {
		var event struct {
			_    struct{} `erl:",tuple"`
			Kind erlterm.Atom
			Node erlterm.Atom
		}
		err := d.Decode(&event)
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(event.Node, "is", event.Kind)
	}
	// Output:
	// a@h is up
	// events:2:6: node: expected an atom, found 17
	// a@h is down
}
