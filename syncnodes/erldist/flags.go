package erldist

import "strings"

// flags are what a node says that it can do: the DFLAG_ constants of dist.hrl.
type flags uint64

// The flags that are offered, asked for or looked at.
const (
	flagPublished         flags = 1 << 0
	flagExtendedRefs      flags = 1 << 2
	flagDistMonitor       flags = 1 << 3
	flagFunTags           flags = 1 << 4
	flagDistMonitorName   flags = 1 << 5
	flagNewFunTags        flags = 1 << 7
	flagExtendedPids      flags = 1 << 8
	flagExportPtrTag      flags = 1 << 9
	flagBitBinaries       flags = 1 << 10
	flagNewFloats         flags = 1 << 11
	flagUTF8Atoms         flags = 1 << 16
	flagMapTag            flags = 1 << 17
	flagBigCreation       flags = 1 << 18
	flagExitPayload       flags = 1 << 22
	flagHandshake23       flags = 1 << 24
	flagUnlinkID          flags = 1 << 25
	flagMandatory25Digest flags = 1 << 26 // stands for all of mandatory25
	flagNameMe            flags = 1 << 33 // it has no name, and wants one of us
	flagV4NC              flags = 1 << 34
	flagAlias             flags = 1 << 35
)

// mandatory25 is what OTP 25 to 27 ask of each other: erts_internal:get_dflags/0,
// without the two that OTP 26 added.
const mandatory25 = flagExtendedRefs | flagFunTags | flagNewFunTags | flagExtendedPids | flagExportPtrTag |
	flagBitBinaries | flagNewFloats | flagUTF8Atoms | flagMapTag | flagBigCreation | flagHandshake23

// offered is what we say that we can do. Left out are, so that nobody uses them: an
// atom cache, fragments, spawn, and the sender beside each message.
const offered = mandatory25 | flagDistMonitor | flagDistMonitorName | flagExitPayload | flagUnlinkID |
	flagMandatory25Digest | flagV4NC | flagAlias

var flagNames = []struct {
	flag flags
	name string // as OTP's log has it
}{
	{flagExtendedRefs, "EXTENDED_REFERENCES"},
	{flagFunTags, "FUN_TAGS"},
	{flagNewFunTags, "NEW_FUN_TAGS"},
	{flagExtendedPids, "EXTENDED_PIDS_PORTS"},
	{flagExportPtrTag, "EXPORT_PTR_TAG"},
	{flagBitBinaries, "BIT_BINARIES"},
	{flagNewFloats, "NEW_FLOATS"},
	{flagUTF8Atoms, "UTF8_ATOMS"},
	{flagMapTag, "MAP_TAG"},
	{flagBigCreation, "BIG_CREATION"},
	{flagHandshake23, "HANDSHAKE_23"},
}

// expanded has the flags that the digest stands for.
func (f flags) expanded() flags {
	if f&flagMandatory25Digest != 0 {
		f |= mandatory25
	}
	return f
}

// missing names what a node lacks of what it needs to have; "" where it has all.
func (f flags) missing() string {
	var names []string
	for _, known := range flagNames {
		if f.expanded()&known.flag == 0 {
			names = append(names, known.name)
		}
	}
	return strings.Join(names, ", ")
}
