package guard_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// rawAPI answers each connection with what f writes.
func rawAPI(t testing.TB, f func(c net.Conn, r *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(10 * time.Second))
			f(c, bufio.NewReader(c))
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "http://" + l.Addr().String()
}

func answering(text string) func(net.Conn, *bufio.Reader) {
	return func(c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err == nil {
			io.WriteString(c, text)
		}
	}
}

func TestAttack_72_OddAnswers(t *testing.T) {
	get := head("GET /x HTTP/1.1", "Host: "+servedHost, "Connection: close", "")
	for _, c := range []struct {
		name, answer string
		status       int
	}{
		{"control", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200},
		{"101 unasked", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 502},
		{"both lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 502},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", 502},
		{"no status", "hello\r\n\r\n", 502},
		{"bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", 502},
		{"a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n", 502},
		{"an endless head", "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 20000), 502},
		{"interim answers without end", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 50), 502},
		{"nothing", "", 502},
		{"a control character", "HTTP/1.1 302 Found\r\nLocation: \x01//evil.test\r\nContent-Length: 0\r\n\r\n", 502},
		{"interim answers", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200},
		{"until the end of the connection", "HTTP/1.0 200 OK\r\n\r\nall of it", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, rawAPI(t, answering(c.answer)), "")
			res, body := raw(t, s.addr, get)
			if res == nil || res.StatusCode != c.status {
				t.Fatalf("%v %q", res, body)
			}
			if c.status == 502 && !strings.Contains(body, `"code":"upstream-`) {
				t.Errorf("no problem document: %q", body)
			}
		})
	}
	t.Run("Set-Cookie on 304", func(t *testing.T) {
		s := start(t, rawAPI(t, answering("HTTP/1.1 304 Not Modified\r\nSet-Cookie: a=b\r\nETag: \"x\"\r\n\r\n")), "")
		if res, _ := raw(t, s.addr, get); res == nil || res.StatusCode != 304 || res.Header.Get("Set-Cookie") != "" || res.Header.Get("Etag") == "" {
			t.Errorf("%v", res)
		}
	})
	for name, answer := range map[string]string{
		"a body that is cut off": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
		"a chunk of no size":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"JSON that is cut off":   "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, rawAPI(t, answering(answer)), "")
			if res, body := raw(t, s.addr, get); res == nil || res.StatusCode != 502 || !strings.Contains(body, `"code":"upstream-`) {
				t.Errorf("%v %q", res, body)
			}
		})
	}
	t.Run("a long body that is cut off", func(t *testing.T) {
		s := start(t, rawAPI(t, answering("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("half", 10_000))), "")
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, get)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			return // cut off before the head: nobody takes it for whole
		}
		if _, err := io.ReadAll(res.Body); err == nil {
			t.Error("the half was passed on as the whole")
		}
	})
	t.Run("early hints", func(t *testing.T) {
		s := start(t, rawAPI(t, answering("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nSet-Cookie: a=b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")), "")
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, get)
		all, _ := io.ReadAll(c)
		if !bytes.HasPrefix(all, []byte("HTTP/1.1 103 ")) || !bytes.Contains(all, []byte("HTTP/1.1 200 OK")) || bytes.Contains(all, []byte("a=b")) != false {
			t.Errorf("%q", all)
		}
	})
	t.Run("trailers", func(t *testing.T) {
		s := start(t, rawAPI(t, answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nSet-Cookie: a=b\r\n\r\n")), "")
		res, err := http.Get("http://" + s.addr + "/")
		if err == nil {
			res.Body.Close()
		}
		req, err := http.NewRequest("GET", "http://"+s.addr+"/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = servedHost
		res, err = (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(body) != "ok" || res.Trailer.Get("X-Sum") != "7" || res.Trailer.Get("Set-Cookie") != "" {
			t.Errorf("%q %v %v", body, res.Trailer, err)
		}
	})
}

func TestAStaleConnectionIsReplaced(t *testing.T) {
	// It answers one request on each connection, says nothing of closing it,
	// and closes it. A request that must not be sent twice is safe only once
	// the close has come, so each waits for it.
	closed := make(chan struct{}, 1)
	answer := answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	api := rawAPI(t, func(c net.Conn, r *bufio.Reader) {
		answer(c, r)
		c.Close()
		closed <- struct{}{}
	})
	s := start(t, api, "")
	for i, method := range []string{"GET", "GET", "POST", "POST", "GET", "PUT"} {
		res, body := raw(t, s.addr, head(method+" /x HTTP/1.1", "Host: "+servedHost, "Origin: http://"+servedHost, "Content-Length: 0", "Connection: close", ""))
		if res == nil || res.StatusCode != 200 || body != "ok" {
			t.Fatalf("request %d (%s): %v %q", i, method, res, body)
		}
		<-closed
	}
}

func TestStreamingBothWays(t *testing.T) {
	b := newBank(t)
	b.mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		control.EnableFullDuplex()
		buf := make([]byte, 1<<10)
		for {
			n, err := r.Body.Read(buf)
			if n > 0 {
				w.Write(buf[:n])
				control.Flush()
			}
			if err != nil {
				return
			}
		}
	})
	s := start(t, b.URL, "")
	pr, pw := io.Pipe()
	req, err := http.NewRequest("POST", "http://"+s.addr+"/echo", pr)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = servedHost
	req.Header.Set("Origin", "http://"+servedHost)
	tr := &http.Transport{DisableKeepAlives: true}
	type result struct {
		res *http.Response
		err error
	}
	got := make(chan result, 1)
	go func() {
		res, err := tr.RoundTrip(req)
		got <- result{res, err}
	}()
	io.WriteString(pw, "ping")
	r := <-got
	if r.err != nil {
		t.Fatal(r.err)
	}
	defer r.res.Body.Close()
	buf := make([]byte, 4)
	if _, err := io.ReadFull(r.res.Body, buf); err != nil || string(buf) != "ping" {
		t.Fatalf("%q %v", buf, err)
	}
	io.WriteString(pw, "pong")
	if _, err := io.ReadFull(r.res.Body, buf); err != nil || string(buf) != "pong" {
		t.Fatalf("%q %v", buf, err)
	}
	pw.Close()
	if rest, err := io.ReadAll(r.res.Body); err != nil || len(rest) != 0 {
		t.Fatalf("%q %v", rest, err)
	}
}

func TestLargeBodies(t *testing.T) {
	b := newBank(t)
	b.mux.HandleFunc("POST /sum", func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		io.Copy(h, r.Body)
		fmt.Fprintf(w, "%x", h.Sum(nil))
	})
	s := start(t, b.URL, "limits: {body: 8MiB}\n")
	data := bytes.Repeat([]byte("0123456789abcdef"), 256<<10) // 4 MiB
	post := func(body io.Reader) (int, string) {
		req, err := http.NewRequest("POST", "http://"+s.addr+"/sum", body)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = servedHost
		req.Header.Set("Origin", "http://"+servedHost)
		res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			return 0, err.Error()
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(text)
	}
	want := fmt.Sprintf("%x", sha256.Sum256(data))
	if status, got := post(bytes.NewReader(data)); status != 200 || got != want {
		t.Errorf("with a length: %d %q", status, got)
	}
	if status, got := post(struct{ io.Reader }{bytes.NewReader(data)}); status != 200 || got != want {
		t.Errorf("in chunks: %d %q", status, got)
	}
	if status, got := post(bytes.NewReader(make([]byte, 9<<20))); status != 413 && status != 0 {
		t.Errorf("too large: %d %q", status, got)
	}
	if status, got := post(struct{ io.Reader }{bytes.NewReader(make([]byte, 9<<20))}); status != 413 && status != 0 {
		t.Errorf("too large, in chunks: %d %q", status, got)
	}
}

func TestWebSocket(t *testing.T) {
	b := newBank(t)
	b.mux.HandleFunc("GET /ws", b.authenticated(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			kind, data, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if c.Write(r.Context(), kind, data) != nil {
				return
			}
		}
	}))
	s := start(t, b.URL, "")
	res, body := raw(t, s.addr, head("POST /login HTTP/1.1", "Host: "+servedHost, "Origin: http://"+servedHost, "Content-Length: 2", "Connection: close", "", "{}"))
	if res == nil || res.StatusCode != 200 {
		t.Fatalf("%v %q", res, body)
	}
	cookie := ""
	for _, c := range res.Cookies() {
		if c.Name == "__Host-Http-session" {
			cookie = c.Name + "=" + c.Value
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	dial := func(origin string) (*websocket.Conn, int, error) {
		tr := &http.Transport{DisableKeepAlives: true}
		c, res, err := websocket.Dial(ctx, "ws://"+s.addr+"/ws", &websocket.DialOptions{Host: servedHost, HTTPHeader: http.Header{"Origin": {origin}, "Cookie": {cookie}}, HTTPClient: &http.Client{Transport: tr}})
		status := 0
		if res != nil {
			status = res.StatusCode
		}
		return c, status, err
	}
	if _, status, err := dial("https://evil.test"); err == nil || status != 403 {
		t.Fatalf("from elsewhere: %d %v", status, err)
	}
	c, _, err := dial("http://" + servedHost)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	for _, text := range []string{"ping", strings.Repeat("x", 20<<10)} {
		if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(ctx); err != nil || string(got) != text {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
	// A guard that ends, ends its WebSockets.
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(ctx); err == nil {
		t.Error("the WebSocket outlives the guard")
	}
}
