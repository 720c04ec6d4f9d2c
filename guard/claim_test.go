package guard

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d710e0ae/countersign/internal/store/memory"
)

// A process that ends while it renews leaves its claim behind. Another takes
// it over, but not before the API's answer to the first must have come.
func TestAttack_82_AClaimOutlivesTheRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		cfg.Upstream, cfg.PublicOrigin = "http://127.0.0.1:1", "https://bank.example"
		g, err := New(t.Context(), *cfg, Options{Sessions: memory.NewSessions(0, nil)})
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/refresh", nil)
		left := tokens{access: "a", refresh: "r", renewing: time.Now().UnixMilli()}
		s, err := g.sessions.Start(w, r, "alice", left.encode())
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", w.Result().Cookies()[0].Name+"="+w.Result().Cookies()[0].Value)
		x := &exchange{w: w, r: r, session: s, tokens: left}
		began := time.Now()
		if p := g.claimRenewal(x); p != nil {
			t.Fatalf("%+v", p)
		}
		if took := time.Since(began); took < cfg.Proxy.ResponseTimeout || took > cfg.Proxy.ResponseTimeout+time.Minute {
			t.Errorf("taken over after %v", took)
		}
		// What is not claimed is had at once.
		g.releaseRenewal(x)
		if x.session, err = g.sessions.Get(r); err != nil {
			t.Fatal(err)
		}
		x.tokens, _ = decodeTokens(x.session.Data())
		began = time.Now()
		if p := g.claimRenewal(x); p != nil || time.Since(began) != 0 {
			t.Errorf("%+v after %v", p, time.Since(began))
		}
	})
}
