package idempotency

import (
	"errors"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"
)

// An answer is what a store keeps, as JSON.
type answer struct {
	Status int         `json:"status"`
	Header http.Header `json:"header,omitempty"`
	Body   []byte      `json:"body,omitempty"`
	// Dropped says that the answer could not be kept, and only its status was.
	Dropped bool `json:"dropped,omitzero"`
}

// notReplayed are the header fields that were for the first asker's
// connection, session or moment only.
var notReplayed = []string{
	"Set-Cookie", "Set-Cookie2", "Authorization", "Authentication-Info", "Www-Authenticate",
	"Proxy-Authenticate", "Proxy-Authentication-Info", "Clear-Site-Data", "X-Csrf-Token",
	"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"Date", "Content-Length",
}

func (a *answer) encode() ([]byte, error) {
	kept := http.Header{}
	for name, values := range a.Header {
		if !slices.Contains(notReplayed, http.CanonicalHeaderKey(name)) {
			kept[name] = values
		}
	}
	c := *a
	c.Header = kept
	return json.Marshal(c)
}

func decodeAnswer(data []byte) (*answer, error) {
	a := new(answer)
	if err := json.Unmarshal(data, a); err != nil || a.Status < 200 || a.Status > 999 {
		return nil, errors.New("the stored answer cannot be read")
	}
	return a, nil
}

// replay answers as the first request was answered, and says so.
func (a *answer) replay(w http.ResponseWriter) {
	// What is in the store is trusted no further than what is put in.
	for name := range a.Header {
		if slices.Contains(notReplayed, http.CanonicalHeaderKey(name)) {
			delete(a.Header, name)
		}
	}
	h := w.Header()
	merge(h, a.Header)
	h.Set("Idempotency-Replayed", "true")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(a.Status)
	w.Write(a.Body)
}
