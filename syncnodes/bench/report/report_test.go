package report

import "testing"

func TestQuantile(t *testing.T) {
	var s Sample
	for i := range 100 {
		s = append(s, float64(100-i))
	}
	for percent, want := range map[int]float64{1: 1, 50: 50, 99: 99, 100: 100} {
		if got := s.Quantile(percent); got != want {
			t.Errorf("of 1 to 100 got %v, want %v", got, want)
		}
	}
	if got := s[:1].Quantile(50); got != 100 {
		t.Errorf("of a single value got %v", got)
	}
	if got := s[:0].Quantile(50); got != 0 {
		t.Errorf("of none got %v", got)
	}
}
