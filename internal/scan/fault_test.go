package scan_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan"
)

// failing is a transport that panics from the nth request on: a fault in the
// midst of a scan.
type failing struct{ left atomic.Int32 }

func (f *failing) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.left.Add(-1) < 0 {
		panic("no such thing")
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestAFaultTakesNothingAwayOfWhatWasFound(t *testing.T) {
	t.Parallel()
	target := serve(t, &small{attributes: "SameSite=Lax"})
	whole := run(t, scan.Config{Target: target, Victim: alice})
	f := &failing{}
	f.left.Store(int32(whole.Coverage.Requests) - 2)
	r, err := scan.Run(t.Context(), scan.Config{Target: target, Victim: alice, Transport: f})
	var incomplete *scan.IncompleteError
	if !errors.As(err, &incomplete) || r == nil {
		t.Fatalf("got %v, want an IncompleteError with a report", err)
	}
	if !strings.Contains(err.Error(), "fault of its own, at fault_test.go:") || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("the error does not say what happened: %v", err)
	}
	if len(r.Operations) != len(whole.Operations) {
		t.Errorf("%d operations are told, want %d", len(r.Operations), len(whole.Operations))
	}
	forged := func(r *finding.Report) (n int) {
		for _, x := range r.Findings {
			if strings.HasPrefix(x.Weakness, "forgeable") {
				n++
			}
		}
		return n
	}
	if got, want := forged(r), forged(whole); got != want || want == 0 {
		t.Errorf("%d forgeries are told, want %d", got, want)
	}
}
