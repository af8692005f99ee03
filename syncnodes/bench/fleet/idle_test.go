package fleet

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/procfs"
)

const netDev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 26898110457 35482932    0    0    0     0          0         0 26898110457 35482932    0    0    0     0       0          0
  eth0: 422414714   24297    0    0    0     0          0         0  3302246   21255    0    0    0     0       0          0
`

func TestTraffic(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       traffic
		bad        bool
	}{
		{"some", netDev, traffic{packets: 35482932, bytes: 26898110457}, false},
		{"no loopback", "Inter-|\n face |\n", traffic{}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "net"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "net", "dev"), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			proc, err := procfs.NewFS(dir)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := trafficOf(proc); got != tt.want || (err != nil) != tt.bad {
				t.Errorf("got %v (%v), want %v", got, err, tt.want)
			}
		})
	}
}
