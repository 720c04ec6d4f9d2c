package guard

import (
	"net/http"
	"time"
)

// A stallWriter bounds for how long a client may take nothing of an answer over
// HTTP/2. There the client says how much may be sent to it; net/http waits for
// its permission without end, and so would the API (CVE-2019-9517 is of the same
// family). On HTTP/1.1 the connection itself is watched.
type stallWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	pause   time.Duration
	written bool
}

func newStallWriter(w http.ResponseWriter, pause time.Duration) *stallWriter {
	return &stallWriter{ResponseWriter: w, control: http.NewResponseController(w), pause: pause}
}

func (w *stallWriter) begin() { w.control.SetWriteDeadline(time.Now().Add(w.pause)) }

// end takes the time back: the API may pause for longer.
func (w *stallWriter) end() { w.control.SetWriteDeadline(time.Time{}) }

// Write implements http.ResponseWriter.
func (w *stallWriter) Write(p []byte) (int, error) {
	w.begin()
	defer w.end()
	w.written = true
	return w.ResponseWriter.Write(p)
}

// FlushError is what http.ResponseController calls.
func (w *stallWriter) FlushError() error {
	w.begin()
	defer w.end()
	return w.control.Flush()
}

// finish sends what net/http has not sent yet of the body, and would wait with.
func (w *stallWriter) finish() {
	if w.written {
		w.FlushError()
	}
}

// Unwrap is for http.ResponseController.
func (w *stallWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
