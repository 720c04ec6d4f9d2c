package guard_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/guard"
	"github.com/d710e0ae/countersign/internal/fastapitest"
)

// TestRealFastAPI puts the guard in front of the vulnerable bank and of the
// one that reads its token from a header only, unchanged both.
func TestRealFastAPI(t *testing.T) {
	for _, app := range []string{"vulnerable.py", "bearer.py"} {
		t.Run(app, func(t *testing.T) {
			api := fastapitest.Start(t, "../testdata/fastapi/bank/"+app)
			c := configFor(api.URL)
			c.JWT.Secret = guard.DefaultConfig().JWT.Secret // the bank's is its own
			g, err := guard.New(t.Context(), *c, guard.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			balance := func(b browser) float64 {
				w := serve(g, b.request("GET", "/balance", ""))
				var v struct{ Balance float64 }
				if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != 200 {
					t.Fatalf("balance: %d %s", w.Code, w.Body)
				}
				return v.Balance
			}
			b := logIn(t, g, request("POST", "/login", `{"username":"alice","password":"wonderland-7"}`))
			if got := balance(b); got != 1_000_000 {
				t.Fatalf("balance %v", got)
			}
			transfer := `{"to":"mallory","amount":100}`
			for name, r := range map[string]*http.Request{
				"form from elsewhere": b.request("POST", "/transfer/form", "to=mallory&amount=100", "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site", "X-CSRF-Token", ""),
				"Blob from elsewhere": b.request("POST", "/transfer", transfer, "Content-Type", "", "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site", "X-CSRF-Token", ""),
				"null origin":         b.request("POST", "/transfer", transfer, "Origin", "null", "Sec-Fetch-Site", "cross-site", "X-CSRF-Token", ""),
				"sibling":             b.request("POST", "/transfer", transfer, "Origin", "https://x.bank.example", "Sec-Fetch-Site", "same-site"),
				"without token":       b.request("POST", "/transfer", transfer, "X-CSRF-Token", ""),
			} {
				if w := serve(g, r); w.Code != 403 {
					t.Errorf("%s: %d %s", name, w.Code, w.Body)
				}
			}
			if got := balance(b); got != 1_000_000 {
				t.Errorf("a forged request moved money: %v", got)
			}
			if w := serve(g, b.request("POST", "/transfer", transfer)); w.Code != 200 {
				t.Errorf("transfer: %d %s", w.Code, w.Body)
			}
			if got := balance(b); got != 999_900 {
				t.Errorf("balance %v", got)
			}

			// Swagger UI: its page bears the script, its Authorize gets no
			// token and writes "Bearer undefined", and Try it out works.
			docs := serve(g, b.request("GET", "/docs", "", "Accept", "text/html", "Accept-Encoding", "gzip"))
			if docs.Code != 200 || !strings.Contains(docs.Body.String(), `<script src="/.countersign/client.js"></script>`) || !strings.Contains(docs.Body.String(), "SwaggerUIBundle") {
				t.Errorf("docs: %d %.300s", docs.Code, docs.Body)
			}
			b = logIn(t, g, request("POST", "/token", "username=alice&password=wonderland-7&grant_type=password", "Content-Type", "application/x-www-form-urlencoded", "X-Requested-With", "XMLHttpRequest"))
			if w := serve(g, b.request("POST", "/transfer", transfer, "Authorization", "Bearer undefined")); w.Code != 200 {
				t.Errorf("Try it out: %d %s", w.Code, w.Body)
			}
			if w := serve(g, b.request("POST", "/transfer", transfer, "Authorization", "Bearer undefined", "X-CSRF-Token", "")); w.Code != 403 {
				t.Errorf("Bearer undefined without a CSRF token: %d", w.Code)
			}
			if w := serve(g, request("POST", "/login", `{"username":"alice","password":"wrong"}`)); w.Code != 401 || !strings.Contains(w.Body.String(), "Incorrect") {
				t.Errorf("a wrong password: %d %s", w.Code, w.Body)
			}
		})
	}
}

// logIn returns what a browser holds after the request, and that it holds no
// token.
func logIn(t *testing.T, h http.Handler, r *http.Request) browser {
	t.Helper()
	w := serve(h, r)
	if w.Code != 200 || hasJWT(w.Body.String()) || hasJWT(strings.Join(w.Header().Values("Set-Cookie"), "")) {
		t.Fatalf("login: %d %v %s", w.Code, w.Header(), w.Body)
	}
	return browserOf(t, w)
}

func browserOf(t *testing.T, w *httptest.ResponseRecorder) browser {
	t.Helper()
	var answer struct {
		CSRF string `json:"csrf_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.CSRF == "" {
		t.Fatalf("%v %s", err, w.Body)
	}
	for _, c := range w.Result().Cookies() {
		if c.Name == "__Host-Http-session" {
			return browser{c.Name + "=" + c.Value, answer.CSRF}
		}
	}
	t.Fatalf("no session: %v", w.Header())
	return browser{}
}
