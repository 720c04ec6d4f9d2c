package idempotency_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/d710e0ae/countersign/idempotency"
)

// A transfer is made once, however often its request arrives.
func Example() {
	keys, err := idempotency.New(idempotency.Config{
		Store:    idempotency.NewMemory(0, 0, nil),
		User:     func(r *http.Request) string { return "alice" }, // as authentication found it
		Required: func(r *http.Request) bool { return r.URL.Path == "/transfer" },
	})
	if err != nil {
		panic(err)
	}
	balance := 100
	transfer := keys.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		balance -= 10
		fmt.Fprintf(w, "left: %d", balance)
	}))
	for _, c := range []struct{ key, body string }{{"", "10"}, {`"8e03978e"`, "10"}, {`"8e03978e"`, "10"}, {`"8e03978e"`, "99"}} {
		r := httptest.NewRequest("POST", "/transfer", strings.NewReader(c.body))
		if c.key != "" {
			r.Header.Set("Idempotency-Key", c.key)
		}
		w := httptest.NewRecorder()
		transfer.ServeHTTP(w, r)
		fmt.Println(c.key, c.body, w.Code, w.Header().Get("Idempotency-Replayed"), balance)
	}
	// Output:
	//  10 400  100
	// "8e03978e" 10 200  90
	// "8e03978e" 10 200 true 90
	// "8e03978e" 99 422  90
}
