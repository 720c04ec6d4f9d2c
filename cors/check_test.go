package cors_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/d710e0ae/countersign/cors"
)

// Check must say of each request what Handler does with it.
func TestCheckSaysWhatHandlerDoes(t *testing.T) {
	const app, evil = "https://app.example.com", "https://evil.example"
	preflight := func(origin, method, names string) *http.Request {
		h := headers{"Origin": origin, "Access-Control-Request-Method": method}
		if names != "" {
			h["Access-Control-Request-Headers"] = names
		}
		return request("OPTIONS", h)
	}
	twice := request("GET", headers{"Origin": app})
	twice.Header.Add("Origin", app)
	m := mustNew(t, remedyA())
	for name, c := range map[string]struct {
		r    *http.Request
		want error
	}{
		"no origin":             {request("POST", nil), nil},
		"allowed":               {request("POST", headers{"Origin": app}), nil},
		"foreign":               {request("GET", headers{"Origin": evil}), cors.ErrOrigin},
		"two origins":           {twice, cors.ErrOrigin},
		"OPTIONS of a script":   {request("OPTIONS", headers{"Origin": app}), nil},
		"preflight":             {preflight(app, "PUT", "authorization,content-type"), nil},
		"preflight, foreign":    {preflight(evil, "PUT", ""), cors.ErrOrigin},
		"preflight, method":     {preflight(app, "PATCH", ""), cors.ErrMethod},
		"preflight, header":     {preflight(app, "PUT", "authorization,x-other"), cors.ErrHeaders},
		"preflight, everything": {preflight(evil, "PATCH", "x-other"), cors.ErrOrigin},
	} {
		if err := m.Check(c.r); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		res, _ := serve(m, c.r)
		if given := res.Header.Get("Access-Control-Allow-Origin") != ""; given != (c.want == nil && c.r.Header.Get("Origin") != "") {
			t.Errorf("%s: Handler answers %d %v", name, res.StatusCode, res.Header)
		}
	}
	var zero cors.Middleware
	if err := zero.Check(request("GET", headers{"Origin": app})); !errors.Is(err, cors.ErrOrigin) {
		t.Errorf("the zero Middleware: %v", err)
	}
}
