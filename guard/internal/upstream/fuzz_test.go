package upstream_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/upstream"
)

// FuzzAnswers: net/http reads every answer that is read here, in the same way,
// and sees it end at the same byte. What comes after it would be the next
// answer to somebody who does not.
func FuzzAnswers(f *testing.F) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, text := range []string{
		ok + "Content-Length: 2\r\n\r\nok", ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", ok + "\r\nall of it",
		chunked("a", "bc") + "0\r\nX-A: b\r\n\r\n" + ok, ok + "Transfer-Encoding: Chunked\r\nConnection: x, Close\r\n\r\n2;a=b\r\nok\r\n0;c\r\n\r\n",
		"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.1", "HTTP/1.0 404 \r\nA:\r\na:  b \r\n\r\nno", "HTTP/1.1 200\r\n\r\n",
		ok + "Transfer-Encoding: chun\u212Aed\r\n\r\n0\r\n\r\n", ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ok + "Content-Length: +2\r\n\r\nok",
		ok + "A: b\r\n c\r\n\r\n", ok + "A : b\r\n\r\n", ok + "A: b\nC: d\r\n\r\n", ok + "Content-Length: 5\r\n\r\nok", chunked("a") + "10000000000000000\r\n",
	} {
		f.Add(text, false)
		f.Add(text, true)
	}
	f.Fuzz(func(t *testing.T, text string, head bool) {
		method := "GET"
		if head {
			method = "HEAD"
		}
		client := upstream.New(upstream.Config{ConnectTimeout: time.Minute, ResponseTimeout: time.Minute, IdleTimeout: time.Minute, MaxIdle: 1, MaxHeader: 4 << 10,
			Dial: func(context.Context, string, string) (net.Conn, error) { return &tape{r: strings.NewReader(text)}, nil }})
		defer client.Close()
		res, err := client.Do(t.Context(), request(method))
		if err != nil {
			return
		}
		defer res.Body.Close()
		body, bodyErr := io.ReadAll(res.Body)
		r := bufio.NewReader(strings.NewReader(text))
		var want *http.Response
		for range 8 { // interim answers are read over
			want, err = http.ReadResponse(r, &http.Request{Method: method})
			if err != nil && (head || res.Status == http.StatusNoContent || res.Status == http.StatusNotModified) {
				return // how long a body is that does not follow is not looked at here
			}
			if err != nil {
				t.Fatalf("%q: read here, and by net/http: %v", text, err)
			}
			if want.StatusCode >= 200 {
				break
			}
		}
		if bodyErr != nil { // more is malformed here
			if !errors.Is(bodyErr, upstream.ErrMalformed) && bodyErr != io.ErrUnexpectedEOF {
				t.Fatalf("%q: %v", text, bodyErr)
			}
			return
		}
		wantBody, err := io.ReadAll(want.Body)
		if res.Status != want.StatusCode || err != nil || string(body) != string(wantBody) {
			t.Fatalf("%q: %d %q; net/http: %d %q, %v", text, res.Status, body, want.StatusCode, wantBody, err)
		}
		for name, values := range want.Header {
			if name != "Transfer-Encoding" && name != "Content-Length" && !slices.Equal(res.Header[name], values) {
				t.Fatalf("%q: %s: %q; net/http: %q", text, name, res.Header[name], values)
			}
		}
		if !maps.EqualFunc(res.Trailer, want.Trailer, slices.Equal[[]string]) {
			t.Fatalf("%q: the trailer is %v; net/http: %v", text, res.Trailer, want.Trailer)
		}
	})
}

// A tape is a connection on which text came, and nothing will.
type tape struct {
	net.Conn
	r io.Reader
}

func (c *tape) Read(p []byte) (int, error)       { return c.r.Read(p) }
func (c *tape) Write(p []byte) (int, error)      { return len(p), nil }
func (c *tape) Close() error                     { return nil }
func (c *tape) SetDeadline(time.Time) error      { return nil }
func (c *tape) SetReadDeadline(time.Time) error  { return nil }
func (c *tape) SetWriteDeadline(time.Time) error { return nil }
