//go:build goexperiment.jsonv2

package erlterm

import "encoding/json/v2"

func init() {
	jsonReaders = append(jsonReaders, jsonReader{"json-v2", func(doc []byte, v *any) error { return json.Unmarshal(doc, v) }})
}
