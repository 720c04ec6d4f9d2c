package cors_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/cors"
)

func Example() {
	mw, err := cors.New(cors.Config{
		Origins:         []string{"https://app.example.com"},
		Methods:         []string{"GET", "POST", "PUT", "DELETE"},
		RequestHeaders:  []string{"Authorization", "Content-Type"},
		ResponseHeaders: []string{"X-Request-ID"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "balance") })

	r := httptest.NewRequest("GET", "/balance", nil)
	r.Header.Set("Origin", "https://app.example.com")
	w := httptest.NewRecorder()
	mw.Handler(api).ServeHTTP(w, r)
	fmt.Println(w.Header().Get("Access-Control-Allow-Origin"))
	// Output: https://app.example.com
}

// A preflight that is refused in silence, and why.
func ExampleMiddleware_Check() {
	mw, err := cors.New(cors.Config{Origins: []string{"https://app.example.com"}, RequestHeaders: []string{"Content-Type"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest("OPTIONS", "/balance", nil)
	r.Header.Set("Origin", "https://app.example.com")
	r.Header.Set("Access-Control-Request-Method", "POST")
	r.Header.Set("Access-Control-Request-Headers", "content-type,x-csrf-token")
	fmt.Println(mw.Check(r))
	// Output: cors: a header that the script would set is not allowed
}

func ExampleNew_mistakes() {
	_, err := cors.New(cors.Config{Origins: []string{"*"}, Credentials: true, Methods: []string{"put"}})
	for e := range cfgerrors.All(err) {
		fmt.Println(e)
	}
	// Output:
	// origins[0]: every page of the web could act as the user; list the origins that need credentials
	// methods[0]: methods are compared letter by letter; write PUT
}
