package bus

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
)

// hostID is equal for all daemons that share interfaces, and for no others: it is
// made of this start of the kernel and the network namespace. "" where the system
// does not tell.
func hostID() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	namespace, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte("interconnect.1 host " + string(boot) + namespace))
	return hex.EncodeToString(sum[:8])
}
