package journal

// Status is what a journal tells of itself.
type Status struct {
	Path   string // of the file; "" where none is wanted
	Error  string // why events are not in the file; "" while they are
	Events int    // that can be read
	First  uint64 // the oldest of them
	Last   uint64 // the latest event, 0 before the first
	Memory int    // of the events: not in the file
	Bytes  int64  // of the file
	Lost   uint64 // that were never in the file and had to leave the memory
}
