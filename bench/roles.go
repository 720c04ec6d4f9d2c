package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"time"
)

// serveRole makes this program one of the servers of the benchmark of
// proxies, in a process of its own so that its processor time can be told.
func serveRole(args []string) bool {
	if len(args) != 3 {
		return false
	}
	var h http.Handler
	switch args[0] {
	case "serve-upstream":
		h = upstream(args[2])
	case "serve-standin":
		var err error
		if h, err = newStandIn(args[2]); err != nil {
			log.Fatal(err)
		}
	case "serve-reverseproxy":
		h = reverseProxy(args[2])
	default:
		return false
	}
	log.SetOutput(os.Stderr)
	log.Fatal((&http.Server{Addr: args[1], Handler: h, ReadHeaderTimeout: 10 * time.Second}).ListenAndServe())
	return true
}

const answer = `{"account":"DE02120300000000202051","balance":"1041.50","currency":"EUR","owner":"alice"}`

// upstream is the API: it answers a login with the token, and everything else
// with the same small JSON.
func upstream(token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"`+token+`","token_type":"bearer"}`)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, answer)
	})
	return mux
}

type buffers struct{ pool sync.Pool }

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte { return *b.pool.Get().(*[]byte) }

// Put implements httputil.BufferPool.
func (b *buffers) Put(v []byte) { b.pool.Put(&v) }

// reverseProxy is the standard library's, tuned as one would: connections are
// kept and buffers pooled. It checks nothing.
func reverseProxy(to string) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: to})
			r.Out.Host = r.In.Host
		},
		Transport:  &http.Transport{MaxIdleConnsPerHost: 256, MaxIdleConns: 256, IdleConnTimeout: time.Minute, DisableCompression: true},
		BufferPool: &buffers{sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}},
	}
}
