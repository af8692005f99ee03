package erlterm

import "testing"

func TestDisplayWidth(t *testing.T) {
	tests := []struct {
		name string
		r    rune
		want int
	}{
		{"letter", 'a', 1},
		{"Latin-1 letter", 'é', 1},
		{"Cyrillic letter", 'ж', 1},
		{"combining acute", '\u0301', 0},
		{"enclosing circle", '\u20dd', 0},
		{"Han", '設', 2},
		{"kana", 'か', 2},
		{"Hangul syllable", '한', 2},
		{"Hangul vowel that joins", '\u1161', 0},
		{"fullwidth letter", 'Ａ', 2},
		{"halfwidth kana", 'ｶ', 1},
		{"ideographic space", '\u3000', 2},
		{"emoji", '😀', 2},
		{"first of the table", wide[0].first, 2},
		{"last of the table", wide[len(wide)-1].last, 2},
		{"behind the table", wide[len(wide)-1].last + 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := displayWidth(tt.r); got != tt.want {
				t.Errorf("displayWidth(%U) = %d, want %d", tt.r, got, tt.want)
			}
		})
	}
	for i, r := range wide[1:] {
		if r.first <= wide[i].last || r.last < r.first {
			t.Errorf("the range from %U is out of order", r.first)
		}
	}
}
