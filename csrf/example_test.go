package csrf_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

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
