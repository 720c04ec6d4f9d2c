package upstream_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/upstream"
)

func TestAnswers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, c := range []struct {
		name, method, answer string
		body                 string
		length               int64
		kept                 bool // the connection
	}{
		{"with a length", "GET", ok + "Content-Length: 2\r\n\r\nok", "ok", 2, true},
		{"with the same length twice", "GET", ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", "ok", 2, true},
		{"of nothing", "GET", ok + "Content-Length: 0\r\n\r\n", "", 0, true},
		{"in chunks", "GET", chunked("a", "bc") + "0\r\n\r\n", "abc", -1, true},
		{"in chunks with extensions", "GET", ok + "Transfer-Encoding: Chunked\r\n\r\n2;a=b\r\nok\r\n0;c\r\n\r\n", "ok", -1, true},
		{"in chunks, then closed", "GET", ok + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", -1, false},
		{"closed by an option among others", "GET", ok + "Connection: x, Close\r\nContent-Length: 2\r\n\r\nok", "ok", 2, false},
		{"of HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", 2, false},
		{"to HEAD", "HEAD", ok + "Content-Length: 2\r\n\r\n", "", 2, false},
		{"to HEAD, in chunks", "HEAD", ok + "Transfer-Encoding: chunked\r\n\r\n", "", -1, false},
		{"to HEAD, of nothing", "HEAD", ok + "Content-Length: 0\r\n\r\n", "", 0, true},
		{"204", "POST", "HTTP/1.1 204 No Content\r\n\r\n", "", -1, true},
		{"204 with a length", "POST", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n", "", 2, false},
		{"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", "", 2, false},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\n\r\n", "", -1, true},
		{"without a reason", "GET", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "ok", 2, true},
		{"after interim ones", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok", "ok", 2, true},
		{"with more than it says", "GET", ok + "Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", "ok", 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAPI(t, saying(c.answer))
			res, body, err := a.ask(t.Context(), request(c.method))
			if err != nil {
				t.Fatal(err)
			}
			if body != c.body || res.Length != c.length {
				t.Errorf("%q of %d bytes", body, res.Length)
			}
			if kept := a.Idle() == 1; kept != c.kept {
				t.Errorf("the connection was kept: %v", kept)
			}
		})
	}
	t.Run("until the connection ends", func(t *testing.T) {
		a := newAPI(t, thenClosing(ok+"\r\nall of it"))
		res, body, err := a.ask(t.Context(), request("GET"))
		if err != nil || body != "all of it" || res.Length != -1 || a.Idle() != 0 {
			t.Errorf("%q %v %v", body, res, err)
		}
	})
}

func TestMalformedAnswers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, answer := range map[string]string{
		"no status line":                         "hello\r\n\r\n",
		"another version":                        "HTTP/2.0 200 OK\r\n\r\n",
		"no number":                              "HTTP/1.1 2x0 OK\r\n\r\n",
		"a status too low":                       "HTTP/1.1 099 OK\r\n\r\n",
		"a status too high":                      "HTTP/1.1 600 OK\r\n\r\n",
		"a long status":                          "HTTP/1.1 2000 OK\r\n\r\n",
		"an empty line first":                    "\r\n" + ok + "\r\n",
		"bare line feeds":                        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
		"one bare line feed":                     ok + "A: b\nC: d\r\n\r\n",
		"a bare carriage return":                 ok + "A: b\rC: d\r\n\r\n",
		"a control character in a Location":      ok + "Location: /a\x01b\r\n\r\n",
		"a control character in the status line": "HTTP/1.1 200 O\x7fK\r\n\r\n",
		"a NUL":                                  ok + "A: b\x00\r\n\r\n",
		"a folded line":                          ok + "A: b\r\n c\r\n\r\n",
		"space before a colon":                   ok + "Content-Length : 2\r\n\r\nok",
		"no name":                                ok + ": b\r\n\r\n",
		"no colon":                               ok + "A\r\n\r\n",
		"both lengths":                           ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"two lengths":                            ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
		"a list of lengths":                      ok + "Content-Length: 2, 2\r\n\r\nok",
		"a signed length":                        ok + "Content-Length: +2\r\n\r\nok",
		"a negative length":                      ok + "Content-Length: -2\r\n\r\nok",
		"an empty length":                        ok + "Content-Length:\r\n\r\nok",
		"a length beyond all":                    ok + "Content-Length: 99999999999999999999\r\n\r\nok",
		"another coding":                         ok + "Transfer-Encoding: gzip, chunked\r\n\r\n",
		"a coding in other letters":              ok + "Transfer-Encoding: chun\u212Aed\r\n\r\n0\r\n\r\n",
		"a coding of HTTP/1.0":                   "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"two codings":                            ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"101 unasked":                            "HTTP/1.1 101 Switching Protocols\r\n\r\n",
		"interim ones without end":               strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 50),
		"a head without end":                     ok + strings.Repeat("A: b\r\n", 2000),
		"too many fields":                        ok + strings.Repeat("A:\r\n", 300) + "\r\n",
		"a line without end":                     ok + "A: " + strings.Repeat("b", 8<<10) + "\r\n\r\n",
		"a whole head over the limit":            ok + "A: " + strings.Repeat("b", 3000) + "\r\nC: " + strings.Repeat("d", 3000) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, thenClosing(answer))
			if res, body, err := a.ask(t.Context(), request("GET")); !errors.Is(err, upstream.ErrMalformed) {
				t.Errorf("%+v %q %v", res, body, err)
			}
			if a.Idle() != 0 {
				t.Error("the connection was kept")
			}
			if conns, _ := a.counts(); conns != 1 {
				t.Errorf("the request was sent on %d connections", conns)
			}
		})
	}
}

func TestBrokenBodies(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, c := range map[string]struct {
		answer, part string
		want         error
	}{
		"cut off":                  {ok + "Content-Length: 5\r\n\r\nhe", "he", io.ErrUnexpectedEOF},
		"cut off in a chunk":       {chunked("ab") + "5\r\nhe", "abhe", io.ErrUnexpectedEOF},
		"cut off between chunks":   {chunked("ab"), "ab", io.ErrUnexpectedEOF},
		"cut off before the end":   {chunked("ab") + "0\r\n", "ab", io.ErrUnexpectedEOF},
		"a chunk longer than said": {ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", "ab", upstream.ErrMalformed},
		"no size":                  {ok + "Transfer-Encoding: chunked\r\n\r\n\r\nab", "", upstream.ErrMalformed},
		"a size with a sign":       {ok + "Transfer-Encoding: chunked\r\n\r\n+2\r\nab\r\n0\r\n\r\n", "", upstream.ErrMalformed},
		"a size with a prefix":     {ok + "Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n", "", upstream.ErrMalformed},
		"a size beyond all":        {ok + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nab", "", upstream.ErrMalformed},
		"a size that ends in LF":   {ok + "Transfer-Encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n", "", upstream.ErrMalformed},
		"a CR in an extension":     {ok + "Transfer-Encoding: chunked\r\n\r\n2;\r\r\nab\r\n0\r\n\r\n", "", upstream.ErrMalformed},
		"extensions without end":   {ok + "Transfer-Encoding: chunked\r\n\r\n2;" + strings.Repeat("a", 8<<10) + "\r\nab", "", upstream.ErrMalformed},
		"a malformed trailer":      {chunked("ab") + "0\r\nA : b\r\n\r\n", "ab", upstream.ErrMalformed},
		"a trailer without end":    {chunked("ab") + "0\r\n" + strings.Repeat("A: b\r\n", 2000), "ab", upstream.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, thenClosing(c.answer))
			if _, body, err := a.ask(t.Context(), request("GET")); body != c.part || !errors.Is(err, c.want) {
				t.Errorf("%q %v", body, err)
			}
			if a.Idle() != 0 {
				t.Error("the connection was kept")
			}
		})
	}
}

func TestTrailersAreThereAfterTheBody(t *testing.T) {
	a := newAPI(t, saying(chunked("ab")+"0\r\nX-Sum: 7\r\nx-more: 8\r\n\r\n"))
	for range 2 {
		res, body, err := a.ask(t.Context(), request("GET"))
		if err != nil || body != "ab" || res.Trailer.Get("X-Sum") != "7" || res.Trailer.Get("X-More") != "8" {
			t.Errorf("%q %v %v", body, res, err)
		}
	}
	if conns, _ := a.counts(); conns != 1 {
		t.Errorf("%d connections", conns)
	}
}

func TestInterimAnswersAreTold(t *testing.T) {
	a := newAPI(t, saying("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nLink: y\r\nContent-Length: 0\r\n\r\n"))
	q := request("GET")
	told := ""
	q.Informational = func(status int, h http.Header) { told += http.StatusText(status) + " " + h.Get("Link") }
	res, _, err := a.ask(t.Context(), q)
	if err != nil || told != "Early Hints x" || res.Header.Get("Link") != "y" {
		t.Errorf("%q %v %v", told, res, err)
	}
}

// What one answer leaves behind must not show in the next.
func TestNothingPassesFromOneAnswerToTheNext(t *testing.T) {
	a := newAPI(t, func(_ int, c net.Conn, request string) {
		if strings.HasPrefix(request, "POST") {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nX-Long: "+strings.Repeat("e", 2000)+"\r\nContent-Length: 1\r\n\r\nx")
			return
		}
		io.WriteString(c, "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 0\r\n\r\n")
	})
	var kept []http.Header // as a record of an answer keeps them
	for range 3 {
		res, _, err := a.ask(t.Context(), request("POST"))
		if err != nil || len(res.Header["Set-Cookie"]) != 2 || len(res.Header) != 3 {
			t.Fatalf("%v %v", res, err)
		}
		kept = append(kept, res.Header)
		if res, _, err = a.ask(t.Context(), request("GET")); err != nil || len(res.Header) != 2 || res.Header.Get("X-A") != "b" || res.Trailer != nil {
			t.Fatalf("%v %v", res, err)
		}
	}
	for _, h := range kept {
		if len(h) != 3 || strings.Join(h["Set-Cookie"], " ") != "a=b c=d" || len(h["X-Long"][0]) != 2000 || h.Get("Content-Length") != "1" {
			t.Errorf("what was kept of an answer is now %v", h)
		}
	}
	if conns, _ := a.counts(); conns != 1 {
		t.Errorf("%d connections", conns)
	}
}

func TestAnAnswerThatDoesNotCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		a := newAPI(t, func(int, net.Conn, string) { <-release })
		for name, q := range map[string]*upstream.Request{
			"no body":        request("GET"),
			"a short body":   withBody(request("POST"), strings.NewReader("abc"), 3),
			"a body streams": withBody(request("POST"), strings.NewReader("abc"), -1),
		} {
			from := time.Now()
			_, _, err := a.ask(t.Context(), q)
			if took := time.Since(from); !errors.Is(err, upstream.ErrTimeout) || took < 10*time.Second || took > 11*time.Second {
				t.Errorf("%s: %v after %v", name, err, took)
			}
		}
		close(release)
	})
}

// The time for an answer begins when the request is complete, and ends with
// the head of the answer.
func TestTheTimeForAnAnswerIsOfTheAnswerAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, func(_ int, c net.Conn, _ string) {
			time.Sleep(9 * time.Second)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
			time.Sleep(time.Minute)
			io.WriteString(c, "ok")
		})
		for name, q := range map[string]*upstream.Request{
			"no body":     request("GET"),
			"a slow body": withBody(request("POST"), &dripping{text: "0123456789", pause: 5 * time.Second}, -1),
		} {
			if _, body, err := a.ask(t.Context(), q); err != nil || body != "ok" {
				t.Errorf("%s: %q %v", name, body, err)
			}
		}
	})
}

func TestABodyCannotBeReadOnceItIsClosed(t *testing.T) {
	a := newAPI(t, saying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
	res, err := a.Do(t.Context(), request("GET"))
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	if n, err := res.Body.Read(make([]byte, 1)); n != 0 || !errors.Is(err, net.ErrClosed) {
		t.Errorf("%d %v", n, err)
	}
	if a.Idle() != 0 {
		t.Error("a connection with an unread answer was kept")
	}
}

func TestAConnectionForATunnel(t *testing.T) {
	a := newAPI(t, func(_ int, c net.Conn, _ string) {
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nahead")
		b := make([]byte, 4)
		io.ReadFull(c, b)
		c.Write(b)
	})
	q := request("GET")
	q.Upgrade = true
	res, err := a.Do(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	c, ahead := res.Conn()
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 5)
	if _, err := io.ReadFull(ahead, b); err != nil || string(b) != "ahead" || res.Status != 101 {
		t.Fatalf("%q %v", b, err)
	}
	io.WriteString(c, "ping")
	if _, err := io.ReadFull(c, b[:4]); errors.Is(err, os.ErrDeadlineExceeded) || string(b[:4]) != "ping" {
		t.Errorf("%q %v", b, err)
	}
}
