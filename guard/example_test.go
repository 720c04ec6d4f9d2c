package guard_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/d710e0ae/countersign/guard"
)

func ExampleNewSecret() {
	cfg := guard.DefaultConfig()
	cfg.JWT.Secret = guard.NewSecret("correct horse battery staple, and more")
	fmt.Println(cfg.JWT.Secret)
	// Output: [redacted]
}

// A guard in a server of one's own, which shuts down without losing a request.
func Example() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "balance: 100") }))
	defer api.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}

	cfg := guard.DefaultConfig()
	cfg.Upstream = api.URL
	cfg.PublicOrigin = "http://" + listener.Addr().String()
	g, err := guard.New(context.Background(), *cfg, guard.Options{})
	if err != nil {
		log.Fatal(err) // every mistake at once
	}
	server := &http.Server{Handler: g, MaxHeaderBytes: 32 << 10, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()

	res, err := http.Get(cfg.PublicOrigin + "/balance")
	if err != nil {
		log.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	fmt.Println(res.StatusCode, string(body), err)
	res.Body.Close()
	http.DefaultClient.CloseIdleConnections()

	drain, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	fmt.Println(server.Shutdown(drain), <-served == http.ErrServerClosed, g.Close())
	// Output:
	// 200 balance: 100 <nil>
	// <nil> true <nil>
}
