package upstream_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/d710e0ae/countersign/guard/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An api is a server of which each connection follows a script.
type api struct {
	*upstream.Client
	mu    sync.Mutex
	conns int
	got   []string // requests, with their bodies
	work  sync.WaitGroup
}

// A script answers one request on connection n, which it may close.
type script func(n int, c net.Conn, request string)

// saying answers every request with the same bytes.
func saying(text string) script {
	return func(_ int, c net.Conn, _ string) { io.WriteString(c, text) }
}

// thenClosing answers with text and closes the connection.
func thenClosing(text string) script {
	return func(_ int, c net.Conn, _ string) {
		io.WriteString(c, text)
		c.Close()
	}
}

func newAPI(t testing.TB, s script, change ...func(*upstream.Config)) *api {
	t.Helper()
	a := &api{}
	cfg := upstream.Config{
		ConnectTimeout: 10 * time.Second, ResponseTimeout: 10 * time.Second, IdleTimeout: 10 * time.Second, MaxIdle: 2, MaxHeader: 4 << 10,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			a.mu.Lock()
			n := a.conns
			a.conns++
			a.mu.Unlock()
			a.work.Go(func() { a.serve(n, there, s) })
			return here, nil
		},
	}
	for _, c := range change {
		c(&cfg)
	}
	a.Client = upstream.New(cfg)
	t.Cleanup(func() {
		a.Close()
		a.work.Wait()
	})
	return a
}

func (a *api) serve(n int, c net.Conn, s script) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		text := fmt.Sprintf("%s %s %s", req.Method, req.RequestURI, body)
		a.mu.Lock()
		a.got = append(a.got, text)
		a.mu.Unlock()
		s(n, c, text)
	}
}

// counts returns how many connections and requests there were.
func (a *api) counts() (conns, requests int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.conns, len(a.got)
}

func request(method string) *upstream.Request {
	return &upstream.Request{Method: method, Head: []byte(method + " / HTTP/1.1\r\nHost: a\r\n"), Abort: func() {}}
}

// ask sends a request and reads the whole answer.
func (a *api) ask(ctx context.Context, q *upstream.Request) (*upstream.Response, string, error) {
	res, err := a.Do(ctx, q)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	return res, string(body), err
}

func chunked(parts ...string) string {
	var b strings.Builder
	b.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	for _, p := range parts {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(p), p)
	}
	return b.String()
}
