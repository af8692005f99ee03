package configs

import "unicode/utf8"

// Suggest is the candidate that word most likely stands for, or "" when none
// is near: at most one slip (a letter too many, missing, wrong, or swapped
// with its neighbour) in a word of three to five characters, two in a longer
// one. Of equally near candidates the first wins.
func Suggest(word string, candidates []string) string {
	limit := 2
	switch n := utf8.RuneCountInString(word); {
	case n < 3: // everything short is near
		return ""
	case n <= 5:
		limit = 1
	}
	best := ""
	for _, c := range candidates {
		if c == word {
			continue
		}
		if d := slips(word, c, limit); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// slips is the optimal string alignment distance of a and b, or limit+1 when
// it is certainly above limit.
func slips(a, b string, limit int) int {
	s, t := []rune(a), []rune(b)
	if len(s)-len(t) > limit || len(t)-len(s) > limit {
		return limit + 1
	}
	var before []int // the row above above
	above := make([]int, len(t)+1)
	for j := range above {
		above[j] = j
	}
	for i, r := range s {
		row := make([]int, len(t)+1)
		row[0] = i + 1
		for j, q := range t {
			cost := 1
			if r == q {
				cost = 0
			}
			row[j+1] = min(above[j]+cost, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && r == t[j-1] && s[i-1] == q {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above = above, row
	}
	return above[len(t)]
}

// didYouMean is the hint for a word that is close to one of candidates, or "".
func didYouMean(word string, candidates []string) string {
	if near := Suggest(word, candidates); near != "" {
		return "did you mean '" + near + "'"
	}
	return ""
}
