// Package discard answers nobody: benchmarks of middleware measure the
// middleware, and not what writes to a connection.
package discard

import "net/http"

// A Writer is an http.ResponseWriter that keeps the last status alone. Its
// header map is used again after Reset, so that none of the libraries pays
// for it.
type Writer struct {
	Status int
	header http.Header
}

// New returns a Writer.
func New() *Writer { return &Writer{header: make(http.Header, 8)} }

// Reset makes w ready for the next request.
func (w *Writer) Reset() {
	w.Status = http.StatusOK
	clear(w.header)
}

// Header implements http.ResponseWriter.
func (w *Writer) Header() http.Header { return w.header }

// Write implements http.ResponseWriter.
func (w *Writer) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements http.ResponseWriter.
func (w *Writer) WriteHeader(status int) { w.Status = status }

// Handler is the handler behind every middleware; it does nothing.
var Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
