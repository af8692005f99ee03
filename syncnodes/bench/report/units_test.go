package report

import "testing"

func TestUnits(t *testing.T) {
	for _, c := range []struct {
		unit unit
		v    float64
		want string
	}{
		{seconds, 1.0612, "1.06 s"},
		{seconds, 41.23, "41.2 s"},
		{seconds, 0.9996, "1.00 s"},
		{seconds, 0.9994, "999 ms"},
		{seconds, 0.0573, "57 ms"},
		{seconds, 0.00996, "10 ms"},
		{seconds, 0.0043, "4.3 ms"},
		{seconds, 240e-6, "240 µs"},
		{seconds, 0, "0 s"},
		{size, 14.2e6, "14.2 MB"},
		{size, 999_600, "1.00 MB"},
		{size, 8.32e9, "8.32 GB"},
		{share, 0.0021, "0.21 %"},
		{share, 0.57, "57 %"},
		{share, 1.45, "145 %"},
		{share, 0, "0 %"},
		{quantum, 22.1, "22.1"},
		{quantum, 73, "73"},
		{quantum, 391204, "391,204"},
	} {
		if got := c.unit.text(c.v); got != c.want {
			t.Errorf("%v: got %q, want %q", c.v, got, c.want)
		}
	}
}

func TestSamples(t *testing.T) {
	for _, c := range []struct {
		sample Sample
		want   string
	}{
		{nil, ""},
		{Sample{0.5}, "500 ms"},
		{Sample{0.084, 0.057, 0.036}, "57 ms (36 to 84)"},
		{Sample{0.98, 1.06, 1.21}, "1.06 s (980 ms to 1.21 s)"},
	} {
		if got := unit(seconds).sample(c.sample); got != c.want {
			t.Errorf("%v: got %q, want %q", c.sample, got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{count(7), "7"},
		{count(1000), "1,000"},
		{count(1234567), "1,234,567"},
		{count(about(1666)), "1,600"},
		{count(about(99)), "99"},
		{count(about(0.5)), "0"},
		{ratio(1, 0), ""},
		{ratio(0, 1), ""},
		{ratio(1, 3), "0.33"},
		{ratio(1, 96), "0.010"},
		{ratio(300, 13), "23.1"},
		{ratio(3000, 2), "1,500"},
		{lasted(12.3), "12.3 s"},
		{lasted(2461), "41 min"},
		{lasted(4800), "1 h 20 min"},
		{cell("a |\nb"), `a \| b`},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	x := table{heads: []string{"n", "a", "empty", "word"}, words: []int{3}}
	x.add("2", "1.5 ms", "", "µ")
	x.add("30", "", "", "longer")
	want := `| n  |      a | word   |
| -- | -----: | ------ |
| 2  | 1.5 ms | µ      |
| 30 |      – | longer |
`
	if got := x.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := (table{heads: []string{"n"}}).String(); got != "" {
		t.Errorf("got %q of no rows", got)
	}
}
