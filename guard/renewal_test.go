package guard_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/d710e0ae/countersign/guard"
	"github.com/d710e0ae/countersign/internal/store/memory"
)

// A rotator is an API that ends a login whose refresh token is used twice.
type rotator struct {
	mu     sync.Mutex
	good   int // the number of the one token that works
	stolen bool
	gate   chan struct{} // an answer to a renewal for each value
	asked  chan struct{} // a value for each renewal that has come
}

func (a *rotator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/login" {
		fmt.Fprintf(w, `{"access_token":%q,"refresh_token":"refresh-0"}`, tokenFor("alice"))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	a.asked <- struct{}{}
	a.mu.Lock()
	good := strings.Contains(string(body), fmt.Sprintf(`"refresh-%d"`, a.good)) && !a.stolen
	a.stolen = !good
	a.good++
	next := a.good
	a.mu.Unlock()
	<-a.gate
	if !good {
		http.Error(w, `{"detail":"used again"}`, http.StatusUnauthorized)
		return
	}
	fmt.Fprintf(w, `{"access_token":%q,"refresh_token":"refresh-%d"}`, tokenFor("alice"), next)
}

// oauth2-proxy issue 1992 and pull request 3456.
func TestAttack_82_TabsThatRenewAtOnceRedeemNoTokenTwice(t *testing.T) {
	const tabs = 4
	api := &rotator{gate: make(chan struct{}, 2*tabs), asked: make(chan struct{}, 2*tabs)}
	server := httptest.NewServer(api)
	defer server.Close()
	renew := func(h http.Handler, cookie, token string) int {
		return serve(h, request("POST", "/refresh", `{"refresh_token":""}`, "Cookie", cookie, "X-CSRF-Token", token)).Code
	}

	// The control: without the guard, two tabs with one token.
	direct := func() *httptest.ResponseRecorder {
		return serve(api, request("POST", "/refresh", `{"refresh_token":"refresh-0"}`))
	}
	api.gate <- struct{}{}
	api.gate <- struct{}{}
	if a, b := direct().Code, direct().Code; a != 200 || b != 401 {
		t.Fatalf("control: %d, %d", a, b)
	}
	<-api.asked
	<-api.asked
	api.good, api.stolen = 0, false

	// Two guards that share a store, as replicas do.
	store := memory.NewSessions(0, nil)
	shared := func(c *guard.Config, o *guard.Options) { c.Upstream, o.Sessions = server.URL, store }
	one, two := newSite(t, shared), newSite(t, shared)
	b := one.login(t)
	codes := make(chan int, tabs)
	for i := range tabs {
		h := http.Handler(one)
		if i%2 == 1 {
			h = two
		}
		go func() { codes <- renew(h, b.cookie, b.csrf) }()
	}
	for range tabs {
		<-api.asked // never two at once: the next comes when this is answered
		select {
		case <-api.asked:
			t.Error("two renewals at once")
		default:
		}
		api.gate <- struct{}{}
	}
	for range tabs {
		if got := <-codes; got != 200 {
			t.Errorf("a tab got %d", got)
		}
	}
	if api.stolen || api.good != tabs {
		t.Errorf("a token was used again: %v; %d renewals", api.stolen, api.good)
	}
	// An answer without tokens gives the claim back at once.
	api.stolen = true
	api.gate <- struct{}{}
	api.gate <- struct{}{}
	if a, b := renew(one, b.cookie, b.csrf), renew(two, b.cookie, b.csrf); a != 401 || b != 401 {
		t.Errorf("after a refusal: %d, %d", a, b)
	}
}
