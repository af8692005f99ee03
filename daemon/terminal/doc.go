// Package terminal is how commands look to people: colours where there is a terminal
// and nobody minds, tables that fit its width, and a line of progress below what is
// printed. Programs and files get plain text of any width.
package terminal
