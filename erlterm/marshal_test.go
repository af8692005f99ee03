package erlterm

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestMarshal(t *testing.T) {
	for _, tt := range values {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.out
			if want == "" {
				want = strings.ReplaceAll(tt.text, ", ", ",")
			}
			got, err := Marshal(tt.want)
			if err != nil || string(got) != want+".\n" {
				t.Errorf("Marshal(%#v) = %s, %v, want %s", tt.want, got, err, want)
			}
			if pointed, err := Marshal(addressable(reflect.ValueOf(tt.want)).Interface()); err != nil || string(pointed) != string(got) {
				t.Errorf("Marshal of a pointer = %s, %v, want %s", pointed, err, got)
			}
			back := reflect.New(reflect.TypeOf(tt.want))
			if err := Unmarshal(got, back.Interface()); err != nil || !reflect.DeepEqual(back.Elem().Interface(), tt.want) {
				t.Errorf("Unmarshal(%s) = %#v, %v, want %#v", got, back.Elem(), err, tt.want)
			}
		})
	}
}

func TestMarshalMore(t *testing.T) {
	tests := []struct {
		name string
		v    any
		want string
	}{
		{"nil", nil, "undefined"},
		{"nil slice", []int(nil), "[]"},
		{"nil map", map[string]int(nil), "[]"},
		{"Go values in any", map[string]any{"a": []any{1, "x", nil}}, `[{a,[1,"x",undefined]}]`},
		{"zeros left out", struct {
			A int       `erl:",omitzero"`
			B time.Time `erl:",omitzero"`
			C *int      `erl:",omitzero"`
		}{}, "[]"},
		{"pointers", struct{ A, B *int }{A: ptr(1)}, "[{a,1},{b,undefined}]"},
		{"order of a map", map[string]int{"b": 1, "a": 2, "B": 3}, "[{'B',3},{a,2},{b,1}]"},
		{"binary that is no text", []byte{0xff}, "<<255>>"},
		{"empty binary", []byte{}, "<<>>"},
		{"string that looks like a comment", "% coding: latin-1 é", "%% coding: utf-8\n\"% coding: latin-1 é\""},
		{"string that no literal holds", "a\ufffe", "[97,65534]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Marshal(tt.v)
			if err != nil || string(got) != tt.want+".\n" {
				t.Errorf("Marshal(%#v) = %s, %v, want %s", tt.v, got, err, tt.want)
			}
			if _, err := Parse(got); err != nil {
				t.Errorf("%s does not parse: %v", got, err)
			}
		})
	}
}

// unwilling says of what it is that it cannot be written.
type unwilling struct{}

var errUnwilling = errors.New("no")

func (unwilling) MarshalText() ([]byte, error) { return nil, errUnwilling }

func TestMarshalErrors(t *testing.T) {
	type loop struct{ Next any }
	round := &loop{}
	round.Next = round
	tests := []struct {
		name string
		v    any
		want string // without erlterm: marshal
	}{
		{"channel", map[string]any{"a": []any{1, make(chan int)}}, "a[1]: a chan int is no term"},
		{"NaN", []float64{math.NaN()}, "[0]: NaN is no float in Erlang"},
		{"infinite", math.Inf(1), "+Inf is no float in Erlang"},
		{"infinite Float", Float(math.Inf(1)), "+Inf is no float in Erlang"},
		{"not UTF-8", "\xff", `"\xff" is not UTF-8`},
		{"long atom", map[string]int{strings.Repeat("a", 256): 1}, strings.Repeat("a", 256) + ": an atom has at most 255 characters"},
		{"atom", Atom("\ufffe"), "no atom contains U+FFFE or U+FFFF"},
		{"Term", List{Tuple{nil}}, "a nil Term is no term"},
		{"nil inside a Term", List{(*Map)(nil)}, "a nil Term is no term"},
		{"pointer to a term", List{ptr(Atom("a"))}, "a *erlterm.Atom is no term"},
		{"improper list", List{&Improper{Tail: Int(1)}}, "an improper list without elements is no term"},
		{"Bits", Bits{Len: 9}, "9 bits in 0 bytes"},
		{"huge", new(big.Int).Lsh(big.NewInt(1), DefaultMaxInteger), "an integer of more than 1048576 bits"},
		{"circle", round, "the value nests deeper than the limit of 10000"},
		{"unit", struct{ D time.Duration }{}, `d: a time.Duration needs a unit in its tag, as in erl:",unit=ms"`},
		{"fraction", kernel{Timeout: time.Microsecond}, "sync_nodes_timeout: 1µs is no whole number of milliseconds"},
		{"Marshaler", struct{ T temperature }{-300}, "t: it is too cold"},
		{"TextMarshaler", unwilling{}, "no"},
		{"keys", map[any]int{"a": 1, Atom("a"): 2}, "two keys are a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Marshal(tt.v)
			if want := "erlterm: marshal " + tt.want; got != nil || errorText(err) != want {
				t.Errorf("Marshal = %s, %v, want %s", got, err, want)
			}
		})
	}
	if _, err := Marshal([]unwilling{{}}); !errors.Is(err, errUnwilling) {
		t.Errorf("errors.Is does not find the cause of %v", err)
	}
}

func TestReadableReadsBack(t *testing.T) {
	for _, tt := range terms {
		if tt.want == nil {
			continue // no term
		}
		text := append(readable.append(nil, tt.want), '.')
		if got, err := Parse(text); err != nil || !Equal(got, tt.want) {
			t.Errorf("%s reads back as %v, %v", text, got, err)
		}
	}
}

// FuzzRoundTrip: what Marshal writes of a value that was read is read as that
// value.
func FuzzRoundTrip(f *testing.F) {
	for _, tt := range values {
		f.Add([]byte(tt.text + "."))
	}
	f.Add([]byte(`"% coding: latin-1 é".`))
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, tt := range values {
			v := reflect.New(reflect.TypeOf(tt.want))
			if Unmarshal(src, v.Interface(), MaxDepth(100), MaxInteger(1<<12)) != nil {
				continue
			}
			text, err := Marshal(v.Interface(), MaxDepth(200))
			if err != nil {
				if strings.Contains(fmt.Sprint(err), "U+FFFE") || strings.Contains(fmt.Sprint(err), "255 characters") {
					continue // a string as an atom
				}
				t.Fatalf("Marshal(%#v): %v", v.Elem(), err)
			}
			back := reflect.New(reflect.TypeOf(tt.want))
			if err := Unmarshal(text, back.Interface()); err != nil {
				t.Fatalf("Unmarshal(%s) of %#v: %v", text, v.Elem(), err)
			}
			again, err := Marshal(back.Interface())
			if err != nil || string(again) != string(text) {
				t.Errorf("a %T became %s, then %s, %v", tt.want, text, again, err)
			}
		}
	})
}
