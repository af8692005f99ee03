package configs

import "testing"

// TestKernelParametersAreTold: each has words for people, and words are for each.
func TestKernelParametersAreTold(t *testing.T) {
	list := KernelParameters()
	for _, k := range list {
		if k.About == "" {
			t.Errorf("%s: nothing is told", k.Name)
		}
	}
	if len(list) != len(aboutHonoured) {
		t.Errorf("%d parameters, and words for %d", len(list), len(aboutHonoured))
	}
}
