package client_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// raw serves each connection with f, which gets the connection and the
// requests' reader.
func raw(t *testing.T, f func(n int, c net.Conn, in *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				f(n, c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return "http://" + l.Addr().String()
}

// heads reads one request and returns its head.
func heads(in *bufio.Reader) (string, error) {
	r, err := http.ReadRequest(in)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(io.Discard, r.Body)
	return r.Method + " " + r.RequestURI, err
}

func TestRequestsAreWrittenAsTold(t *testing.T) {
	got := make(chan *http.Request, 1)
	var body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body = string(b)
		got <- r
	}))
	defer srv.Close()
	c := client.New(client.Config{Target: target(t, srv.URL)})
	defer c.Close()
	for _, tc := range []struct {
		method, path, body string
		length             int64
	}{
		{"POST", "/a%20b?c=d%26", `{"e":1}`, 7},
		{"POST", "/empty", "", 0},
		{"PUT", "/p", strings.Repeat("x", 100_000), 100_000},
		{"PUT", "/more-than-a-socket-takes", strings.Repeat("0123456789abcdef", 1<<20), 16 << 20},
		{"DELETE", "/d", "", 0},
		{"GET", "/g", "", 0},
	} {
		r := &client.Request{Method: tc.method, URL: target(t, srv.URL+tc.path), Header: http.Header{"X-One": {"1", "2"}, "Cookie": {"a=b"}}}
		if tc.body != "" {
			r.Body = []byte(tc.body)
		}
		res, err := c.Do(t.Context(), r)
		if err != nil || res.Status != 200 || res.Request != r {
			t.Fatalf("%s: %+v, %v", tc.path, res, err)
		}
		in := <-got
		if in.Method != tc.method || in.RequestURI != tc.path || body != tc.body || in.ContentLength != tc.length ||
			strings.Join(in.Header["X-One"], ",") != "1,2" || in.Header.Get("Cookie") != "a=b" || in.Host != target(t, srv.URL).Host || in.Header.Get("User-Agent") != client.UserAgent {
			t.Errorf("%s %s arrived as %s %s with %v and %d bytes", tc.method, tc.path, in.Method, in.RequestURI, in.Header, len(body))
		}
	}
}

// RFC 9112 §11.1: what would split a request or a field is not sent.
func TestNothingIsSmuggledIntoARequest(t *testing.T) {
	var arrived atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
	defer srv.Close()
	c := client.New(client.Config{Target: target(t, srv.URL)})
	defer c.Close()
	good := target(t, srv.URL+"/")
	split := *good
	split.RawQuery = "a=b HTTP/1.1\r\nX: y"
	for name, r := range map[string]*client.Request{
		"method": {Method: "GET / HTTP/1.1\r\nX:", URL: good},
		"name":   {Method: "GET", URL: good, Header: http.Header{"X\r\nY": {"1"}}},
		"value":  {Method: "GET", URL: good, Header: http.Header{"X": {"1\r\nY: 2"}}},
		"query":  {Method: "GET", URL: &split},
	} {
		if _, err := c.Do(t.Context(), r); err == nil {
			t.Errorf("%s: was sent", name)
		}
	}
	if _, err := c.Do(t.Context(), get(good)); err != nil || arrived.Load() != 1 {
		t.Errorf("control: %v, %d requests arrived", err, arrived.Load())
	}
}

func TestConnectionsAreKept(t *testing.T) {
	var conns atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/close":
			w.Header().Set("Connection", "close")
		case "/chunked":
			_, _ = io.WriteString(w, "one")
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "two")
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c := client.New(client.Config{Target: target(t, srv.URL)})
	defer c.Close()
	for _, tc := range []struct {
		method, path, body string
		conns              int32
	}{{"GET", "/", "", 1}, {"GET", "/chunked", "onetwo", 1}, {"GET", "/none", "", 1}, {"HEAD", "/chunked", "", 1}, {"GET", "/close", "", 1}, {"GET", "/", "", 2}} {
		r := get(target(t, srv.URL+tc.path))
		r.Method = tc.method
		res, err := c.Do(t.Context(), r)
		if err != nil || string(res.Body) != tc.body || conns.Load() != tc.conns {
			t.Errorf("%s %s: %q, %v, over %d connections, want %d", tc.method, tc.path, res.Body, err, conns.Load(), tc.conns)
		}
	}
}

func TestAConnectionThatWasClosedWhileKeptIsReplaced(t *testing.T) {
	var requests atomic.Int32
	u := raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
		if _, err := heads(in); err == nil {
			requests.Add(1)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	c := client.New(client.Config{Target: target(t, u)})
	defer c.Close()
	for range 3 {
		res, err := c.Do(t.Context(), get(target(t, u+"/")))
		if err != nil || string(res.Body) != "ok" {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	if requests.Load() != 3 {
		t.Errorf("%d requests arrived", requests.Load())
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for _, tc := range []struct{ name, answer, problem string }{
		{"closed", "", "closed without an answer"},
		{"not HTTP", "SSH-2.0-OpenSSH\r\n\r\n", "malformed"},
		{"a head without end", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Field: "+strings.Repeat("y", 1000)+"\r\n", 400), "longer than"},
		{"interim answers without end", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 20), "interim"},
		{"non-UTF-8", "\xff\xfe\x00\x80\r\n\r\n", "malformed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			u := raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
				if _, err := heads(in); err == nil {
					_, _ = io.WriteString(c, tc.answer)
				}
			})
			c := client.New(client.Config{Target: target(t, u)})
			defer c.Close()
			_, err := c.Do(t.Context(), get(target(t, u+"/")))
			if !errors.Is(err, client.ErrUnreachable) || !strings.Contains(err.Error(), tc.problem) {
				t.Errorf("got %v, want %q", err, tc.problem)
			}
		})
	}
}

func TestInterimAnswersAreSkipped(t *testing.T) {
	u := raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
		for {
			if _, err := heads(in); err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\n1")
		}
	})
	c := client.New(client.Config{Target: target(t, u)})
	defer c.Close()
	for range 2 {
		if res, err := c.Do(t.Context(), get(target(t, u+"/"))); err != nil || res.Status != 201 || string(res.Body) != "1" {
			t.Fatalf("%+v, %v", res, err)
		}
	}
}

func TestABodyThatBreaksOffIsTold(t *testing.T) {
	u := raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
		if _, err := heads(in); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		}
	})
	c := client.New(client.Config{Target: target(t, u)})
	defer c.Close()
	res, err := c.Do(t.Context(), get(target(t, u+"/")))
	if err != nil || !res.Truncated || string(res.Body) != "half" {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestCancellationEndsAWait(t *testing.T) {
	asked := make(chan struct{})
	u := raw(t, func(_ int, _ net.Conn, in *bufio.Reader) {
		_, _ = heads(in)
		close(asked)
		_, _ = in.ReadByte() // until the client goes
	})
	c := client.New(client.Config{Target: target(t, u), Timeout: time.Hour})
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := c.Do(ctx, get(target(t, u+"/"))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWorkThatEndedLeavesNoDeadline(t *testing.T) {
	var connections atomic.Int32
	u := raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
		connections.Add(1)
		for {
			if _, err := heads(in); err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	c := client.New(client.Config{Target: target(t, u)})
	defer c.Close()
	ended, end := context.WithCancel(t.Context())
	for _, ctx := range []context.Context{ended, ended, t.Context(), ended} {
		if res, err := c.Do(ctx, get(target(t, u+"/"))); err != nil || string(res.Body) != "ok" {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections, want one for all work", n)
	}
	end()
	for range 2 { // the connection that served the work, and a new one
		if res, err := c.Do(t.Context(), get(target(t, u+"/"))); err != nil || string(res.Body) != "ok" {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	if _, err := c.Do(ended, get(target(t, u+"/"))); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the work: %v", err)
	}
}

func TestCertificatesAreJudged(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer srv.Close()
	for name, tc := range map[string]struct {
		config  *tls.Config
		trusted bool
	}{
		"of nobody known": {nil, false},
		"of a known root": {srv.Client().Transport.(*http.Transport).TLSClientConfig, true},
	} {
		c := client.New(client.Config{Target: target(t, srv.URL), TLS: tc.config})
		res, err := c.Do(t.Context(), get(target(t, srv.URL+"/")))
		c.Close()
		switch {
		case tc.trusted && (err != nil || string(res.Body) != "ok"):
			t.Errorf("a certificate %s: %v", name, err)
		case !tc.trusted && (err == nil || !strings.Contains(err.Error(), "certificate")):
			t.Errorf("a certificate %s: %v", name, err)
		}
	}
}

func TestManyAskAtOnce(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.RawQuery) }))
	defer srv.Close()
	c := client.New(client.Config{Target: target(t, srv.URL)})
	defer c.Close()
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 20 {
				want := url.Values{"n": {strings.Repeat("x", i*300)}}.Encode()
				res, err := c.Do(t.Context(), get(target(t, srv.URL+"/?"+want)))
				if err != nil || string(res.Body) != want {
					t.Errorf("%d: %v", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkDo(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ok":true}`) }))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		b.Fatal(err)
	}
	c := client.New(client.Config{Target: u})
	defer c.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Do(b.Context(), get(u)); err != nil {
			b.Fatal(err)
		}
	}
}
