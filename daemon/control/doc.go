// Package control is the way to talk to a running daemon: HTTP with JSON over
// a Unix socket, its server and its client.
//
// # Sockets
//
// The socket of a node is <dir>/<node>.sock with mode 0600. [Dirs] lists the
// folders: a daemon takes the first, a client looks through all of them until it
// has found one daemon or several. What may not stand in a file name, or would
// be taken for an escape, is %XX.
//
// Beside the socket lies <node>.lock. Who holds the lock on it is the daemon of
// that name in that folder: [Take] locks first, and then replaces whatever
// socket a dead daemon left. The lock ends with its process, however that ends,
// so nothing has to be guessed, and two daemons that start at once do not race.
//
// # Requests
//
// Each path takes one method: GET where nothing changes, else POST. A body is
// a JSON object, as is every answer; one with an error has the field "error",
// an [Error], and a status of 4xx or 5xx. See api.go for all of them.
//
// Only the owner of the daemon, and root, can open the socket: whoever can is
// trusted with the cookie. A request is at most 512 KiB and must arrive within
// five seconds.
package control
