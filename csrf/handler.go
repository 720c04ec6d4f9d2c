package csrf

import (
	"errors"
	"net/http"
	"strconv"
)

// Handler lets requests through that pass Check. Others get 403 with an
// RFC 9457 problem document whose "code" is the Refusal's, or what
// Config.Refuse answers; next never sees them, unless ReportOnly is set. Put
// it around the router, so that nothing is routed before it was checked.
// Handler panics if next is nil.
func (p *Protection) Handler(next http.Handler) http.Handler {
	if next == nil {
		panic("csrf: Handler of no handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := p.check(r)
		switch {
		case f == nil:
		case p.reportOnly != nil:
			p.reportOnly(r, f)
		case p.refuse != nil:
			p.refuse(w, r, f)
			return
		default:
			f.write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Refuse answers a request that Check refused with err, as Handler does: for
// servers that call Check themselves, and for a Config.Refuse that only wants
// to take note.
func Refuse(w http.ResponseWriter, err error) {
	f, ok := errors.AsType[*Refusal](err)
	if !ok {
		f = errOther
	}
	f.write(w)
}

var errOther = newRefusal("forbidden", "the request was refused")

// TokenHandler answers GET and HEAD with {"csrf_token": "…"}, the token of the
// request's session, for pages of the own origin and of those that are
// trusted; ClientScript and ClientModule fetch it from there. A page of a
// trusted origin can read it only if CORS lets it, with credentials. Without a
// session it answers 401. Refusals are problem documents, as those of Handler,
// and nothing is ever cached. TokenHandler panics if there are no keys.
func (p *Protection) TokenHandler() http.Handler {
	if len(p.signers) == 0 {
		panic("csrf: TokenHandler of a Protection without keys")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Add("Vary", refusalVary)
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			writeProblem(w, http.StatusMethodNotAllowed, problem(http.StatusMethodNotAllowed, "method-not-allowed", "this is only to be read"))
			return
		}
		// What CORS is set to around this handler must not matter for origins
		// that nobody trusts.
		if f := p.provenance(r).refusal; f != nil && f != ErrNotFromPage {
			writeProblem(w, http.StatusForbidden, f.document)
			return
		}
		s := p.sessionOf(r)
		switch {
		case s.ID != "":
		case s.Ambient:
			writeProblem(w, http.StatusForbidden, ErrSessionHasNoID.document)
			return
		default:
			writeProblem(w, http.StatusUnauthorized, problem(http.StatusUnauthorized, "no-session", "there is no session; log in first"))
			return
		}
		token, err := p.Token(s.ID)
		if err != nil {
			writeProblem(w, http.StatusServiceUnavailable, problem(http.StatusServiceUnavailable, "csrf-token-unavailable", "no token can be made now"))
			return
		}
		body := []byte(`{"csrf_token":"` + token + `"}`) // base64url needs no escapes
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method != http.MethodHead {
			w.Write(body)
		}
	})
}

// What decides must be known to caches that store refusals regardless.
const refusalVary = "Origin, Sec-Fetch-Site, Cookie"

// write answers with the problem document. A flood of forged requests costs
// one allocation each: one array for all three values, and none is shared with
// another answer, for a handler around ours may change them.
func (f *Refusal) write(w http.ResponseWriter) {
	h := w.Header()
	v := &[3]string{"application/problem+json", "no-store", refusalVary}
	h["Content-Type"], h["Cache-Control"] = v[0:1:1], v[1:2:2]
	if have := h["Vary"]; len(have) > 0 {
		h["Vary"] = append(have[:len(have):len(have)], refusalVary)
	} else {
		h["Vary"] = v[2:3:3]
	}
	w.WriteHeader(http.StatusForbidden)
	w.Write(f.document)
}

func writeProblem(w http.ResponseWriter, status int, document []byte) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	w.Write(document)
}
