package jwt

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/d710e0ae/countersign/internal/problem"
)

// Bearer returns the token of the request's Authorization header (RFC 6750,
// section 2.1). The header must be there once, its scheme Bearer in any case
// of letters, its token one word. The error is an *Error: ErrMissing where
// there is no such header, ErrInvalid where it cannot be read. Tokens in
// cookies, bodies or the query are never looked at.
func Bearer(r *http.Request) (string, error) {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return "", errNoHeader
	}
	if len(values) > 1 {
		return "", errTwoHeaders // CVE-2026-47673: which of them counts is a matter of taste
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if strings.IndexFunc(scheme, notTchar) >= 0 {
		// "Bearer\tx" is no other scheme: servers that part at any white space
		// find the token in it.
		return "", errHeaderShape
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return "", errScheme
	}
	if !ok || token == "" || strings.IndexFunc(token, notToken68) >= 0 {
		return "", errHeaderShape
	}
	return token, nil
}

// notTchar is the complement of what a scheme consists of (RFC 9110, sections
// 5.6.2 and 11.1).
func notTchar(c rune) bool {
	return c <= ' ' || c >= 0x7F || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", c)
}

// notToken68 is the complement of RFC 9110's token68, section 11.2.
func notToken68(c rune) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return false
	}
	return !strings.ContainsRune("-._~+/=", c)
}

var (
	errNoHeader    = &Error{Kind: ErrMissing, Reason: "there is no Authorization header"}
	errTwoHeaders  = invalid(ErrMalformed, "there is more than one Authorization header")
	errScheme      = &Error{Kind: ErrMissing, Reason: "the Authorization header is of another scheme"}
	errHeaderShape = invalid(ErrMalformed, "the Authorization header is not \"Bearer\" and one token")
)

type contextKey struct{}

// NewContext returns ctx with the token, as Authenticate gives it to the next
// handler: for middleware of your own, and for tests.
func NewContext(ctx context.Context, t *Token) context.Context {
	return context.WithValue(ctx, contextKey{}, t)
}

// FromContext returns the verified token of a request that passed
// Authenticate, or Identify with one.
func FromContext(ctx context.Context) (*Token, bool) {
	t, ok := ctx.Value(contextKey{}).(*Token)
	return t, ok
}

// Authenticate lets only requests through that bear a good token in the
// Authorization header; FromContext gives it to the handler. All others are
// refused, as by Refuse or as VerifierConfig.Refuse says. The zero Verifier
// lets nobody through. Authenticate panics if next is nil.
func (v *Verifier) Authenticate(next http.Handler) http.Handler {
	if next == nil {
		panic("jwt: Authenticate before no handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.authenticate(w, r, next)
	})
}

// Identify is Authenticate for servers that take another credential as well,
// such as a session's cookie: a request without a bearer token goes on without
// one, for what stands behind to authenticate. A request with a bad one is
// refused, whatever else it bears. Put it around what reads FromContext, csrf
// among it. Identify panics if next is nil.
func (v *Verifier) Identify(next http.Handler) http.Handler {
	if next == nil {
		panic("jwt: Identify before no handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := Bearer(r); errors.Is(err, ErrMissing) {
			next.ServeHTTP(w, r)
			return
		}
		v.authenticate(w, r, next)
	})
}

func (v *Verifier) authenticate(w http.ResponseWriter, r *http.Request, next http.Handler) {
	text, err := Bearer(r)
	if err == nil {
		var t *Token
		if t, err = v.Verify(r.Context(), text); err == nil {
			next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), t)))
			return
		}
	}
	if v.cfg.Refuse != nil {
		v.cfg.Refuse(w, r, err)
		return
	}
	Refuse(w, err)
}

// Refuse answers a request whose token was refused with err: 503 where it
// could not be checked, else 401 with the challenge of RFC 6750, section 3.
// The body is a problem document (RFC 9457), whose "detail" says "Token
// expired", "Invalid token" or "Not authenticated", as clients of FastAPI know
// it, and whose "code" is token-expired, token-invalid or no-token. Why a
// token is invalid is not told to who sent it.
func Refuse(w http.ResponseWriter, err error) {
	status, detail, code := http.StatusUnauthorized, "Invalid token", "token-invalid"
	challenge := `Bearer error="invalid_token"`
	switch {
	case errors.Is(err, ErrUnavailable):
		status, detail, code, challenge = http.StatusServiceUnavailable, "Token cannot be checked now", "token-unchecked", ""
	case errors.Is(err, ErrExpired):
		detail, code = "Token expired", "token-expired"
		challenge += `, error_description="the token has expired"`
	case errors.Is(err, ErrMissing):
		detail, code = "Not authenticated", "no-token"
		challenge = "Bearer" // no error where there was no token (RFC 6750, section 3.1)
	}
	if challenge != "" {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	problem.Write(w, status, detail, code)
}
