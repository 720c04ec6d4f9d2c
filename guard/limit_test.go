package guard

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A timed writer notes the deadline for reading the request.
type timed struct {
	http.ResponseWriter
	at time.Time
}

func (w *timed) SetReadDeadline(t time.Time) error {
	w.at = t
	return nil
}

type seen struct {
	io.Reader
	read func()
}

func (s seen) Read(p []byte) (int, error) {
	s.read()
	return s.Reader.Read(p)
}

func (seen) Close() error { return nil }

// RFC 9113, section 8.1.1. What net/http makes of the length decides what is
// forwarded.
func TestAttack_70_LengthsOfHTTP2(t *testing.T) {
	g := &Guard{cfg: *DefaultConfig()}
	for length, ok := range map[string]bool{
		"3": true, "03": true, "": false, "+3": false, "-3": false, "0x3": false, "1e0": false, "3,3": false, "99999999999999999999": false, "\u0663": false,
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader("abc"))
		r.ProtoMajor, r.Header = 2, http.Header{"Content-Length": {length}}
		if p := g.limit(&exchange{w: httptest.NewRecorder(), r: r}); ok != (p == nil) {
			t.Errorf("%q: %v", length, p)
		}
		r.Header["Content-Length"] = []string{length, length}
		if g.limit(&exchange{w: httptest.NewRecorder(), r: r}) == nil {
			t.Errorf("%q twice passes", length)
		}
	}
}

// While the API takes its time with what it has got of a body, nothing is read;
// that is no pause of the client's.
func TestTheTimeForABodyRunsWhileItIsRead(t *testing.T) {
	w := &timed{ResponseWriter: httptest.NewRecorder()}
	r := httptest.NewRequest("POST", "/", nil)
	during := false
	r.ContentLength, r.Body = 6, seen{strings.NewReader("abcdef"), func() { during = !w.at.IsZero() }}
	g := &Guard{cfg: *DefaultConfig()}
	if p := g.limit(&exchange{w: w, r: r}); p != nil {
		t.Fatal(p)
	}
	if w.at.IsZero() {
		t.Error("a body that nobody reads is waited for without end")
	}
	for i := range 2 {
		if _, err := io.ReadFull(r.Body, make([]byte, 3)); err != nil || !during || !w.at.IsZero() {
			t.Errorf("part %d: %v; the time ran while reading: %v, and after it: %v", i, err, during, !w.at.IsZero())
		}
	}
}
