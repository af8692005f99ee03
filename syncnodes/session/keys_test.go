package session

import (
	"fmt"
	"strings"
	"testing"
)

func TestDerive(t *testing.T) {
	// The fingerprints are part of the protocol: they hold still.
	tests := []struct {
		name, cookie, fingerprint string
	}{
		{"short", "secret_token", "0f731d73"},
		{"19 characters", "abcdefghijklmnopqrs", "7dcb6cf1"},
		{"20 characters", "abcdefghijklmnopqrst", "7e53111d"},
		{"made by OTP", "XKDTLHNZQVJMWCUBSPGF", "a50c990d"},
		{"made by us", "ic1-" + strings.Repeat("Az09_-x", 6) + "q", "b0ae8990"},
	}
	seen := make(map[string]string)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key := Derive(tt.cookie)
			if got := key.Fingerprint(); got != tt.fingerprint {
				t.Errorf("fingerprint %s, want %s", got, tt.fingerprint)
			}
			if other := seen[key.Fingerprint()]; other != "" {
				t.Errorf("the same fingerprint as %q", other)
			}
			seen[key.Fingerprint()] = tt.cookie
			if key.IsZero() || key.Equal(Derive(tt.cookie+".")) || !key.Equal(Derive(tt.cookie)) {
				t.Error("keys are not equal just where cookies are")
			}
			for _, printed := range []string{fmt.Sprint(key), fmt.Sprintf("%#v", key), fmt.Sprintf("%+v", struct{ Key Key }{key})} {
				if want := "key " + tt.fingerprint; !strings.Contains(printed, want) || len(printed) > len("{Key:}")+len(want) {
					t.Errorf("printed as %s, want %s", printed, want)
				}
			}
		})
	}
	if !(Key{}).IsZero() {
		t.Error("the zero Key is not zero")
	}
	if got, want := Fingerprint(tests[0].cookie), tests[0].fingerprint; got != want {
		t.Errorf("Fingerprint = %s, want %s", got, want)
	}
}
