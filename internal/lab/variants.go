package lab

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/d710e0ae/countersign/cors"
	"github.com/d710e0ae/countersign/csrf"
	"github.com/d710e0ae/countersign/internal/origin"
	"github.com/d710e0ae/countersign/internal/store/memory"
	"github.com/d710e0ae/countersign/jwt"
	"github.com/d710e0ae/countersign/session"
)

// A Variant is one way to build the bank.
type Variant string

const (
	Vulnerable Variant = "vulnerable" // JWT from a cookie or header, and nothing else
	Bearer     Variant = "bearer"     // remedy A: the Authorization header only, strict CORS
	Cookie     Variant = "cookie"     // remedy B: strict cookie, CSRF token, Origin check
	Guarded    Variant = "guarded"    // the vulnerable one behind the guard
)

// Variants returns all of them, in the order of their ports.
func Variants() []Variant { return []Variant{Vulnerable, Bearer, Cookie, Guarded} }

// A BankConfig says where a bank is seen and what time it is.
type BankConfig struct {
	PublicOrigin string           // such as "http://127.0.0.1:8000"; needed by Cookie
	Frontends    []string         // origins that Bearer's CORS lists
	Clock        func() time.Time // time.Now where it is nil
}

// A Bank is one variant. It is safe for concurrent use.
type Bank struct {
	Variant Variant
	http.Handler

	bank   *bank
	issuer *jwt.Issuer
}

// Balance returns what is in the account.
func (b *Bank) Balance(user string) int { return b.bank.balance(user) }

// Token issues a token for the user, as the login would.
func (b *Bank) Token(user string) (string, error) { return b.issuer.Issue(user, nil) }

const (
	issuerName   = "bank"
	audienceName = "bank-api"
	tokenCookie  = "access_token"
)

// NewBank builds a variant other than Guarded, which is a guard before a
// Vulnerable one.
func NewBank(v Variant, cfg BankConfig) (*Bank, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	issuer, err := jwt.NewIssuer(jwt.IssuerConfig{Key: key, Issuer: issuerName, Audience: audienceName, Clock: cfg.Clock})
	if err != nil {
		return nil, err
	}
	verifier, err := jwt.NewVerifier(jwt.VerifierConfig{Keys: key, Issuer: issuerName, Audience: audienceName, Clock: cfg.Clock})
	if err != nil {
		return nil, err
	}
	b := &Bank{Variant: v, bank: newBank(), issuer: issuer}
	parts := parts{cfg, b.bank, issuer, verifier}
	switch v {
	case Vulnerable:
		b.Handler = parts.vulnerable()
	case Bearer:
		b.Handler, err = parts.bearer()
	case Cookie:
		b.Handler, err = parts.cookie()
	default:
		err = errors.New("lab: no bank of variant " + string(v))
	}
	return b, err
}

func newKey() (*jwt.Key, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	return jwt.NewHMACKey(jwt.HS256, secret)
}

// parts are what the variants are made of.
type parts struct {
	cfg      BankConfig
	bank     *bank
	issuer   *jwt.Issuer
	verifier *jwt.Verifier
}

// userOf verifies a token, and answers where it is refused.
func (p parts) userOf(w http.ResponseWriter, ctx context.Context, token string) (string, bool) {
	t, err := p.verifier.Verify(ctx, token)
	if err != nil {
		jwt.Refuse(w, err)
		return "", false
	}
	if !p.bank.exists(t.Subject) {
		detail(w, http.StatusUnauthorized, "Invalid token")
		return "", false
	}
	return t.Subject, true
}

func plain(h http.Handler) http.Handler { return h }

// vulnerable takes its token from the header or else the cookie.
func (p parts) vulnerable() http.Handler {
	mux := http.NewServeMux()
	a := &api{bank: p.bank, user: func(w http.ResponseWriter, r *http.Request) (string, bool) {
		token, err := jwt.Bearer(r)
		if err != nil {
			c, err := r.Cookie(tokenCookie)
			if err != nil {
				detail(w, http.StatusUnauthorized, "Not authenticated")
				return "", false
			}
			token = c.Value
		}
		return p.userOf(w, r.Context(), token)
	}}
	a.handle(mux, plain)
	mux.HandleFunc("GET /transfer/quick", a.transferQuick)
	give := func(w http.ResponseWriter, user string) {
		token, err := p.issuer.Issue(user, nil)
		if err != nil {
			detail(w, http.StatusServiceUnavailable, "No token can be issued now")
			return
		}
		// No SameSite, no HttpOnly, no Secure.
		http.SetCookie(w, &http.Cookie{Name: tokenCookie, Value: token, Path: "/", MaxAge: int(jwt.DefaultLifetime.Seconds())})
		reply(w, http.StatusOK, map[string]string{"access_token": token, "token_type": "bearer"})
	}
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if user, ok := a.credentials(w, r); ok {
			give(w, user)
		}
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if user, ok := a.credentialsForm(w, r); ok {
			give(w, user)
		}
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: tokenCookie, Path: "/", MaxAge: -1})
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.Handle("GET /openapi.json", document(Vulnerable))
	mux.Handle("GET /{$}", bankPage(Vulnerable))
	return reflectingCORS(mux)
}

// bearer is remedy A: the token in the Authorization header and nowhere else,
// CORS for listed origins and without credentials.
func (p parts) bearer() (http.Handler, error) {
	mux := http.NewServeMux()
	a := &api{bank: p.bank, user: func(w http.ResponseWriter, r *http.Request) (string, bool) {
		token, err := jwt.Bearer(r)
		if err != nil {
			jwt.Refuse(w, err)
			return "", false
		}
		return p.userOf(w, r.Context(), token)
	}}
	a.handle(mux, plain)
	give := func(w http.ResponseWriter, user string) {
		token, err := p.issuer.Issue(user, nil)
		if err != nil {
			detail(w, http.StatusServiceUnavailable, "No token can be issued now")
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		reply(w, http.StatusOK, map[string]string{"access_token": token, "token_type": "bearer"})
	}
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if user, ok := a.credentials(w, r); ok {
			give(w, user)
		}
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if user, ok := a.credentialsForm(w, r); ok {
			give(w, user)
		}
	})
	mux.Handle("GET /openapi.json", document(Bearer))
	mux.Handle("GET /{$}", bankPage(Bearer))
	mw, err := cors.New(cors.Config{
		Origins:         p.cfg.Frontends,
		Methods:         []string{"GET", "POST", "PUT", "DELETE"},
		RequestHeaders:  []string{"Authorization", "Content-Type"},
		ResponseHeaders: []string{"X-Request-ID"},
	})
	if err != nil {
		return nil, err
	}
	return mw.Handler(withRequestID(mux)), nil
}

func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var id [8]byte
		rand.Read(id[:]) // never fails (Go 1.24)
		w.Header().Set("X-Request-ID", hex.EncodeToString(id[:]))
		next.ServeHTTP(w, r)
	})
}

// cookie is remedy B: an opaque session cookie that is HttpOnly, Secure and
// SameSite=Strict, a CSRF token that is bound to it, and a checked Origin.
func (p parts) cookie() (http.Handler, error) {
	if _, err := origin.Parse(p.cfg.PublicOrigin); err != nil {
		return nil, err
	}
	sessions, err := session.New(session.Config{Store: memory.NewSessions(1000, p.cfg.Clock), Clock: p.cfg.Clock, Idle: jwt.DefaultLifetime})
	if err != nil {
		return nil, err
	}
	key := make([]byte, csrf.MinKey)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	protection, err := csrf.New(csrf.Config{
		PublicOrigin: p.cfg.PublicOrigin,
		Keys:         [][]byte{key},
		Session: func(r *http.Request) csrf.Session {
			id, ambient := sessions.CSRF(r)
			return csrf.Session{ID: id, Ambient: ambient}
		},
	})
	if err != nil {
		return nil, err
	}
	a := &api{bank: p.bank, user: func(w http.ResponseWriter, r *http.Request) (string, bool) {
		s, err := sessions.Get(r)
		if err != nil || s.User() == "" {
			detail(w, http.StatusUnauthorized, "Not authenticated")
			return "", false
		}
		// The JWT is kept on this side; its age counts all the same.
		return p.userOf(w, r.Context(), string(s.Data()))
	}}
	mux := http.NewServeMux()
	a.handle(mux, plain)
	answer := func(w http.ResponseWriter, s *session.Session) {
		token, err := protection.Token(s.CSRF())
		if err != nil {
			detail(w, http.StatusServiceUnavailable, "No token can be made now")
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		reply(w, http.StatusOK, map[string]string{"csrf_token": token})
	}
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		user, ok := a.credentials(w, r)
		if !ok {
			return
		}
		token, err := p.issuer.Issue(user, nil)
		if err != nil {
			detail(w, http.StatusServiceUnavailable, "No token can be issued now")
			return
		}
		s, err := sessions.Start(w, r, user, []byte(token))
		if err != nil {
			detail(w, http.StatusServiceUnavailable, "No session can be started now")
			return
		}
		answer(w, s)
	})
	mux.HandleFunc("GET /csrf", func(w http.ResponseWriter, r *http.Request) {
		if _, ok := a.user(w, r); !ok {
			return
		}
		if s, err := sessions.Get(r); err == nil {
			answer(w, s)
		}
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := sessions.End(w, r); err != nil && !errors.Is(err, session.ErrNone) && !errors.Is(err, session.ErrNotFound) {
			detail(w, http.StatusServiceUnavailable, "The session cannot be ended now")
			return
		}
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.Handle("GET /openapi.json", document(Cookie))
	mux.Handle("GET /{$}", bankPage(Cookie))
	return protection.Handler(mux), nil
}
