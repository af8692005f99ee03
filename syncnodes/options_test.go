package syncnodes

import (
	"testing"

	"interconnectd/configs"
)

// The detector's defaults are those that the settings document.
func TestDefaultsAreThoseOfTheSettings(t *testing.T) {
	o := Options{Name: "a@127.0.0.1", Cookie: "x"}
	if err := o.fillIn(); err != nil {
		t.Fatal(err)
	}
	if want := Detector(configs.Default().Detector); o.Detector != want {
		t.Errorf("Detector = %+v, the settings say %+v", o.Detector, want)
	}
	if want := configs.Default().SetupTime; o.SetupTime != want {
		t.Errorf("SetupTime = %s, the settings say %s", o.SetupTime, want)
	}
}
