package http1_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/http1"
)

func TestHowLongAnswersAre(t *testing.T) {
	big := strings.Repeat("x", 100<<10)
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		switch r.URL.Path {
		case "/said":
			h.Set("Content-Length", "5")
			io.WriteString(w, "hello")
		case "/said-big":
			h.Set("Content-Length", strconv.Itoa(len(big)))
			io.WriteString(w, big[:10])
			io.WriteString(w, big[10:])
		case "/short":
			io.WriteString(w, "hel")
			io.WriteString(w, "lo")
		case "/big":
			io.WriteString(w, big)
		case "/flushed":
			io.WriteString(w, "hel")
			w.(http.Flusher).Flush()
			io.WriteString(w, "lo")
		case "/nothing":
		case "/204":
			w.WriteHeader(204)
			if _, err := io.WriteString(w, "x"); err != http.ErrBodyNotAllowed {
				t.Errorf("a body of 204: %v", err)
			}
		case "/304":
			h.Set("Content-Length", "5")
			h.Set("Etag", `"x"`)
			w.WriteHeader(304)
		case "/odd":
			w.WriteHeader(299)
		}
	})
	for _, x := range []struct {
		request string
		status  int
		length  int64 // as the head says
		body    string
	}{
		{"GET /said", 200, 5, "hello"},
		{"GET /said-big", 200, int64(len(big)), big},
		{"GET /short", 200, 5, "hello"},
		{"GET /big", 200, -1, big},
		{"GET /flushed", 200, -1, "hello"},
		{"GET /nothing", 200, 0, ""},
		{"GET /204", 204, 0, ""},
		{"GET /304", 304, 5, ""},
		{"GET /odd", 299, 0, ""},
		{"HEAD /said", 200, 5, ""},
		{"HEAD /big", 200, -1, ""},
		{"HEAD /short", 200, -1, ""},
	} {
		for _, version := range []string{"1.1", "1.0"} {
			c := f.dial(t)
			method, _, _ := strings.Cut(x.request, " ")
			c.send(x.request + " HTTP/" + version + "\r\nHost: a\r\n\r\n")
			res, body := c.answer(method)
			if res.StatusCode != x.status || body != x.body || res.ContentLength != x.length && x.status != 304 {
				t.Errorf("%s, %s: %s, %d bytes said, %d sent", x.request, version, res.Status, res.ContentLength, len(body))
			}
			if x.status == 204 && res.Header["Content-Length"] != nil {
				t.Errorf("%s: 204 with a length", x.request)
			}
			if version == "1.0" {
				if len(res.TransferEncoding) > 0 || !c.ended() {
					t.Errorf("%s: chunked, or open, in HTTP/1.0", x.request)
				}
				continue
			}
			if res, _ := c.send(get).answer(); res.StatusCode != 200 {
				t.Errorf("after %s: %s", x.request, res.Status)
			}
		}
	}
}

func TestABodyOfAnotherLengthThanSaid(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		n, err := io.WriteString(w, r.URL.RawQuery)
		if (err == http.ErrContentLength) != (len(r.URL.RawQuery) > 5) {
			t.Errorf("%d bytes of 5: %d, %v", len(r.URL.RawQuery), n, err)
		}
	})
	for _, q := range []string{"abc", "abcdefg"} {
		c := f.dial(t).send("GET /?" + q + " HTTP/1.1\r\nHost: a\r\n\r\n")
		res, err := http.ReadResponse(c.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(res.Body); err == nil {
			t.Errorf("%q was taken for whole", body)
		}
	}
}

func TestNoFieldEndsALine(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["X-A"] = []string{"b\r\nX-Smuggled: 1", "c\x00d"}
		h["X B"] = []string{"c"}
		h["X-C\r\nX-D"] = []string{"e"}
		h[""] = []string{"f"}
		h["Transfer-Encoding"] = []string{"gzip"}
	})
	res, _ := f.dial(t).send(get).answer()
	if got := fmt.Sprintf("%q", res.Header["X-A"]); got != `["b  X-Smuggled: 1" "c d"]` || len(res.Header) != 3 {
		t.Errorf("%v", res.Header)
	}
}

func TestTheHeaderCountsAsItWasWithTheStatus(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-A", "before")
		w.Header()["Date"] = []string{"today"}
		w.WriteHeader(201)
		w.WriteHeader(500)
		w.Header().Set("X-A", "after")
		w.Header().Set("X-B", "after")
	})
	c := f.dial(t)
	for range 2 { // the second answer has nothing of the first
		res, _ := c.send(get).answer()
		if res.StatusCode != 201 || res.Header.Get("X-A") != "before" || res.Header["X-B"] != nil || res.Header.Get("Date") != "today" {
			t.Errorf("%s %v", res.Status, res.Header)
		}
	}
}

func TestTrailersOfAnswers(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Said, Content-Length")
		io.WriteString(w, "ok")
		w.Header().Set("X-Said", "1")
		w.Header().Set(http.TrailerPrefix+"X-Unsaid", "2\r\n3")
	})
	for range 2 {
		c := f.dial(t)
		res, body := c.send(get).answer()
		if body != "ok" || res.Trailer.Get("X-Said") != "1" || res.Trailer.Get("X-Unsaid") != "2  3" || res.Header["X-Said"] != nil || len(res.Trailer) != 2 {
			t.Errorf("%q %v %v", body, res.Header, res.Trailer)
		}
	}
	// HTTP/1.0 has none.
	c := f.dial(t).send("GET / HTTP/1.0\r\n\r\n")
	if all, err := io.ReadAll(c.r); err != nil || bytes.Contains(all, []byte("Said")) || !bytes.HasSuffix(all, []byte("\r\n\r\nok")) {
		t.Errorf("%q %v", all, err)
	}
}

func TestTrailersOfRequests(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		_, announced := r.Trailer["X-Sum"]
		io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, announced, r.Trailer["X-Sum"], r.Trailer["X-More"], r.Header["Trailer"])
	})
	_, body := f.dial(t).send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nx-more: 8\r\n\r\n").answer()
	if body != "true [7] [8] []" {
		t.Error(body)
	}
}

func TestEarlyHints(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusSwitchingProtocols) // is ignored: that is for Hijack
		w.Header().Del("Link")
		io.WriteString(w, "ok")
	})
	c := f.dial(t).send(get)
	if res, _ := c.answer(); res.StatusCode != 103 || res.Header.Get("Link") != "</a.css>" {
		t.Errorf("%v", res)
	}
	if res, body := c.answer(); res.StatusCode != 200 || body != "ok" || res.Header["Link"] != nil {
		t.Errorf("%v", res)
	}
	if res, _ := f.dial(t).send("GET / HTTP/1.0\r\n\r\n").answer(); res.StatusCode != 200 {
		t.Errorf("HTTP/1.0 got %s", res.Status)
	}
}

func TestContinueIsSaidOnceTheBodyIsWanted(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/unwanted" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		echo(w, r)
	})
	expecting := func(path, version string) string {
		return "POST " + path + " HTTP/" + version + "\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n"
	}
	c := f.dial(t).send(expecting("/", "1.1"))
	if res, _ := c.answer(); res.StatusCode != 100 {
		t.Fatal(res.Status)
	}
	if _, body := c.send("hello").answer(); body != "POST / hello" {
		t.Error(body)
	}
	// One that does not wait is not asked, if its body is there already.
	if _, body := c.send(expecting("/", "1.0") + "hello").answer(); body != "POST / hello" {
		t.Error(body)
	}
	// Whether the body still comes cannot be known, and so not what is next.
	c = f.dial(t).send(expecting("/unwanted", "1.1"))
	if res, _ := c.answer(); res.StatusCode != 403 || !res.Close {
		t.Errorf("%s, close %v", res.Status, res.Close)
	}
}

func TestABodyThatNobodyReads(t *testing.T) {
	read := make(chan error, 1)
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		w.(http.Flusher).Flush()
		_, err := r.Body.Read(make([]byte, 1))
		read <- err
	})
	// It is there: the next request follows it.
	c := f.dial(t)
	for range 2 {
		res, _ := c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").answer()
		if res.StatusCode != 403 || res.Close {
			t.Errorf("%s, close %v", res.Status, res.Close)
		}
		if err := <-read; err != http.ErrBodyReadAfterClose {
			t.Errorf("reading after the answer began: %v", err)
		}
	}
	// It is still to come: it must not be read as a request.
	c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + get)
	if res, _ := c.answer(); res.StatusCode != 403 || !res.Close {
		t.Errorf("%s, close %v", res.Status, res.Close)
	}
	<-read
	// The client goes on sending, and can still read what it was told.
	c.send(strings.Repeat("x", 100000-len(get)))
	if !c.ended() {
		t.Error("something follows")
	}
}

func TestStreamingBothWaysAtOnce(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if err := control.EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		b := make([]byte, 100)
		for {
			n, err := r.Body.Read(b)
			w.Write(b[:n])
			control.Flush()
			if err != nil {
				return
			}
		}
	})
	c := f.dial(t).send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	c.send("4\r\nping\r\n")
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4)
	for _, want := range []string{"ping", "pong"} {
		if _, err := io.ReadFull(res.Body, b); err != nil || string(b) != want {
			t.Fatalf("%q %v", b, err)
		}
		if want == "ping" {
			c.send("4\r\npong\r\n")
		}
	}
	c.send("0\r\n\r\n")
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) > 0 {
		t.Errorf("%q %v", rest, err)
	}
	if res.Close {
		t.Error("the connection was closed")
	}
}

func TestLargeBodiesBothWays(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		if r.ContentLength >= 0 {
			w.Header().Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
		}
		io.Copy(w, r.Body)
	})
	data := bytes.Repeat([]byte("0123456789abcdef"), 512<<10) // 8 MiB
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	for name, body := range map[string]io.Reader{"with a length": bytes.NewReader(data), "in chunks": struct{ io.Reader }{bytes.NewReader(data)}} {
		req, err := http.NewRequest("POST", "http://"+f.addr+"/", body)
		if err != nil {
			t.Fatal(err)
		}
		res, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestAPanicEndsTheConnectionOnly(t *testing.T) {
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/first":
			panic("on purpose")
		case "/abort":
			panic(http.ErrAbortHandler)
		}
	})
	if !f.dial(t).send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n").ended() {
		t.Error("an answer after a panic")
	}
	if !f.dial(t).send("GET /abort HTTP/1.1\r\nHost: a\r\n\r\n").ended() {
		t.Error("an answer after a handler gave up")
	}
	if res, _ := f.dial(t).send(get).answer(); res.StatusCode != 200 {
		t.Error(res.Status)
	}
	if log := f.log.String(); strings.Count(log, "panic while serving") != 1 || !strings.Contains(log, "on purpose") {
		t.Errorf("logged: %q", log)
	}
}

// An answer of HTTP/1.0 ends with its connection, and over TLS with a word of
// the server's. One that breaks off must not look like that.
func TestAPartIsNotTakenForTheWhole(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "half")
		http.NewResponseController(w).Flush()
		if r.URL.Path == "/abort" {
			panic(http.ErrAbortHandler)
		}
	}
	plain, secret := start(t, h), start(t, h, withTLS(t))
	for name, dial := range map[string]func(testing.TB) *client{"plain": plain.dial, "TLS": secret.dialTLS} {
		for _, version := range []string{"1.0", "1.1"} {
			for path, whole := range map[string]bool{"/control": true, "/abort": false} {
				c := dial(t).send("GET " + path + " HTTP/" + version + "\r\nHost: a\r\nConnection: close\r\n\r\n")
				res, err := http.ReadResponse(c.r, nil)
				if err != nil && !whole {
					continue // not even the half
				}
				if err != nil {
					t.Fatal(err)
				}
				if body, err := io.ReadAll(res.Body); (err == nil) != whole || whole && string(body) != "half" {
					t.Errorf("%s, HTTP/%s, %s: %q, %v", name, version, path, body, err)
				}
			}
		}
	}
}

func TestHijackingGivesAllThatWasRead(t *testing.T) {
	late := make(chan error, 2)
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		n, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer n.Close()
		_, err = w.Write([]byte("x"))
		late <- err
		_, _, err = http.NewResponseController(w).Hijack()
		late <- err
		rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
		rw.Flush()
		line, err := rw.ReadString('\n')
		fmt.Fprintf(n, "%s%v", line, err)
	}, func(s *http1.Server) { s.MaxConnections = 1 })
	for range 3 { // each gives its place to the next
		c := f.dial(t).send(get + "what follows")
		if res, _ := c.answer(); res.StatusCode != 101 {
			t.Fatal(res.Status)
		}
		for range 2 {
			if err := <-late; err != http.ErrHijacked {
				t.Errorf("after hijacking: %v", err)
			}
		}
		c.send(" and more\n")
		if rest, err := io.ReadAll(c.r); err != nil || string(rest) != "what follows and more\n<nil>" {
			t.Errorf("%q %v", rest, err)
		}
	}
}

func TestTheContextEndsWhenTheClientGoes(t *testing.T) {
	began, ended := make(chan struct{}), make(chan error, 1)
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		began <- struct{}{}
		child, cancel := context.WithTimeout(r.Context(), 10*time.Second)
		defer cancel()
		<-child.Done()
		ended <- child.Err()
	})
	for _, text := range []string{get, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"} {
		c := f.dial(t).send(text)
		<-began
		c.Close()
		if err := <-ended; err != context.Canceled {
			t.Errorf("%.4s: %v", text, err)
		}
	}
}

func TestTheContextEndsWithTheRequest(t *testing.T) {
	ctxs := make(chan context.Context, 1)
	told := make(chan struct{})
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Err() != nil {
			t.Error("it has ended before")
		}
		stop := context.AfterFunc(r.Context(), func() { t.Error("it was taken back") })
		context.AfterFunc(r.Context(), func() { close(told) })
		if !stop() || stop() {
			t.Error("a registration is not taken back once")
		}
		ctxs <- r.Context()
	})
	f.dial(t).send(get).answer()
	ctx := <-ctxs
	<-ctx.Done()
	<-told
	after := make(chan struct{})
	if stop := context.AfterFunc(ctx, func() { close(after) }); ctx.Err() != context.Canceled {
		t.Error(ctx.Err(), stop())
	}
	<-after
}

func TestWatchingTheClientTakesNothingFromTheNextRequest(t *testing.T) {
	release := make(chan struct{})
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-release
			if r.Context().Err() != nil {
				t.Error("the context ended while the client waits")
			}
		}
		echo(w, r)
	})
	c := f.dial(t)
	for range 3 {
		c.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
		time.Sleep(300 * time.Millisecond) // longer than it takes until a client is watched
		c.send("POST /next HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok")
		time.Sleep(20 * time.Millisecond)
		release <- struct{}{}
		if _, body := c.answer(); body != "GET /slow " {
			t.Error(body)
		}
		if _, body := c.answer(); body != "POST /next ok" {
			t.Error(body)
		}
	}
}

func TestReadDeadlines(t *testing.T) {
	errs := make(chan error, 1)
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		switch r.URL.Path {
		case "/soon":
			control.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		case "/abort":
			time.AfterFunc(10*time.Millisecond, func() { control.SetReadDeadline(time.Unix(1, 0)) })
		case "/none":
			control.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			control.SetReadDeadline(time.Time{})
		}
		_, err := io.ReadAll(r.Body)
		errs <- err
	})
	for _, path := range []string{"/soon", "/abort"} {
		c := f.dial(t).send("POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
		if err := <-errs; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", path, err)
		}
		if res, _ := c.answer(); !res.Close {
			t.Errorf("%s: the connection stays open", path)
		}
	}
	c := f.dial(t).send("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
	time.Sleep(300 * time.Millisecond)
	c.send("llo")
	if err := <-errs; err != nil {
		t.Error(err)
	}
	c.answer()
	if res, _ := c.send("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").answer(); res.StatusCode != 200 {
		t.Error(res.Status)
	}
	if err := <-errs; err != nil {
		t.Error(err)
	}
}

func TestAClientThatEndsItsHalfIsAnswered(t *testing.T) {
	f := start(t, echo)
	c := f.dial(t).send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok")
	c.Conn.(*net.TCPConn).CloseWrite()
	if _, body := c.answer(); body != "POST / ok" || !c.ended() {
		t.Error(body)
	}
	// But not one that ends it within its body.
	c = f.dial(t).send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nok")
	c.Conn.(*net.TCPConn).CloseWrite()
	if res, _ := c.answer(); res.StatusCode != 400 || !res.Close {
		t.Error(res.Status)
	}
}

func TestAWriteToNobodyFails(t *testing.T) {
	failed := make(chan error, 1)
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 64<<10)
		for {
			if _, err := w.Write(b); err != nil {
				if r.Context().Err() == nil {
					t.Error("the context goes on")
				}
				failed <- err
				return
			}
		}
	})
	f.dial(t).send(get).Close()
	if err := <-failed; err == nil {
		t.Error("no error")
	}
}
