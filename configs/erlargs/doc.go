// Package erlargs reads the files of `erl -args_file`, of which a release's
// vm.args is one, as erl reads them, and keeps the place of each word.
//
// Three programs of OTP have a part in it, and so have three functions here.
// Split cuts a text into words and Read puts the words of other files where
// they are named: erlexec before it starts the emulator. Parse takes away what
// erlexec and the emulator keep for themselves and groups the rest into flags
// and their values: erlexec's second pass, then init.
//
// # Words
//
// Blanks, tabs and line ends of all kinds separate words. A '#' begins a
// comment, to the end of the line, even right behind a word, but not inside
// quotes. Single and double quotes are alike: all characters up to the closing
// one stand for themselves, line ends and backslashes too. A backslash outside
// quotes makes the next character an ordinary one, be it a line end. Quoted and
// bare pieces side by side are one word; two quotes with nothing between them
// are an empty one. A zero byte ends the text.
//
// # Files
//
// `-args_file F` in a file is replaced by F's words, wherever it stands; F is
// looked for in the working directory, not beside the file that names it. After
// the words of each file that has any stands a "--", so that what follows is no
// value of the file's last flag. What follows -extra in a file goes to the end
// of all words, each file's words with a "--" behind them before OTP 26 or 27.
// erl reads a file that includes itself until memory is used up;
// here it is an error.
//
// # Limits
//
// A command line holds 2 MiB on Linux, so that erl starts with no more than
// MaxWords words; more, or more than MaxFiles files, is an error.
package erlargs
