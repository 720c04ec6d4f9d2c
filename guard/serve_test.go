package guard_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/guard"
)

// A server is a guard that Serve runs, on ports of its own.
type server struct {
	addr, admin string
	file        string
	scheme      string
	log         *logBuffer
	stop        func() error
}

// host is the public host of served guards.
const servedHost = "127.0.0.1:8443"

func start(t testing.TB, upstream, more string, scheme ...string) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{file: filepath.Join(dir, "countersign.yaml"), log: &logBuffer{}, scheme: "http"}
	if len(scheme) > 0 {
		s.scheme = scheme[0]
	}
	s.write(t, upstream, more)
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- guard.Serve(ctx, s.file, guard.ServeOptions{
			Logger:   slog.New(slog.NewJSONHandler(s.log, nil)),
			Interval: 10 * time.Millisecond,
			Listening: func(main, admin net.Addr) {
				s.addr = main.String()
				if admin != nil {
					s.admin = admin.String()
				}
				close(ready)
			},
		})
	}()
	stopped := false
	s.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		stopped = true
		t.Fatal(err)
	}
	return s
}

// write replaces the configuration file at once, as editors do.
func (s *server) write(t testing.TB, upstream, more string) {
	t.Helper()
	text := fmt.Sprintf("listen: 127.0.0.1:0\nupstream: %s\npublic_origin: %s://%s\nadmin: {listen: 127.0.0.1:0}\n%s", upstream, s.scheme, servedHost, more)
	if err := os.WriteFile(s.file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(s.file+".new", s.file); err != nil {
		t.Fatal(err)
	}
}

// raw sends bytes as they are and returns the first answer and what follows.
func raw(t testing.TB, addr, text string) (*http.Response, string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return nil, ""
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if !res.Close {
		return res, string(body) // the connection stays open: nothing follows
	}
	rest, _ := io.ReadAll(r)
	return res, string(body) + string(rest)
}

func head(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n" }

func TestAttack_70_Smuggling(t *testing.T) {
	b := newBank(t)
	s := start(t, b.URL, "")
	host := "Host: " + servedHost
	control := head("POST /anything HTTP/1.1", host, "Origin: http://"+servedHost, "Content-Length: 5", "", "hello")
	if res, _ := raw(t, s.addr, control); res == nil || res.StatusCode != 200 {
		t.Fatalf("control: a well-formed request was refused: %v", res)
	}
	smuggled := "GET /smuggled HTTP/1.1\r\n" + host + "\r\n\r\n"
	for name, text := range map[string]string{
		"both lengths, CL first":      head("POST / HTTP/1.1", host, "Content-Length: 4", "Transfer-Encoding: chunked", "") + "0\r\n\r\n" + smuggled,
		"both lengths, TE first":      head("POST / HTTP/1.1", host, "Transfer-Encoding: chunked", "Content-Length: 4", "") + "0\r\n\r\n" + smuggled,
		"two lengths":                 head("POST / HTTP/1.1", host, "Content-Length: 4", "Content-Length: 4", "", "abcd"),
		"a list of lengths":           head("POST / HTTP/1.1", host, "Content-Length: 4, 4", "", "abcd"),
		"a signed length":             head("POST / HTTP/1.1", host, "Content-Length: +4", "", "abcd"),
		"two codings":                 head("POST / HTTP/1.1", host, "Transfer-Encoding: gzip, chunked", "") + "0\r\n\r\n",
		"an obscured coding":          head("POST / HTTP/1.1", host, "Transfer-Encoding: xchunked", "") + "0\r\n\r\n",
		"a coding in other letters":   head("POST / HTTP/1.1", host, "Transfer-Encoding: chun\u212Aed", "") + "0\r\n\r\n" + smuggled,
		"a coding with a tab":         head("POST / HTTP/1.1", host, "Transfer-Encoding:\x0bchunked", "") + "0\r\n\r\n",
		"a coding in HTTP/1.0":        head("POST / HTTP/1.0", host, "Transfer-Encoding: chunked", "") + "0\r\n\r\n" + smuggled,
		"white space before a colon":  head("POST / HTTP/1.1", host, "Transfer-Encoding : chunked", "Content-Length: 0", "") + smuggled,
		"a folded line":               head("GET / HTTP/1.1", host, "X-A: b", " Transfer-Encoding: chunked", ""),
		"bare line feeds":             "GET / HTTP/1.1\n" + host + "\n\n",
		"one bare line feed":          "GET / HTTP/1.1\r\n" + host + "\r\nX-A: b\nContent-Length: 5\r\n\r\n",
		"a bare carriage return":      "GET / HTTP/1.1\r\n" + host + "\r\nX-A: b\rContent-Length: 5\r\n\r\n",
		"a NUL in a value":            head("GET / HTTP/1.1", host, "X-A: b\x00c", ""),
		"a chunk extension":           head("POST / HTTP/1.1", host, "Transfer-Encoding: chunked", "") + "5;a=b\r\nhello\r\n0\r\n\r\n",
		"a chunk that ends in LF":     head("POST / HTTP/1.1", host, "Transfer-Encoding: chunked", "") + "5\nhello\r\n0\r\n\r\n",
		"a chunk longer than it says": head("POST / HTTP/1.1", host, "Transfer-Encoding: chunked", "") + "3\r\nhello\r\n0\r\n\r\n" + smuggled,
		"a chunk size with a prefix":  head("POST / HTTP/1.1", host, "Transfer-Encoding: chunked", "") + "0x5\r\nhello\r\n0\r\n\r\n",
		"a trailer that frames":       head("POST / HTTP/1.1", host, "Transfer-Encoding: chunked", "") + "0\r\nContent-Length: 5\r\n\r\n",
		"an HTTP/2 preface":           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"two hosts":                   head("GET / HTTP/1.1", host, "Host: evil.test", ""),
		"another host in the target":  head("GET http://"+servedHost+"/ HTTP/1.1", "Host: evil.test", ""),
		"no host":                     head("GET / HTTP/1.1", ""),
	} {
		t.Run(name, func(t *testing.T) {
			before := b.requests()
			res, rest := raw(t, s.addr, text)
			if res != nil && (res.StatusCode < 400 || res.StatusCode >= 500) {
				t.Errorf("status %d", res.StatusCode)
			}
			if strings.Contains(rest, "HTTP/1.1 200") {
				t.Errorf("a second request was answered: %q", rest)
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, r := range b.seen[before:] {
				if r.URL.Path == "/smuggled" {
					t.Error("the smuggled request reached the API")
				}
			}
		})
	}
}

// TestAttack_71_SlowHeadsAndBodies: who sends a byte at a time, or nothing at
// all, is cut off; the control is a server without limits, which waits.
func TestAttack_71_SlowHeadsAndBodies(t *testing.T) {
	b := newBank(t)
	s := start(t, b.URL, "limits: {header_timeout: 1s, body_timeout: 1s, idle_timeout: 1s}")
	patient := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	t.Cleanup(patient.Close)
	for name, text := range map[string]string{
		"a head without end": "GET / HTTP/1.1\r\nHost: " + servedHost + "\r\nX-A: ",
		"nothing at all":     "",
		"a body without end": head("POST / HTTP/1.1", "Host: "+servedHost, "Origin: http://"+servedHost, "Content-Length: 100000", "", "a"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !waits(t, strings.TrimPrefix(patient.URL, "http://"), text, 3*time.Second) {
				t.Error("control: a server without limits did not wait")
			}
			if waits(t, s.addr, text, 20*time.Second) {
				t.Error("the guard still waits")
			}
		})
	}
}

// waits reports whether the server keeps the connection for that long after
// the text was sent. It may answer before it hangs up.
func waits(t *testing.T, addr, text string, long time.Duration) bool {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		return false
	}
	c.SetReadDeadline(time.Now().Add(long))
	_, err = io.Copy(io.Discard, c)
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func TestAttack_70_H2CUpgrade(t *testing.T) {
	b := newBank(t)
	s := start(t, b.URL, "")
	res, _ := raw(t, s.addr, head("GET / HTTP/1.1", "Host: "+servedHost, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", ""))
	if res == nil || res.StatusCode != 200 {
		t.Fatalf("answered %v", res)
	}
	if r := b.last(); r.Header.Get("Upgrade") != "" || r.Header.Get("Http2-Settings") != "" {
		t.Errorf("the upgrade reached the API: %v", r.Header)
	}
}

func TestAttack_69_AdminPort(t *testing.T) {
	b := newBank(t)
	s := start(t, b.URL, "")
	ask := func(method, host, path string, header ...string) int {
		lines := append([]string{method + " " + path + " HTTP/1.1", "Host: " + host, "Connection: close"}, header...)
		res, _ := raw(t, s.admin, head(append(lines, "")...))
		if res == nil {
			t.Fatal("no answer")
		}
		return res.StatusCode
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if got := ask("GET", s.admin, path); got != 200 {
			t.Errorf("control: GET %s: %d", path, got)
		}
	}
	for name, got := range map[string]int{
		"rebound name":      ask("GET", "evil.test", "/metrics"),
		"page of elsewhere": ask("GET", s.admin, "/metrics", "Origin: https://evil.test"),
		"cross-site POST":   ask("POST", s.admin, "/metrics", "Origin: https://evil.test", "Content-Length: 0"),
		"cross-site image":  ask("GET", s.admin, "/metrics", "Sec-Fetch-Site: cross-site"),
	} {
		if got != 403 {
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := ask("POST", s.admin, "/metrics", "Content-Length: 0"); got != 405 {
		t.Errorf("POST: %d", got)
	}
}

// eventually waits for something that another goroutine does soon.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !f() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come about", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestReload(t *testing.T) {
	one, two := newBank(t), newBank(t)
	s := start(t, one.URL, "")
	get := func() { raw(t, s.addr, head("GET /x HTTP/1.1", "Host: "+servedHost, "Connection: close", "")) }
	get()
	if one.requests() == 0 {
		t.Fatal("the first upstream was not asked")
	}
	s.write(t, two.URL, "unknown_key: 1\n")
	eventually(t, "the refusal of a bad file", func() bool { return strings.Contains(s.log.String(), "the old one stays in force") })
	before := two.requests()
	get()
	if two.requests() != before {
		t.Fatal("a bad file came into force")
	}
	s.write(t, two.URL, "")
	eventually(t, "the reload", func() bool { get(); return two.requests() > before })
}

func TestShutdownFinishesWhatWasAccepted(t *testing.T) {
	b := newBank(t)
	entered, release := make(chan struct{}), make(chan struct{})
	b.mux.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		io.WriteString(w, "done")
	})
	s := start(t, b.URL, "")
	answer := make(chan string, 1)
	go func() {
		_, body := raw(t, s.addr, head("GET /slow HTTP/1.1", "Host: "+servedHost, "Connection: close", ""))
		answer <- body
	}()
	<-entered
	ended := make(chan error, 1)
	go func() { ended <- s.stop() }()
	eventually(t, "the end of listening", func() bool {
		c, err := net.Dial("tcp", s.addr)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	close(release)
	if got := <-answer; got != "done" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A port that another process has is told with its setting and its address.
func TestServeSaysWhichPortIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for key, settings := range map[string]string{
		"listen":       "listen: " + taken.Addr().String(),
		"admin.listen": "listen: 127.0.0.1:0\nadmin: {listen: " + taken.Addr().String() + "}",
	} {
		file := filepath.Join(t.TempDir(), "guard.yaml")
		text := "upstream: http://127.0.0.1:9\npublic_origin: http://" + servedHost + "\n" + settings + "\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := guard.Serve(t.Context(), file, guard.ServeOptions{Logger: slog.New(slog.DiscardHandler)})
		want := "guard: " + key + ": " + taken.Addr().String() + " cannot be listened on: "
		if !errors.Is(err, syscall.EADDRINUSE) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got  %v\nwant %s…", err, want)
		}
	}
}
