// Package template replaces ${VAR} and ${VAR:-DEFAULT} in the text of a
// sys.config.src or a vm.args.src, and knows of every byte of the result where
// in the template it is from.
//
// # Grammar
//
// The rules are those of the start script that relx puts into a release: the
// function replace_os_vars of its priv/templates/extended_bin, and the chapter
// Releases of rebar3's manual ("Environment Variable Replacement"):
//
//		variable = "${" name [ ":-" default ] "}" .
//		name     = ( letter | "_" ) { letter | digit | "_" } .    in ASCII
//		default  = any characters but "}" and a line end .
//
//	  - A variable ends at the first }, which stands on the same line.
//	  - A variable that is set to nothing counts as one that is not set.
//	  - The default is all that follows the first :-, and may be empty.
//	  - It makes no difference whether a variable stands in quotes, and nothing
//	    is quoted or escaped: a value is part of the text.
//	  - There is no escape. $$ and $VAR are kept, as is a ${ that nothing closes
//	    on its line and no name follows.
//
// # Stricter
//
// What relx's script takes silently for something that nobody means is an
// error here:
//
//	template               relx                            here
//	${VAR}, VAR not set    an empty string                 an error: ${VAR:-} is an empty string
//	${}, ${1X}, ${A-b}     whatever the environment has    an error
//	                       under that odd name
//	${A:-${B}}, ${A${B}}   does not end                    an error: variables do not nest
//	${PORT without }       kept                            an error
//	a value that has       is replaced in its turn, or     an error
//	${...} in it           does not end
//
// Three things are as they were meant. In a default the characters & and \ and
// those of regular expressions, with which the script may not end, stand for
// themselves. A \\ in a value stays two characters, where some awks make one of
// it. Comments are left as they are, since nobody reads them: a variable in a
// comment need not be set, and a line end in a value does not end a comment.
package template
