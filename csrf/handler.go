package csrf

import (
	"net/http"
	"strconv"
)

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

func (f *Refusal) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	// What decides must be known to caches that store refusals regardless.
	h.Add("Vary", "Origin, Sec-Fetch-Site, Cookie")
	w.WriteHeader(http.StatusForbidden)
	w.Write([]byte(`{"type":"about:blank","title":"Forbidden","status":403,"code":` + strconv.Quote(f.Code) + `,"detail":` + strconv.Quote(f.Reason) + `}`))
}
