package erlterm_test

import (
	"cmp"
	"testing"

	"interconnectd/erlterm"
)

// An opaque is a term of a class, by its number.
type opaque struct {
	erlterm.OpaqueTerm
	class erlterm.Class
	n     int
}

func (o opaque) String() string       { return "#Opaque<" + erlterm.Int(o.n).String() + ">" }
func (o opaque) Class() erlterm.Class { return o.class }
func (o opaque) CompareOpaque(other erlterm.Opaque) int {
	return cmp.Compare(o.n, other.(opaque).n)
}

// TestOpaqueOrder compares each two terms of a list that is in Erlang's order.
func TestOpaqueOrder(t *testing.T) {
	sorted := []erlterm.Term{
		erlterm.Int(1), erlterm.Atom("a"),
		opaque{class: erlterm.ClassRef, n: 1},
		opaque{class: erlterm.ClassRef, n: 2},
		opaque{class: erlterm.ClassFun, n: 1},
		opaque{class: erlterm.ClassFun, n: 2},
		erlterm.Fun{"a", "b", 0},
		erlterm.Fun{"a", "b", 1},
		opaque{class: erlterm.ClassPort, n: 1},
		opaque{class: erlterm.ClassPid, n: 0},
		erlterm.Tuple{opaque{class: erlterm.ClassPid, n: 1}},
		erlterm.Tuple{opaque{class: erlterm.ClassPid, n: 2}},
		erlterm.NewMap(erlterm.Pair{opaque{class: erlterm.ClassRef, n: 1}, erlterm.Int(1)}), erlterm.List(nil),
		erlterm.List{opaque{class: erlterm.ClassRef, n: 1}},
		&erlterm.Improper{[]erlterm.Term{opaque{class: erlterm.ClassPid, n: 1}}, opaque{class: erlterm.ClassPid, n: 1}}, erlterm.Binary(nil),
	}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := erlterm.Compare(a, b); cmp.Compare(got, 0) != cmp.Compare(i, j) {
				t.Errorf("Compare(%v, %v) = %d, want the sign of %d", a, b, got, i-j)
			}
			if got := erlterm.Equal(a, b); got != (i == j) {
				t.Errorf("Equal(%v, %v) = %v", a, b, got)
			}
		}
	}
	m := erlterm.NewMap(erlterm.Pair{sorted[8], erlterm.Int(8)}, erlterm.Pair{sorted[2], erlterm.Int(2)})
	if v, ok := m.Get(opaque{class: erlterm.ClassPort, n: 1}); !ok || v != erlterm.Term(erlterm.Int(8)) {
		t.Errorf("a port is not found in %v", m)
	}
	if erlterm.Compare(m.At(0).Key, m.At(1).Key) >= 0 {
		t.Errorf("%v is not sorted", m)
	}
}

// TestOpaqueText: an opaque term is printed, and neither parsed, read nor written.
func TestOpaqueText(t *testing.T) {
	term := erlterm.Tuple{erlterm.Atom("a"), opaque{class: erlterm.ClassPid, n: 7}}
	if got := term.String(); got != "{a,#Opaque<7>}" {
		t.Errorf("String() = %s", got)
	}
	for _, text := range []string{"<0.90.0>", "#Ref<0.1.2.3>", "#Port<0.5>", "#Fun<m.1.2>"} {
		if got, err := erlterm.Parse([]byte(text + ".")); err == nil {
			t.Errorf("%s is read as %v", text, got)
		}
	}
	var v struct{ Pid opaque }
	for _, tt := range []struct {
		err  error
		want string
	}{
		{second(erlterm.Marshal(term)), "erlterm: marshal no text stands for #Opaque<7>"},
		{second(erlterm.Marshal(struct{ Pid any }{term[1]})), "erlterm: marshal pid: no text stands for #Opaque<7>"},
		{second(erlterm.Marshal(v)), "erlterm: marshal pid: no text stands for #Opaque<0>"},
		{erlterm.Unmarshal([]byte("[{pid, 7}]."), &v), "1:8: pid: no text stands for a erlterm_test.opaque"},
	} {
		if tt.err == nil || tt.err.Error() != tt.want {
			t.Errorf("the error is %v, want %s", tt.err, tt.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }
