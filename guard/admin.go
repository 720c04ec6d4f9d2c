package guard

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/session"
)

// readyTimeout bounds the questions of /readyz.
const readyTimeout = 3 * time.Second

// admin answers /metrics, /healthz and /readyz. It only tells, and it tells
// no page: a browser behind the firewall could be made to ask.
func (s *server) admin() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", s.metrics.handler())
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := s.ready(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("ok\n"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		switch {
		case !adminHost(r.Host, s.started.Admin.Listen):
			http.Error(w, "this address is not asked for by that name", http.StatusForbidden)
		case len(r.Header["Origin"]) > 0, foreignSite(r.Header["Sec-Fetch-Site"]):
			http.Error(w, "no page may ask this", http.StatusForbidden)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "this is only to be read", http.StatusMethodNotAllowed)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// adminHost accepts addresses and localhost, which no foreign name can resolve
// to under its own spelling: that is what stops DNS rebinding.
func adminHost(host, listen string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.Trim(name, "[]")
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name == "localhost" || name != "" && name == hostOf(listen)
}

func foreignSite(values []string) bool {
	return len(values) > 1 || len(values) == 1 && values[0] != "same-origin" && values[0] != "none"
}

// ready asks the API for a connection and the store for a session.
func (s *server) ready(ctx context.Context) error {
	if s.draining.Load() {
		return errors.New("shutting down")
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := s.current.Load().upstream.Ready(ctx); err != nil {
		return errors.New("the API cannot be reached")
	}
	s.mu.Lock()
	store := s.stores.sessions
	s.mu.Unlock()
	if _, err := store.Get(ctx, session.Key{}); err != nil && !errors.Is(err, session.ErrNotFound) {
		return errors.New("the session store cannot be asked")
	}
	return nil
}
