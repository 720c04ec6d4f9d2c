package http1_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/http1"
	"github.com/d710e0ae/countersign/guard/internal/pulse"
)

// withTLS gives the server a certificate.
func withTLS(t testing.TB) func(*http1.Server) {
	other := httptest.NewTLSServer(nil)
	t.Cleanup(other.Close)
	config := other.TLS.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	return func(s *http1.Server) { s.TLS = config }
}

func (f *front) dialTLS(t testing.TB) *client {
	t.Helper()
	c := f.dial(t)
	c.Conn = tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true})
	c.r = newReader(c.Conn)
	return c
}

func TestRequestsOverTLS(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || r.TLS.Version < tls.VersionTLS12 {
			t.Errorf("the handler sees %+v", r.TLS)
		}
		echo(w, r)
	}, withTLS(t), func(s *http1.Server) { s.MaxConnections = 1 })
	for range 2 { // each gives its place to the next
		c := f.dialTLS(t)
		for _, pause := range []time.Duration{0, 0, 3 * pulse.Period, 0} {
			time.Sleep(pause) // in which the connection changes its goroutine
			c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nokPOST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
			if _, body := c.answer(); body != "POST /a ok" {
				t.Error(body)
			}
			c.send("ko")
			if _, body := c.answer(); body != "POST /b ko" {
				t.Error(body)
			}
		}
		c.Close()
	}
}

func TestTheContextEndsWhenTheClientGoesOverTLS(t *testing.T) {
	began, ended := make(chan struct{}), make(chan error, 1)
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/slow" {
			return
		}
		began <- struct{}{}
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
		defer cancel()
		<-ctx.Done()
		ended <- ctx.Err()
	}, withTLS(t))
	c := f.dialTLS(t)
	c.send(get).answer()
	c.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
	<-began
	c.Close()
	if err := <-ended; err != context.Canceled {
		t.Error(err)
	}
}

func TestHijackingOverTLS(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		n, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer n.Close()
		io.CopyN(n, rw, 4)
		n.(interface{ CloseWrite() error }).CloseWrite()
	}, withTLS(t), func(s *http1.Server) { s.MaxConnections = 1 })
	for range 2 {
		c := f.dialTLS(t).send(get + "pi").send("ng")
		if all, err := io.ReadAll(c.r); string(all) != "ping" {
			t.Errorf("%q %v", all, err)
		}
		c.Close()
	}
}

func TestHTTP2IsHandedOver(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Proto+" "+r.RemoteAddr)
	}, withTLS(t), func(s *http1.Server) { s.MaxConnections = 1 })
	for range 2 {
		protocols := new(http.Protocols)
		protocols.SetHTTP2(true)
		tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: protocols}
		for range 2 {
			req, err := http.NewRequest("GET", "https://"+f.addr+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := tr.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != 200 || string(body[:19]) != "HTTP/2.0 127.0.0.1:" {
				t.Errorf("%s %q %v", res.Status, body, err)
			}
		}
		tr.CloseIdleConnections()
	}
	// What is said in plain, or not at all, holds up nobody for long.
	if rest, _ := io.ReadAll(f.dial(t).send(get).r); len(rest) > 0 && rest[0] == 'H' {
		t.Errorf("plain HTTP is answered: %q", rest)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := f.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}
