package configs

import (
	"strings"

	"interconnectd/erlterm"
)

// A valueType is what a parameter's value may be.
type valueType struct {
	want string // in words: "true or false"
	ok   func(erlterm.Term) bool
}

var (
	anyType  = valueType{"anything", func(erlterm.Term) bool { return true }}
	atomType = valueType{"an atom", func(t erlterm.Term) bool { _, ok := t.(erlterm.Atom); return ok }}
	boolType = oneOf("true", "false")
	mapType  = valueType{"a map", func(t erlterm.Term) bool { _, ok := t.(*erlterm.Map); return ok }}
	listType = valueType{"a list", isList}
	textType = valueType{"a string", isCharacters}

	binaryType = valueType{"a binary", func(t erlterm.Term) bool { b, ok := t.(erlterm.Bits); return ok && b.Len%8 == 0 }}

	// distributedType follows application_controller:check_distributed/1.
	distributedType = valueType{"a list of {Application, Nodes} and {Application, Milliseconds, Nodes}", func(t erlterm.Term) bool {
		list, ok := t.(erlterm.List)
		return ok && all(list, isDistributed) || isEmpty(t)
	}}
)

func oneOf(words ...string) valueType {
	return valueType{orList(words), func(t erlterm.Term) bool {
		atom, ok := t.(erlterm.Atom)
		for _, word := range words {
			if ok && string(atom) == word {
				return true
			}
		}
		return false
	}}
}

func integerFrom(least erlterm.Int) valueType {
	return valueType{"an integer from " + least.String(), func(t erlterm.Term) bool {
		switch n := t.(type) {
		case erlterm.Int:
			return n >= least
		case *erlterm.BigInt:
			return n.Big().Sign() > 0
		}
		return false
	}}
}

func tupleType(want string) valueType {
	return valueType{want, func(t erlterm.Term) bool { _, ok := t.(erlterm.Tuple); return ok }}
}

func either(types ...valueType) valueType {
	wants := make([]string, len(types))
	for i, t := range types {
		wants[i] = t.want
	}
	return valueType{strings.Join(wants, " or "), func(t erlterm.Term) bool {
		for _, one := range types {
			if one.ok(t) {
				return true
			}
		}
		return false
	}}
}

func all(list []erlterm.Term, ok func(erlterm.Term) bool) bool {
	for _, t := range list {
		if !ok(t) {
			return false
		}
	}
	return true
}

func isList(t erlterm.Term) bool {
	switch t.(type) {
	case erlterm.List, erlterm.String:
		return true
	}
	return false
}

func isEmpty(t erlterm.Term) bool { return erlterm.Equal(t, erlterm.List(nil)) }

// isCharacters reports whether t is a list of characters.
func isCharacters(t erlterm.Term) bool {
	switch t := t.(type) {
	case erlterm.String:
		return true
	case erlterm.List:
		return all(t, integerFrom(0).ok)
	}
	return false
}

func isDistributed(t erlterm.Term) bool {
	tuple, ok := t.(erlterm.Tuple)
	if !ok || len(tuple) != 2 && len(tuple) != 3 || !atomType.ok(tuple[0]) || !isList(tuple[len(tuple)-1]) {
		return false
	}
	return len(tuple) == 2 || isInteger(tuple[1]) || oneOf("infinity").ok(tuple[1])
}

func isInteger(t erlterm.Term) bool {
	switch t.(type) {
	case erlterm.Int, *erlterm.BigInt:
		return true
	}
	return false
}
