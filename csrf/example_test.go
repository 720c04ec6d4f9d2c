package csrf_test

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/d710e0ae/countersign/csrf"
)

func Example() {
	p, err := csrf.New(csrf.Config{
		PublicOrigin: "https://bank.example",
		Keys:         [][]byte{[]byte("32 random bytes, from a secret.."), []byte("the key that is being replaced..")},
		Session: func(r *http.Request) csrf.Session {
			c, err := r.Cookie("session")
			if err != nil {
				return csrf.Session{} // not logged in: no cookie to misuse
			}
			return csrf.Session{ID: c.Value, Ambient: true}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	transfer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "moved") })

	forged := httptest.NewRequest("POST", "/transfer", nil)
	forged.Header.Set("Origin", "https://evil.test")
	forged.AddCookie(&http.Cookie{Name: "session", Value: "alice"})
	w := httptest.NewRecorder()
	p.Handler(transfer).ServeHTTP(w, forged)
	fmt.Println(w.Code)
	// Output: 403
}

func ExampleProtection_Check() {
	p, err := csrf.New(csrf.Config{}) // origins only, against the request's own Host
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest("POST", "http://bank.example/transfer", nil)
	r.Header.Set("Origin", "http://evil@bank.example")
	fmt.Println(p.Check(r))
	// Output: the Origin header is not one that a browser sends
}

// A page whose forms the browser sends without a script.
func ExampleProtection_TokenFor() {
	p, err := csrf.New(csrf.Config{
		PublicOrigin: "https://bank.example",
		Keys:         [][]byte{[]byte("32 random bytes, from a secret..")},
		Session:      func(*http.Request) csrf.Session { return csrf.Session{ID: "alice", Ambient: true} },
		Field:        "csrf_token",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	page := template.Must(template.New("").Parse(`<form method="post"><input type="hidden" name="csrf_token" value="{{.}}"><button>move</button></form>`))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /transfer", func(w http.ResponseWriter, r *http.Request) {
		token, err := p.TokenFor(r)
		if err != nil && !errors.Is(err, csrf.ErrSessionHasNoID) { // no session, no token needed
			http.Error(w, "try again later", http.StatusServiceUnavailable)
			return
		}
		page.Execute(w, token)
	})
	mux.HandleFunc("POST /transfer", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "moved") })
	app := p.Handler(mux)

	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest("GET", "/transfer", nil))
	_, rest, _ := strings.Cut(w.Body.String(), `value="`)
	token, _, _ := strings.Cut(rest, `"`)

	for _, body := range []string{"csrf_token=" + token, ""} {
		r := httptest.NewRequest("POST", "/transfer", strings.NewReader(body))
		r.Header.Set("Origin", "https://bank.example")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w = httptest.NewRecorder()
		app.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 200
	// 403
}
