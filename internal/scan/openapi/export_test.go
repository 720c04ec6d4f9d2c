package openapi

import "encoding/json"

// Says is what a body says, as Learn asks for it.
func Says(body []byte) func() (any, bool) {
	return func() (v any, ok bool) {
		ok = json.Unmarshal(body, &v) == nil
		return v, ok
	}
}
