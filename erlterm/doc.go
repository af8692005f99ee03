// Package erlterm reads and prints Erlang terms: the text of a sys.config, of
// an .app file, or of whatever file:consult/1 reads.
//
// [Parse] reads one term, [ParseAll] all terms of a text, and [ParseFile] all
// terms with their places. [AppendTerm] prints a term as Erlang's ~tw does.
// [Equal] and [Compare] are Erlang's =:= and its order of terms.
//
// [Unmarshal] and [Marshal] turn texts into Go values and back, a [Decoder] reads
// terms from a stream, and [Format] lays a text out and keeps its comments.
//
// # Grammar
//
// The language is what erl_scan and erl_parse:parse_term/1 of OTP 27 read, and
// what they refuse is refused:
//
//	file     = { term dot } .
//	dot      = "." followed by a blank, a comment or the end of the text .
//	term     = atom | number | char | strings | sigil | list | tuple | map
//	         | binary | fun | "(" term ")" .
//	number   = [ "+" | "-" ] ( integer | float | char | "(" number ")" ) .
//	strings  = string { string } .
//	list     = "[" [ term { "," term } [ "|" term ] ] "]" .
//	tuple    = "{" [ term { "," term } ] "}" .
//	map      = "#" "{" [ term "=>" term { "," term "=>" term } ] "}" .
//	binary   = "<<" [ segment { "," segment } ] ">>" .
//	segment  = term [ ":" term ] [ "/" type { "-" type } ] .
//	type     = atom [ ":" integer ] .
//	fun      = "fun" atom ":" atom "/" integer .
//
// A number in parentheses has no sign of its own when one stands before them.
// A % starts a comment. Strings may be triple-quoted; sigils are ~ ~b ~B ~s ~S.
// Reserved words are atoms only in quotes. The text is UTF-8, or Latin-1 where
// a comment in its first two lines says coding: latin-1, as epp reads it.
//
// Variables, macros, records, calls, operators, pids, ports and references are
// refused.
//
// # Go values
//
// What [Unmarshal] takes for a Go type, and what [Marshal] writes:
//
//	Go                   read from                            written as
//	bool                 true, false                          the same
//	int8 ... uint64      an integer in range                  integer
//	big.Int              any integer                          integer
//	float32, float64     a float or an integer                float
//	string               atom, string, binary, characters     string, or as the tag says
//	[]byte, [N]byte      a binary, a list of bytes            binary
//	slice, array         a list; a tuple with the tag tuple   the same
//	map                  [{Key, Value}, Atom ...], #{...}     [{Key, Value} ...], or #{...}
//	struct               the same; a tuple with the tag       the same
//	time.Duration        an integer in the unit of the tag,   the same
//	                     infinity for Infinity
//	pointer              undefined for nil, else its value    the same
//	any, Term            any term as it is                    what it holds; undefined for nil
//	Atom, Int ...        a term of that type                  the same
//	Unmarshaler          what it takes                        what a Marshaler returns
//	TextUnmarshaler      what a string is read from           as the string of a TextMarshaler
//
// In a list for a map or a struct an atom stands for {Atom, true}. Keys of structs
// are atoms, strings or binaries; keys of maps are read as any value, and written
// as atoms where they are Go strings. Equal keys are an error without
// [AllowRepeated], and keys without a field without [RejectUnknown] are passed
// over. An array has as many elements as its list. A map or a struct keeps what no
// key is about; a slice is made anew.
//
// The tags of fields are
//
//	tag    = `erl:"` [ name ] { "," option } `"` | `erl:"-"` .
//	name   = any text without a comma | an atom in single quotes .
//	option = "omitzero" | "required" | "unit=" unit | "atom" | "string"
//	       | "binary" | "map" | "tuple" .
//	unit   = "ns" | "us" | "ms" | "s" | "min" | "h" | "d" .
//
// Without a name the key is that of the field in lower case, SyncNodes is
// sync_nodes; with - there is none. The fields of an embedded struct without a tag
// stand among those around it, which hide them.
//
//   - omitzero: Marshal leaves out a zero value, or one whose IsZero says so.
//   - required: Unmarshal reports a key that is missing.
//   - unit: of a time.Duration, or of all of them in a slice or a map. There is no
//     unit without it.
//   - atom, string, binary: what Marshal writes for strings, or for all in a slice
//     or a map.
//   - map: Marshal writes #{...}.
//   - tuple: the value is a tuple, of the fields of a struct in their order.
//
// The tag of a blank field, as in _ struct{} `erl:",map"`, says the last two of the
// struct itself. A name there, as in `erl:"point,tuple"`, is the atom that comes
// first in the tuple.
//
// # Errors
//
// A parse collects what is wrong with a text in one [ErrorList], at most one
// error for a line. The place of an error is that of its probable cause, which
// can be lines before the one where Erlang stumbles. [Render] shows errors with
// their source lines and hints. The error of a value that does not fit a Go type
// names the path to it too, as in kernel.sync_nodes_timeout; there is one for
// every such value.
//
// # Limits
//
// The length of the text, the depth of brackets, the length of atoms and the
// size of integers are limited by [MaxInput], [MaxDepth], [MaxAtom] and
// [MaxInteger]. All binaries of a text together may take 1 MiB and 4 times its
// length, since a few bytes of text can ask for a huge one. Over a limit is an
// error. No input makes the package panic.
//
// A text takes time in proportion to its length, but for integers of more than a
// thousand digits, and less than 32 times its length in memory, which is that of
// brackets and numbers of one digit. TestHostile holds 16 MiB texts to that:
//
//	go test -run TestHostile -v -hostile ./erlterm
//
// # Speed
//
// The profiles of a large configuration give half of the time to the scanner, a
// quarter to the parser, and the rest to the allocator and the garbage collector,
// of which a plain parser spends most of its time in. Hence:
//
//   - A token is twelve bytes and passed by value. A table says of a byte whether it
//     is a token by itself, as two of three tokens are; another says which function
//     scans what starts with it.
//   - The text is not copied. Fresh memory for 8 MB cost a third of the time. Only
//     the characters of strings and new atoms are, into chunks.
//   - The elements of what is open stand on one stack, and move to shared chunks
//     when it is closed. A list longer than a chunk keeps the stack's storage, and
//     the stack takes a new one. Chunks are made for what the rest of the text holds
//     if it is like what stands before, so that small texts waste little.
//   - What stands in an interface takes an allocation. Here the values behind terms
//     stand in chunks too: see unsafe.go. That leaves 0.06 allocations for a term of
//     a large file, 0.23 in files of 2 kB, and was a quarter of the time.
//   - An atom seen of late is used again, out of a table of fixed size that a hash
//     of its ends points into, where a Go map of all atoms took a fifth of the time.
//   - Places are a table of eight bytes a term beside the terms, with room made for
//     as many as a text of that length has. Lines and columns are counted when
//     somebody asks for one.
//   - One parse takes over from another what holds none of its lists, tuples and
//     maps: the table of atoms, the stacks, the room left for characters and numbers.
//
// The same data as JSON takes encoding/json more than twice as long and its v2
// 1.4 times; file:consult takes eighty to a hundred times as long in OTP 25, for a
// large file, and about thirty for files of 2 kB, whose opening counts:
//
//	go test -run '^$' -bench Config -benchmem -count 6 ./erlterm
//	GOEXPERIMENT=jsonv2 go test -run '^$' -bench Config/json-v2 -benchmem -count 6 ./erlterm
//	INTERCONNECT_CORPUS=folder go test -run '^$' -bench Corpus -benchmem -count 6 ./erlterm
package erlterm
