package guard

import (
	"net/http"
	"strings"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/cors"
)

func (c *Config) cors() (*cors.Middleware, error) {
	return cors.New(cors.Config{
		Origins: c.CORS.Origins, Credentials: c.CORS.Credentials, Methods: c.CORS.Methods,
		RequestHeaders: c.CORS.Headers, ResponseHeaders: c.CORS.Expose, MaxAge: c.CORS.MaxAge,
	})
}

func (c *Config) checkCORS(errs *cfgerrors.List) {
	_, err := c.cors()
	for e := range cfgerrors.All(err) {
		m := *e
		m.Key = "cors." + strings.NewReplacer("request_headers", "headers", "response_headers", "expose").Replace(m.Key)
		errs.Add(&m)
	}
}

// A corsWriter tells whether CORS let a request through.
type corsWriter struct {
	http.ResponseWriter
	passed bool
	status int
}

// WriteHeader notes the status.
func (w *corsWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// passCORS is what stands behind the middleware.
func passCORS(w http.ResponseWriter, _ *http.Request) { w.(*corsWriter).passed = true }

// crossOrigin answers preflights, which never reach the API, and says on
// other answers who may read them. Preflights are for the API's paths only.
func (g *Guard) crossOrigin(x *exchange) *problem {
	if g.isOwn(x) {
		return nil // no other origin is to read these
	}
	w := corsWriter{ResponseWriter: x.w}
	g.cors.ServeHTTP(&w, x.r)
	x.admitted = len(x.w.Header()["Access-Control-Allow-Origin"]) > 0
	if !w.passed {
		x.answered, x.status = true, w.status
		if w.status == http.StatusForbidden {
			g.audit(x, "cors", refusal(w.status, "preflight-refused", "the preflight asks for what cors does not allow"), true)
		}
	}
	return nil
}
