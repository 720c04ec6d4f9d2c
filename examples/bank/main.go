// Bank is a small API for browsers, with the defences in their order: CORS
// around CSRF around the router, and behind it sessions for those who are
// logged in and idempotency for what must not happen twice.
package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"sync"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/cors"
	"github.com/d710e0ae/countersign/csrf"
	"github.com/d710e0ae/countersign/idempotency"
	"github.com/d710e0ae/countersign/session"
)

func main() {
	key := make([]byte, csrf.MinKey) // of several processes: one secret for all
	rand.Read(key)
	handler, err := newBank("http://localhost:8080", key)
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on http://localhost:8080")
	log.Fatal(http.ListenAndServe("localhost:8080", handler))
}

type bank struct {
	sessions *session.Manager
	forgery  *csrf.Protection

	mu      sync.Mutex
	balance map[string]int
}

func newBank(publicOrigin string, key []byte) (http.Handler, error) {
	b := &bank{balance: map[string]int{"alice": 100}}
	var errs cfgerrors.List // every mistake of all four, each with the name of its part
	var err error
	b.sessions, err = session.New(session.Config{Store: session.NewMemory(0, nil)})
	errs.Join("session", err)
	b.forgery, err = csrf.New(csrf.Config{PublicOrigin: publicOrigin, Keys: [][]byte{key}, Session: b.session})
	errs.Join("csrf", err)
	crossOrigin, err := cors.New(cors.Config{}) // no other origin may read; name your frontend's here
	errs.Join("cors", err)
	once, err := idempotency.New(idempotency.Config{Store: idempotency.NewMemory(0, 0, nil), User: user})
	errs.Join("idempotency", err)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	mine := func(h http.HandlerFunc) http.Handler { return b.sessions.Handler(h) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", b.page)
	mux.HandleFunc("GET /client.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, csrf.ClientScript(b.forgery.Header(), "/csrf"))
	})
	mux.Handle("GET /csrf", b.forgery.TokenHandler())
	mux.HandleFunc("POST /login", b.login)
	mux.HandleFunc("POST /logout", b.logout)
	mux.Handle("GET /balance", mine(b.show))
	mux.Handle("POST /transfer", b.sessions.Handler(once.Handler(http.HandlerFunc(b.transfer))))
	return crossOrigin.Handler(b.forgery.Handler(mux)), nil
}

// session tells csrf by what a request is authenticated.
func (b *bank) session(r *http.Request) csrf.Session {
	id, ambient := b.sessions.CSRF(r)
	return csrf.Session{ID: id, Ambient: ambient}
}

func user(r *http.Request) string {
	if s, ok := session.FromContext(r.Context()); ok {
		return s.User()
	}
	return ""
}

func (b *bank) login(w http.ResponseWriter, r *http.Request) {
	var in struct{ Username, Password string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&in); err != nil || in.Username != "alice" || in.Password != "wonderland" {
		http.Error(w, "wrong name or password", http.StatusUnauthorized)
		return
	}
	if _, err := b.sessions.Start(w, r, in.Username, nil); err != nil {
		b.sessions.Refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (b *bank) logout(w http.ResponseWriter, r *http.Request) {
	if err := b.sessions.End(w, r); err != nil {
		b.sessions.Refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (b *bank) show(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprintln(w, b.balance[user(r)])
}

func (b *bank) transfer(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.balance[user(r)] -= 10
	fmt.Fprintln(w, b.balance[user(r)])
}

func (b *bank) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, `<!DOCTYPE html><title>Bank</title><script src="/client.js"></script>
<button onclick="go('/login', JSON.stringify({Username: 'alice', Password: 'wonderland'}))">log in</button>
<button onclick="go('/transfer')">transfer 10</button> <button onclick="go('/logout')">log out</button> <output></output>
<script>async function go(to, body) {
  const r = await fetch(to, {method: "POST", body, headers: {"Idempotency-Key": '"' + crypto.randomUUID() + '"'}});
  document.querySelector("output").textContent = r.status + " " + await r.text();
}</script>`)
}
