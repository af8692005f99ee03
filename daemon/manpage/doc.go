// Package manpage writes the manual from the tables that the help, the flags and the
// settings are made of, so that it cannot tell anything else: a page for the daemon,
// one for each subcommand, and one for interconnectd.yaml.
//
// The pages use the macros of man(7). Texts for people (the `about` of a subcommand)
// are paragraphs between empty lines, as on a terminal; one whose lines are set in by
// two blanks is a list where each has a word, two blanks and what is said of it, else
// an example that is printed as it is. In the lines of usage and in the lists of flags
// what is to be typed is bold, and what stands for something else in italics.
package manpage
