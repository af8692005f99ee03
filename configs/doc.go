// Package configs makes one checked Config of everything a node is started
// with: flags, args files, sys.config files, interconnectd.yaml, the
// environment, the cookie. Each value keeps its Origin.
//
// The rules are those that users of Erlang/OTP 27 rely on. Which module a rule
// is from stands at the function that follows it: application_controller for
// the form and the merging of files, kernel_config for the start-up sync,
// net_kernel for names and times, auth for cookies.
//
// # What wins
//
// For a parameter of an application: -App Par Term, then the last -config file
// that has it, then the default. A string in a file called sys.config is a file
// that is merged in at its place. For the name and the cookie the package goes
// through a list of places (see Load) and takes the first that has one; a place
// that has something unusable is an error, and no reason to look further.
//
// # Templates
//
// With -expand_env (or -expand, which only `check` has) variables are replaced
// in files of -config and -args_file whose name ends in .src, and in no others,
// by the rules of package template; without it such a file is an error. A template is checked as the
// file that it becomes: sys.config.src as a sys.config. Places are those in the
// template, that of a value where its variable stands.
//
// # Args files
//
// -args_file F reads a release's vm.args as package erlargs says. Its -config
// and -App Par Term stand where -args_file stood; its -name, -sname, -setcookie
// and -hidden count where the command line has none of its own. In erl the
// first -name counts, wherever it stands, and of a parameter that two flags set
// now the first, now the last: here it is the last, with a warning. Of several
// -setcookie with one word erl takes none, and so none is taken here.
//
// Whatever erl accepts in such a file is no error, but for a value that is used
// here and is wrong, or still has a ${VARIABLE} in it: a vm.args.src is read as
// it is, with or without -expand_env. Flags that mean nothing here are kept in Config.Unused. -env sets the environment of the emulator,
// which start scripts do not see: of what is read here it changes only where
// the second .erlang.cookie is looked for (XDG_CONFIG_HOME, HOME). ERL_FLAGS,
// ERL_AFLAGS and ERL_ZFLAGS are not read: they are meant for erl.
//
// # Errors and warnings
//
// All problems of all sources are found in one pass and sorted; a file with a
// syntax error adds nothing else, so that there are no cascades. What OTP
// refuses is an Error. What OTP takes silently for something else, or does not
// know, is a Warning.
//
// # Stricter than OTP
//
// OTP starts, and here it is an error, since the node or the Erlang nodes beside
// it could only fail later, when
//
//   - a parameter of kernel has a value of another type than the documented one
//   - a sync list holds something else than names of nodes
//   - sync_nodes_timeout is more than 32 bits of milliseconds
//   - inet_dist_listen_min is above inet_dist_listen_max
//   - a long and a short name are to connect
//   - a long name has a host without a dot
//
// and, on the command line, what erl passes over:
//
//   - a flag is not known
//   - a flag gives a parameter no term: -1 is none, but a flag, as it is to erl
//   - the name of a parameter is no atom
//
// No other difference is known: TestOTPReadsTheSame holds the package against the
// code of the Erlang in PATH, and TestErlStartsWithTheSame against real starts.
//
// # Reload
//
// [Reload] reads everything again for a node that runs, and [Compare] says what
// differs, and what of it the node can take: the sync lists and their timeout,
// dist_auto_connect, net_ticktime or the times of the detector, net_setuptime, the
// cookies, the log level, and what the settings say of the log, the journal and
// the hooks. All else keeps its value until a restart, and so does a name that
// nobody chose and that would now be another. A cookie that was set at run time
// stays unless the configured one has changed since it was read last.
//
// # Secrets
//
// A Cookie shows as [cookie] however it is printed. No problem repeats a
// cookie, nor a URL that has a user in it. A syntax error says ${VAR} for the
// value of a variable, and the line that is shown is the template's; a term of
// the wrong type is shown as any other, with its variable.
//
// # Concurrency
//
// Load, Check and Reload may run concurrently; a Config is a value that nobody changes.
package configs
