package csrf

import "net/http"

// Handler lets requests through that pass Check. Others get 403 with an
// RFC 9457 problem document whose "code" is the Refusal's; next never sees
// them, unless ReportOnly is set.
func (p *Protection) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := p.check(r); f != nil {
			if p.reportOnly == nil {
				f.write(w)
				return
			}
			p.reportOnly(r, f)
		}
		next.ServeHTTP(w, r)
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
