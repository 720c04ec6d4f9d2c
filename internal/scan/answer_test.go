package scan_test

import (
	"encoding/json"
	"net/http"
)

// answer writes JSON, as the small APIs of these tests do, and says that the
// request is dealt with.
func answer(w http.ResponseWriter, status int, v any) bool {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
	return true
}
