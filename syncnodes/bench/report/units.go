package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// unit is how figures of one kind are printed: the number, and the unit that suits it.
type unit func(v float64) (number, name string)

// scale has the names of a unit from the smallest on, each of them step times the one
// before it, where v is 1 of the smallest.
func scale(v float64, names ...string) (float64, string) {
	const step = 1000
	for len(names) > 1 && v >= step-0.5 {
		v, names = v/step, names[1:]
	}
	return v, names[0]
}

func seconds(v float64) (number, name string) {
	if v == 0 {
		return "0", "s"
	}
	v, name = scale(v*1e9, "ns", "µs", "ms", "s")
	if name == "s" {
		return digits(v, 3), name
	}
	return digits(v, 2), name
}

func size(v float64) (number, name string) {
	v, name = scale(v, "B", "kB", "MB", "GB")
	return digits(v, 3), name
}

// share is a part of one core.
func share(v float64) (number, name string) { return digits(v*100, 2), "%" }

// quantum is what is counted, and may be a mean.
func quantum(v float64) (number, name string) {
	if v >= 1000 || v == math.Trunc(v) {
		return count(int(math.Round(v))), ""
	}
	return digits(v, 3), ""
}

// digits is v with that many significant digits, and all of those before the point.
func digits(v float64, many int) string {
	if v == 0 {
		return "0"
	}
	exp := int(math.Floor(math.Log10(math.Abs(v))))
	text := strconv.FormatFloat(v, 'f', max(0, many-1-exp), 64)
	if rounded, _ := strconv.ParseFloat(text, 64); rounded >= math.Pow10(exp+1) { // 9.996 is 10.0
		text = strconv.FormatFloat(v, 'f', max(0, many-2-exp), 64)
	}
	return text
}

// text is a figure with its unit.
func (u unit) text(v float64) string {
	number, name := u(v)
	return strings.TrimSpace(number + " " + name)
}

// known is text, or nothing of what is not known, which is 0.
func (u unit) known(v float64) string {
	if v == 0 {
		return ""
	}
	return u.text(v)
}

// sample is the median, with the least and the most where there are several values, in
// the median's unit if that suits them too; nothing of none.
func (u unit) sample(s Sample) string {
	switch len(s) {
	case 0:
		return ""
	case 1:
		return u.text(s[0])
	}
	least, most := s.Spread()
	low, lowName := u(least)
	_, name := u(s.Median())
	high, highName := u(most)
	if lowName == name && highName == name {
		return u.text(s.Median()) + " (" + low + " to " + high + ")"
	}
	return u.text(s.Median()) + " (" + u.text(least) + " to " + u.text(most) + ")"
}

// ratio is a part or a multiple; nothing where either is missing.
func ratio(a, b float64) string {
	if a == 0 || b == 0 {
		return ""
	}
	return fraction(a / b)
}

func fraction(v float64) string {
	switch {
	case v >= 100:
		return count(int(math.Round(v)))
	case v >= 10:
		return digits(v, 3)
	case v >= 0.095:
		return strconv.FormatFloat(v, 'f', 2, 64)
	default:
		return digits(v, 2)
	}
}

// count is a whole number with commas between its thousands.
func count(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// about is a number of which only the first two digits mean something, rounded down.
func about(n float64) int {
	if n < 1 {
		return 0
	}
	unit := math.Pow10(max(0, int(math.Log10(n))-1))
	return int(math.Floor(n/unit) * unit)
}

// lasted is how long a run took.
func lasted(s float64) string {
	minutes := int(math.Round(s / 60))
	switch {
	case s < 60:
		return unit(seconds).text(s)
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	default:
		return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
	}
}
