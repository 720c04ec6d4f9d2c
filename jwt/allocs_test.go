//go:build !race

package jwt_test

import (
	"context"
	"testing"

	"github.com/d710e0ae/countersign/jwt"
)

// TestAllocations holds verification to what its speed is built on.
// The race detector makes pools forget, and so is left out.
func TestAllocations(t *testing.T) {
	token := issue(t, nil, nil)
	for name, c := range map[string]struct {
		cached int
		most   float64
	}{"fresh": {0, 5}, "cached": {16, 0}} {
		v := newVerifier(t, func(cfg *jwt.VerifierConfig) { cfg.MaxCached = c.cached })
		got := testing.AllocsPerRun(200, func() {
			if _, err := v.Verify(context.Background(), token); err != nil {
				t.Fatal(err)
			}
		})
		if got > c.most {
			t.Errorf("%s: %v allocations, want at most %v", name, got, c.most)
		}
	}
}
