package problem_test

import (
	"net/http/httptest"
	"testing"

	"github.com/d710e0ae/countersign/internal/problem"
)

func TestWrite(t *testing.T) {
	w := httptest.NewRecorder()
	w.Header().Set("Retry-After", "1")
	problem.Write(w, 503, `the "store" fails`, "store-unavailable")
	const want = `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"the \"store\" fails","code":"store-unavailable"}`
	if got := w.Body.String(); w.Code != 503 || got != want {
		t.Errorf("%d %s", w.Code, got)
	}
	for name, want := range map[string]string{"Content-Type": "application/problem+json", "Cache-Control": "no-store", "Retry-After": "1"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	w = httptest.NewRecorder()
	if problem.Write(w, 400, "\xff", "x"); w.Code != 400 || w.Body.String() != "Bad Request\n" {
		t.Errorf("no UTF-8: %d %q", w.Code, w.Body)
	}
}
