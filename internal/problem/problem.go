// Package problem answers a request with a problem document (RFC 9457), in
// the one form that the packages for servers share.
package problem

import (
	"net/http"

	"github.com/go-json-experiment/json"
)

// Write answers with a problem document that no cache keeps. Detail is one
// sentence for people, code is stable, for programs. What w's header has
// already goes along.
func Write(w http.ResponseWriter, status int, detail, code string) {
	body, err := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Code   string `json:"code"`
	}{"about:blank", http.StatusText(status), status, detail, code})
	if err != nil { // a detail that is no UTF-8
		http.Error(w, http.StatusText(status), status)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body)
}
