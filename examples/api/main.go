// Api is an API whose routes serve two kinds of clients: pages of an
// application on an origin of its own, which hold a session cookie and send
// its CSRF token, and programs that bear a token.
package main

import (
	"crypto/rand"
	"encoding/json"
	"log"
	"net/http"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/cors"
	"github.com/d710e0ae/countersign/csrf"
	"github.com/d710e0ae/countersign/idempotency"
	"github.com/d710e0ae/countersign/jwt"
	"github.com/d710e0ae/countersign/session"
)

const (
	ownOrigin = "https://api.example.com"
	appOrigin = "https://app.example.com" // of the same site, so that its requests bear the cookie
)

func main() {
	secret, key := make([]byte, 32), make([]byte, csrf.MinKey) // of several processes: the same for all
	rand.Read(secret)
	rand.Read(key)
	handler, err := newAPI(secret, key)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("localhost:8080", handler)) // TLS ends in front
}

type api struct {
	sessions *session.Manager
	issuer   *jwt.Issuer
	forgery  *csrf.Protection
}

func newAPI(secret, csrfKey []byte) (http.Handler, error) {
	a := &api{}
	var errs cfgerrors.List
	var err error
	a.sessions, err = session.New(session.Config{Store: session.NewMemory(0, nil)})
	errs.Join("session", err)
	key, err := jwt.NewHMACKey(jwt.HS256, secret)
	errs.Join("jwt", err)
	a.issuer, err = jwt.NewIssuer(jwt.IssuerConfig{Key: key, Issuer: ownOrigin, Audience: "api"})
	errs.Join("issuer", err)
	verifier, err := jwt.NewVerifier(jwt.VerifierConfig{Keys: key, Issuer: ownOrigin, Audience: "api"})
	errs.Join("verifier", err)
	a.forgery, err = csrf.New(csrf.Config{
		PublicOrigin: ownOrigin, TrustedOrigins: []string{appOrigin},
		Keys: [][]byte{csrfKey}, Session: a.session,
	})
	errs.Join("csrf", err)
	crossOrigin, err := cors.New(cors.Config{
		Origins: []string{appOrigin}, Credentials: true,
		Methods:        []string{"PUT", "DELETE"},
		RequestHeaders: []string{"Content-Type", "Idempotency-Key", csrf.DefaultHeader},
		MaxAge:         10 * time.Minute,
	})
	errs.Join("cors", err)
	once, err := idempotency.New(idempotency.Config{
		Store: idempotency.NewMemory(0, 0, nil), User: user,
		Required: func(r *http.Request) bool { return r.URL.Path == "/payments" },
	})
	errs.Join("idempotency", err)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", a.login)
	mux.HandleFunc("POST /logout", a.logout)
	mux.HandleFunc("POST /token", a.token)
	mux.Handle("GET /csrf", a.forgery.TokenHandler())
	mux.Handle("GET /me", a.authenticated(http.HandlerFunc(me)))
	mux.Handle("POST /payments", a.authenticated(once.Handler(http.HandlerFunc(pay))))
	// A bearer token is verified once, and before csrf asks by what the request
	// is authenticated.
	return crossOrigin.Handler(verifier.Identify(a.forgery.Handler(mux))), nil
}

// session tells csrf by what a request is authenticated. A token that was
// verified is not attached by the browser; a header that is merely there has
// been refused.
func (a *api) session(r *http.Request) csrf.Session {
	if _, ok := jwt.FromContext(r.Context()); ok {
		return csrf.Session{}
	}
	id, ambient := a.sessions.CSRF(r)
	return csrf.Session{ID: id, Ambient: ambient}
}

// authenticated lets requests through that bear a token or have a session.
func (a *api) authenticated(next http.Handler) http.Handler {
	sessions := a.sessions.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := jwt.FromContext(r.Context()); ok {
			next.ServeHTTP(w, r)
			return
		}
		sessions.ServeHTTP(w, r)
	})
}

func user(r *http.Request) string {
	if t, ok := jwt.FromContext(r.Context()); ok {
		return t.Subject
	}
	if s, ok := session.FromContext(r.Context()); ok {
		return s.User()
	}
	return ""
}

// login is for pages, and never tells them a token that they could lose.
func (a *api) login(w http.ResponseWriter, r *http.Request) {
	name, ok := credentials(w, r)
	if !ok {
		return
	}
	s, err := a.sessions.Start(w, r, name, nil)
	if err != nil {
		a.sessions.Refuse(w, err)
		return
	}
	token, err := a.forgery.Token(s.CSRF())
	if err != nil {
		http.Error(w, "no token can be made now", http.StatusServiceUnavailable)
		return
	}
	reply(w, map[string]string{"csrf_token": token})
}

func (a *api) logout(w http.ResponseWriter, r *http.Request) {
	if err := a.sessions.End(w, r); err != nil {
		a.sessions.Refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// token is for programs.
func (a *api) token(w http.ResponseWriter, r *http.Request) {
	name, ok := credentials(w, r)
	if !ok {
		return
	}
	token, err := a.issuer.Issue(name, nil)
	if err != nil {
		http.Error(w, "no token can be made now", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	reply(w, map[string]string{"access_token": token, "token_type": "Bearer"})
}

func credentials(w http.ResponseWriter, r *http.Request) (name string, ok bool) {
	var in struct{ Username, Password string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&in); err != nil || in.Username != "alice" || in.Password != "wonderland" {
		http.Error(w, "wrong name or password", http.StatusUnauthorized)
		return "", false
	}
	return in.Username, true
}

func me(w http.ResponseWriter, r *http.Request) { reply(w, map[string]string{"user": user(r)}) }

func pay(w http.ResponseWriter, r *http.Request) {
	reply(w, map[string]string{"paid_by": user(r), "receipt": rand.Text()})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}
