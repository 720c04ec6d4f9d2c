package http1_test

import (
	"bufio"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/d710e0ae/countersign/guard/internal/http1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A front is a server that serves.
type front struct {
	*http1.Server
	addr string
	log  *lines

	mu      sync.Mutex
	refused []*http1.Refusal
}

// lines is a log that many may write and read.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newFront returns a server that is not started.
func newFront(h http.HandlerFunc, change ...func(*http1.Server)) *front {
	f := &front{log: &lines{}}
	f.Server = &http1.Server{
		Handler: h, MaxHeader: 8 << 10, MaxConnections: 100, HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, WriteTimeout: 30 * time.Second,
		ErrorLog: log.New(f.log, "", 0),
		Refused: func(_ string, why *http1.Refusal) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.refused = append(f.refused, why)
		},
	}
	for _, c := range change {
		c(f.Server)
	}
	return f
}

// start serves on a port of its own.
func start(t testing.TB, h http.HandlerFunc, change ...func(*http1.Server)) *front {
	t.Helper()
	f := newFront(h, change...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.serve(t, l)
	return f
}

func (f *front) serve(t testing.TB, l net.Listener) {
	f.addr = l.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- f.Serve(l) }()
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != http.ErrServerClosed {
			t.Error(err)
		}
	})
}

// A client is one connection to a front.
type client struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

func (f *front) dial(t testing.TB) *client {
	t.Helper()
	c, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { c.Close() })
	return &client{c, t, bufio.NewReader(c)}
}

func (c *client) send(text string) *client {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, text); err != nil {
		c.t.Fatal(err)
	}
	return c
}

// answer reads one answer and its whole body.
func (c *client) answer(method ...string) (*http.Response, string) {
	c.t.Helper()
	r := &http.Request{Method: "GET"}
	if len(method) > 0 {
		r.Method = method[0]
	}
	res, err := http.ReadResponse(c.r, r)
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("the body of %s: %.80q, %v", res.Status, body, err)
	}
	return res, string(body)
}

// ended reports whether the server has ended the connection, and nothing is
// left to be read of it.
func (c *client) ended() bool {
	rest, err := io.ReadAll(c.r)
	return len(rest) == 0 && err == nil
}

func head(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n" }

// get is a request with no body.
const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

// echo answers with the body.
func echo(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	io.WriteString(w, r.Method+" "+r.URL.Path+" "+string(b))
}

func TestOneConnectionServesManyRequests(t *testing.T) {
	f := start(t, echo)
	c := f.dial(t)
	for _, x := range []struct{ request, body string }{
		{get, "GET / "},
		{head("POST /a HTTP/1.1", "Host: a", "Content-Length: 5", "", "hello")[:len(head("POST /a HTTP/1.1", "Host: a", "Content-Length: 5", "", "hello"))-2], "POST /a hello"},
		{head("POST /b HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "", "5", "hello", "1", "!", "0", ""), "POST /b hello!"},
		{"\r\n" + get, "GET / "},
		{head("DELETE /c HTTP/1.1", "Host: a", "Content-Length: 0", ""), "DELETE /c "},
	} {
		res, body := c.send(x.request).answer()
		if res.StatusCode != 200 || body != x.body || res.Close || res.Header.Get("Date") == "" {
			t.Errorf("%q: %s %q %v", x.request, res.Status, body, res.Header)
		}
	}
	c.send(head("GET / HTTP/1.1", "Host: a", "Connection: close", ""))
	if res, _ := c.answer(); !res.Close || !c.ended() {
		t.Error("the connection was not closed")
	}
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	f := start(t, echo)
	c := f.dial(t)
	var all strings.Builder
	want := []string{}
	for i := range 50 {
		name := strings.Repeat("x", i*7)
		all.WriteString("POST /" + name + " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
		all.WriteString("POST /" + name + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\nX-A: b\r\n\r\n")
		want = append(want, "POST /"+name+" abc", "POST /"+name+" de")
	}
	go io.WriteString(c.Conn, all.String())
	for _, w := range want {
		if _, body := c.answer(); body != w {
			t.Fatalf("got %q, want %q", body, w)
		}
	}
}

func TestHowAHeadIsCutIntoReadsMakesNoDifference(t *testing.T) {
	f := start(t, echo)
	c := f.dial(t)
	text := "\r\nPOST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: b\r\n\r\n"
	for cut := 1; cut < len(text); cut++ {
		c.send(text[:cut])
		time.Sleep(time.Millisecond / 2) // makes it likely, not certain, that it is read alone
		c.send(text[cut:])
		if _, body := c.answer(); body != "POST /a hello" {
			t.Fatalf("cut at %d: %q", cut, body)
		}
	}
	for i := range len(text) {
		c.send(text[i : i+1])
	}
	if _, body := c.answer(); body != "POST /a hello" {
		t.Fatalf("in bytes: %q", body)
	}
}

func TestALongHeadIsReadUpToItsLimit(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("X-Long")) })
	empty := len("GET / HTTP/1.1\r\nHost: a\r\nX-Long: \r\n\r\n")
	for _, n := range []int{3 << 10, 5 << 10, f.MaxHeader - empty, f.MaxHeader - empty + 1, 2 * f.MaxHeader} {
		c := f.dial(t)
		long := strings.Repeat("b", n)
		c.send("GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + long + "\r\n\r\n" + get)
		res, body := c.answer()
		if n+empty <= f.MaxHeader {
			if res.StatusCode != 200 || body != long {
				t.Errorf("%d bytes: %s", n, res.Status)
			}
			if res, _ := c.answer(); res.StatusCode != 200 {
				t.Errorf("the request after %d bytes: %s", n, res.Status)
			}
			continue
		}
		if res.StatusCode != 431 || !res.Close || !c.ended() {
			t.Errorf("%d bytes: %s", n, res.Status)
		}
	}
}

func TestARefusalIsAProblemDocumentAndEndsTheConnection(t *testing.T) {
	called := false
	f := start(t, func(http.ResponseWriter, *http.Request) { called = true })
	c := f.dial(t)
	res, body := c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get).answer()
	if res.StatusCode != 400 || res.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, `"code":"two-lengths"`) || !res.Close {
		t.Errorf("%v %s", res, body)
	}
	if !c.ended() {
		t.Error("something follows")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if called || len(f.refused) != 1 || f.refused[0] != http1.ErrBothLengths {
		t.Errorf("called %v, told of %v", called, f.refused)
	}
}

// A body that is broken where it has come already breaks the whole request.
func TestABrokenBodyIsForeseen(t *testing.T) {
	var called atomic.Int32
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		called.Add(1)
		echo(w, r)
	})
	begin := "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	for body, code := range map[string]string{
		"0x0\r\n\r\n" + get:                          "malformed-chunk",
		"3\r\nabc\r\n3;x=y\r\nabc\r\n0\r\n\r\n":      "malformed-chunk",
		"3\r\nabcd\r\n0\r\n\r\n":                     "malformed-chunk",
		"3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n": "forbidden-trailer",
		"3\nabc\n0\n\n":                              "malformed-line-end",
	} {
		c := f.dial(t).send(begin + body)
		if res, text := c.answer(); res.StatusCode != 400 || !strings.Contains(text, code) || !c.ended() {
			t.Errorf("%q: %s %s", body, res.Status, text)
		}
	}
	if called.Load() != 0 {
		t.Error("the handler was called")
	}
	// The control: what has come so far is in order, whole or not.
	for _, body := range []string{"3\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\nX-A: b\r\n\r\n" + get} {
		for cut := range len(body) {
			c := f.dial(t).send(begin + body[:cut]).send(body[cut:])
			if _, text := c.answer(); text != "POST / abc" {
				t.Fatalf("%q, cut at %d: %q", body, cut, text)
			}
		}
	}
}

func TestTheHandlerSeesWhoAsks(t *testing.T) {
	var got *http.Request
	f := start(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Clone(r.Context()) })
	c := f.dial(t)
	c.send(head("GET http://other.test/a?b=c HTTP/1.1", "Host: other.test", "x-lower: 1", "X-Lower: 2", "Connection: keep-alive", "")).answer()
	if got.RemoteAddr != c.LocalAddr().String() || got.Host != "other.test" || got.URL.Path != "/a" || got.RequestURI != "http://other.test/a?b=c" ||
		strings.Join(got.Header["X-Lower"], ",") != "1,2" || got.Header["Host"] != nil || got.Body != http.NoBody {
		t.Errorf("%+v", got)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	f := start(t, echo, func(s *http1.Server) { s.MaxConnections = 2 })
	a, b, third := f.dial(t), f.dial(t), f.dial(t)
	a.send(get).answer()
	b.send(get).answer()
	third.send(get)
	third.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := third.r.Peek(1); err == nil {
		t.Fatal("the third connection is served beside two others")
	}
	third.SetReadDeadline(time.Now().Add(10 * time.Second))
	a.Close()
	if res, _ := third.answer(); res.StatusCode != 200 {
		t.Errorf("%s", res.Status)
	}
}

func TestOpenReadsWhatComesFirst(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) }, func(s *http1.Server) {
		s.HeaderTimeout = time.Second
		s.Open = func(c net.Conn) (net.Addr, error) {
			b := make([]byte, 4)
			if _, err := io.ReadFull(c, b); err != nil || string(b) != "HEY " {
				return nil, io.ErrUnexpectedEOF
			}
			return &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 1}, nil
		}
	})
	c := f.dial(t)
	for _, text := range []string{"HEY " + get, get} {
		if _, body := c.send(text).answer(); body != "203.0.113.7:1" {
			t.Errorf("the client is %s", body)
		}
	}
	for _, text := range []string{"", "HE", "GET "} {
		if !f.dial(t).send(text).ended() {
			t.Errorf("%q: answered", text)
		}
	}
}

func newReader(c net.Conn) *bufio.Reader { return bufio.NewReader(c) }
