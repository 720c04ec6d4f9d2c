package csrf

import (
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

// TokenHandler answers GET and HEAD with {"csrf_token": "…"}, the token of the
// request's session, for the pages of the own origin alone; ClientScript and
// ClientModule fetch it from there. Without a session it answers 401. It is
// never cached.
func (p *Protection) TokenHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Add("Vary", refusalVary)
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "this is only to be read", http.StatusMethodNotAllowed)
			return
		}
		// Not even a trusted origin reads it: what CORS is set to around this
		// handler must not matter.
		if v := p.provenance(r); v.refusal != nil && v.refusal != ErrNotFromPage || v.trusted {
			http.Error(w, "no page of another origin may ask this", http.StatusForbidden)
			return
		}
		token, err := p.TokenFor(r)
		if err != nil {
			http.Error(w, "there is no session", http.StatusUnauthorized)
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
