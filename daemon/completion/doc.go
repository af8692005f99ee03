// Package completion tells a shell how a command line may go on. It knows nothing of
// this program's commands: it reads the tables that the help is made of. What an
// operand or a flag's value is, their words say:
//
//	FILE, DIR        the shell's own completion of files
//	COMMAND          a subcommand
//	a|b|c, generate  one of these words, as a Choice of a flag
//	NODE, NAME, ...  whoever calls is asked; where nobody knows there is nothing
//
// Three small scripts, for bash, zsh and fish, hand the words of the line to the
// hidden subcommand __complete, and what that prints to the shell. Each line of it is
// a candidate, with a tab and what it means where that is known; ":files" and ":dirs"
// alone on a line are for the shell to complete.
//
// What comes from other hosts, the name of a node, ends up on somebody's command
// line: a candidate that a shell would read as anything but a word is left out.
package completion
