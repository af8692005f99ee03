package erlterm

import (
	"encoding"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// This file knows the Go types: what a struct's tags say, and what kind of
// value a type stands for. Both are worked out once for each type.

// A codec is how the values of a Go type are read and written, where its kind
// alone does not say so.
type codec uint8

const (
	codecKind     codec = iota
	codecTerm           // one of the types of terms
	codecAny            // Term, or an interface without methods
	codecBigInt         // big.Int
	codecDuration       // time.Duration
	codecBytes          // a slice or an array of bytes
	codecText           // reads or writes itself as text
	codecCustom         // reads or writes itself as a term
)

// A typeInfo is what is known of a type.
type typeInfo struct{ read, write codec }

var (
	typeInfos   sync.Map // of reflect.Type to typeInfo
	structInfos sync.Map // of reflect.Type to *structInfo
)

var (
	termType        = reflect.TypeFor[Term]()
	opaqueType      = reflect.TypeFor[Opaque]()
	bigIntType      = reflect.TypeFor[big.Int]()
	durationType    = reflect.TypeFor[time.Duration]()
	unmarshalerType = reflect.TypeFor[Unmarshaler]()
	marshalerType   = reflect.TypeFor[Marshaler]()
	textReaderType  = reflect.TypeFor[encoding.TextUnmarshaler]()
	textWriterType  = reflect.TypeFor[encoding.TextMarshaler]()
)

func infoOf(t reflect.Type) typeInfo {
	if info, ok := typeInfos.Load(t); ok {
		return info.(typeInfo)
	}
	pointer := reflect.PointerTo(t) // has the methods of both
	plain := codecOf(t)
	info := typeInfo{read: plain, write: plain}
	if plain == codecKind || plain == codecBytes {
		switch {
		case t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface: // what they hold decides
		case pointer.Implements(unmarshalerType):
			info.read = codecCustom
		case pointer.Implements(textReaderType):
			info.read = codecText
		}
		switch {
		case t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface:
		case pointer.Implements(marshalerType):
			info.write = codecCustom
		case pointer.Implements(textWriterType):
			info.write = codecText
		}
	}
	typeInfos.Store(t, info)
	return info
}

func codecOf(t reflect.Type) codec {
	switch {
	case t == termType, t.Kind() == reflect.Interface && t.NumMethod() == 0:
		return codecAny
	case termNames[t] != "", t.Implements(opaqueType):
		return codecTerm
	case t == bigIntType:
		return codecBigInt
	case t == durationType:
		return codecDuration
	case (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) && t.Elem().Kind() == reflect.Uint8:
		return codecBytes
	}
	return codecKind
}

// A format is what a tag says of the form of a value.
type format struct {
	unit  time.Duration // of a time.Duration; 0: none was said
	text  textForm
	shape shape
}

// elem is the format of the elements of a value: the shape was that of the
// value itself.
func (f format) elem() format {
	f.shape = shapeDefault
	return f
}

// A textForm is how a Go string is written.
type textForm uint8

const (
	textString textForm = iota
	textAtom
	textBinary
)

// A shape is how a struct, a map or an array is written.
type shape uint8

const (
	shapeDefault shape = iota // a list; a struct or a map: of {Key, Value}
	shapeMap
	shapeTuple
)

var textForms = map[string]textForm{"string": textString, "atom": textAtom, "binary": textBinary}

var units = map[string]time.Duration{
	"ns": time.Nanosecond, "us": time.Microsecond, "ms": time.Millisecond,
	"s": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

// A structInfo is what the tags of a struct say.
type structInfo struct {
	fields []field // in the order of the struct
	byName map[string]int
	shape  shape
	record Atom // the first element of the tuple; "": none
	err    error
}

// A field is one of a struct, or of one that is embedded in it.
type field struct {
	name     string
	index    []int // as of reflect.Value.FieldByIndex
	format   format
	omitZero bool
	required bool
	tagged   bool // the name is from a tag
}

func structOf(t reflect.Type) *structInfo {
	if info, ok := structInfos.Load(t); ok {
		return info.(*structInfo)
	}
	info := &structInfo{byName: make(map[string]int)}
	info.err = info.collect(t)
	structInfos.Store(t, info)
	return info
}

// collect takes the fields of t, and of the structs embedded in it level by
// level: a field hides those of its name further down.
func (info *structInfo) collect(t reflect.Type) error {
	type level struct {
		t     reflect.Type
		index []int
	}
	seen := map[reflect.Type]bool{t: true}
	hidden := map[string]bool{}
	for now := []level{{t, nil}}; len(now) > 0; {
		var below []level
		var found []field
		for _, l := range now {
			for i := range l.t.NumField() {
				sf := l.t.Field(i)
				index := append(slices.Clone(l.index), i)
				if sf.Name == "_" {
					if len(l.index) == 0 {
						if err := info.parseStructTag(t, sf); err != nil {
							return err
						}
					}
					continue
				}
				if e, ok := embedded(sf); ok {
					if !seen[e] {
						seen[e] = true
						below = append(below, level{e, index})
					}
					continue
				}
				f, ok, err := parseField(t, sf)
				if err != nil {
					return err
				}
				if ok {
					f.index = index
					found = append(found, f)
				}
			}
		}
		if err := info.addLevel(t, found, hidden); err != nil {
			return err
		}
		now = below
	}
	slices.SortFunc(info.fields, func(a, b field) int { return slices.Compare(a.index, b.index) })
	for i, f := range info.fields {
		info.byName[f.name] = i
	}
	return nil
}

// addLevel adds the fields of one level of embedding that are not hidden.
func (info *structInfo) addLevel(t reflect.Type, found []field, hidden map[string]bool) error {
	first := map[string]bool{}
	for _, f := range found {
		switch {
		case hidden[f.name]:
		case first[f.name]:
			return fmt.Errorf("erlterm: %s has two fields for the key %s", t, atomText(f.name))
		default:
			first[f.name] = true
			info.fields = append(info.fields, f)
		}
	}
	for name := range first {
		hidden[name] = true
	}
	return nil
}

// embedded returns the struct whose fields stand for sf, which has no name of
// its own in a tag.
func embedded(sf reflect.StructField) (reflect.Type, bool) {
	if !sf.Anonymous || sf.Tag.Get("erl") != "" {
		return nil, false
	}
	t := sf.Type
	if t.Kind() == reflect.Pointer && sf.IsExported() {
		t = t.Elem()
	}
	return t, t.Kind() == reflect.Struct && infoOf(t).read == codecKind
}

// parseStructTag reads the tag of a blank field, which is about the struct.
func (info *structInfo) parseStructTag(t reflect.Type, sf reflect.StructField) error {
	tag, ok := sf.Tag.Lookup("erl")
	if !ok {
		return nil
	}
	name, opts, err := splitTag(tag)
	if err != nil {
		return fmt.Errorf("erlterm: the tag of %s: %w", t, err)
	}
	for _, opt := range opts {
		switch opt {
		case "map":
			info.shape = shapeMap
		case "tuple":
			info.shape = shapeTuple
		default:
			return fmt.Errorf("erlterm: the tag of %s: unknown option %q", t, opt)
		}
	}
	if name != "" && info.shape != shapeTuple {
		return fmt.Errorf("erlterm: the tag of %s: a name is that of a tuple: add ,tuple", t)
	}
	info.record = Atom(name)
	return nil
}

// parseField reads the tag of a field. It is not ok when the field is left out.
func parseField(t reflect.Type, sf reflect.StructField) (f field, ok bool, err error) {
	tag, tagged := sf.Tag.Lookup("erl")
	switch {
	case tag == "-" || !sf.IsExported() && !tagged:
		return field{}, false, nil
	case !sf.IsExported():
		return field{}, false, fmt.Errorf("erlterm: %s.%s has a tag and is not exported", t, sf.Name)
	}
	name, opts, err := splitTag(tag)
	if err == nil {
		f.name, f.tagged = name, name != ""
		if !f.tagged {
			f.name = snakeCase(sf.Name)
		}
		err = f.parseOptions(opts, sf.Type)
	}
	if err != nil {
		return field{}, false, fmt.Errorf("erlterm: the tag of %s.%s: %w", t, sf.Name, err)
	}
	return f, true, nil
}

func (f *field) parseOptions(opts []string, t reflect.Type) error {
	leaf := leafOf(t)
	kind := leafOf(t).Kind()
	for _, opt := range opts {
		form, isText := textForms[opt]
		unit, isUnit := strings.CutPrefix(opt, "unit=")
		fits := true
		switch {
		case opt == "omitzero":
			f.omitZero = true
		case opt == "required":
			f.required = true
		case isUnit:
			f.format.unit = units[unit]
			fits = f.format.unit != 0 && leaf == durationType
		case isText:
			f.format.text = form
			fits = kind == reflect.String || infoOf(leaf).write == codecText
		case opt == "map":
			f.format.shape = shapeMap
			t := deref(t)
			fits = t.Kind() == reflect.Struct || t.Kind() == reflect.Map
		case opt == "tuple":
			f.format.shape = shapeTuple
			t := deref(t)
			fits = t.Kind() == reflect.Struct || t.Kind() == reflect.Slice || t.Kind() == reflect.Array
		default:
			return fmt.Errorf("unknown option %q", opt)
		}
		if !fits {
			return fmt.Errorf("the option %q does not fit a %s", opt, t)
		}
	}
	return nil
}

// leafOf is the type of the values in t, however deep in slices, maps and the
// like.
func leafOf(t reflect.Type) reflect.Type {
	for range 100 { // a type may contain itself
		if infoOf(t).read == codecText || infoOf(t).write == codecText {
			return t
		}
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			t = t.Elem()
		default:
			return t
		}
	}
	return t
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// splitTag splits a tag into the name, which may stand in Erlang's single
// quotes, and the options.
func splitTag(tag string) (name string, opts []string, err error) {
	rest := tag
	if strings.HasPrefix(tag, "'") {
		s := newScanner(tag, 0, nil)
		tok := s.scan()
		t, err := Parse([]byte(tag[:tok.end] + " ."))
		quoted, ok := t.(Atom)
		if err != nil || !ok {
			return "", nil, fmt.Errorf("a quoted name is not closed, or wrong: %s", tag)
		}
		name, rest = string(quoted), tag[tok.end:]
		if rest != "" && rest[0] != ',' {
			return "", nil, fmt.Errorf("a ',' is missing behind the name: %s", tag)
		}
		rest = strings.TrimPrefix(rest, ",")
	} else {
		name, rest, _ = strings.Cut(tag, ",")
	}
	if rest != "" {
		opts = strings.Split(rest, ",")
	}
	return name, opts, nil
}

// snakeCase is the key of a field without a name: SyncNodes is sync_nodes and
// HTTPPort is http_port.
func snakeCase(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) && runes[i-1] != '_' &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func atomText(name string) string { return string(appendAtom(nil, name)) }
