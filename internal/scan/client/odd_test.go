package client_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

// Each server answers every request of a connection alike; the second request
// of each shows whether the first left anything behind.
func TestServersThatAreOdd(t *testing.T) {
	squeezed := zipped("hello")
	for _, tc := range []struct {
		name, method, answer, rest string // rest is sent after the head was read
		closes                     bool   // the server closes after its answer
		status, conns              int
		body                       string
	}{
		{"no length, and closes", "GET", "HTTP/1.1 200 OK\r\n\r\nto the end", "", true, 200, 2, "to the end"},
		{"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "", true, 200, 2, "ok"},
		{"chunked, with trailers", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nX-Late: 1\r\n\r\n", "", false, 200, 1, "abc"},
		{"204 with a length, and a body later", "POST", "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n", "null", false, 204, 2, ""},
		{"204 with a body at once", "POST", "HTTP/1.1 204 No Content\r\n\r\nnull", "", false, 204, 2, ""},
		{"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", "", false, 304, 1, ""},
		{"HEAD with a length", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", "", false, 200, 1, ""},
		{"more than its length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 Smuggled\r\n\r\n", "", false, 200, 2, "ok"},
		{"the same length twice", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", "", false, 200, 1, "ok"},
		{"no reason, bare line feeds", "GET", "HTTP/1.1 200\nContent-Length: 2\n\nok", "", false, 200, 1, "ok"},
		{"a status of its own", "GET", "HTTP/1.1 599 Odd\r\nContent-Length: 2\r\n\r\nok", "", false, 599, 1, "ok"},
		{"fields and a body that are not UTF-8", "GET", "HTTP/1.1 200 OK\r\nX-Odd: \xff\xfe\r\nContent-Length: 2\r\n\r\n\xff\x00", "", false, 200, 1, "\xff\x00"},
		{"many fields", "GET", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Field: y\r\n", 5000) + "Content-Length: 2\r\n\r\nok", "", false, 200, 1, "ok"},
		{"gzip unasked", "GET", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(squeezed), squeezed), "", false, 200, 1, "hello"},
		{"gzip that is none", "GET", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "", false, 200, 1, "hello"},
		{"a coding that nobody knows", "GET", "HTTP/1.1 200 OK\r\nContent-Encoding: x-odd\r\nContent-Length: 5\r\n\r\nhello", "", false, 200, 1, "hello"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			conns, read := make(chan int, 10), make(chan bool, 10)
			u := raw(t, func(n int, c net.Conn, in *bufio.Reader) {
				conns <- n
				for {
					if _, err := heads(in); err != nil {
						return
					}
					_, _ = io.WriteString(c, tc.answer)
					if tc.rest != "" {
						<-read // the client has taken the head for the whole
						_, _ = io.WriteString(c, tc.rest)
					}
					if tc.closes {
						return
					}
				}
			})
			cl := client.New(client.Config{Target: target(t, u)})
			defer cl.Close()
			for range 2 {
				r := get(target(t, u+"/"))
				if r.Method = tc.method; tc.method == http.MethodPost {
					r.Body = []byte("{}")
				}
				res, err := cl.Do(t.Context(), r)
				read <- true
				if err != nil || res.Status != tc.status || string(res.Body) != tc.body || res.Truncated {
					t.Fatalf("%+v, %v", res, err)
				}
			}
			if len(conns) != tc.conns {
				t.Errorf("%d connections were used, want %d", len(conns), tc.conns)
			}
		})
	}
}

func TestLengthsThatContradictAreRefused(t *testing.T) {
	u := raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
		if _, err := heads(in); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\nhello")
		}
	})
	c := client.New(client.Config{Target: target(t, u)})
	defer c.Close()
	if res, err := c.Do(t.Context(), get(target(t, u+"/"))); !errors.Is(err, client.ErrUnreachable) || !strings.Contains(err.Error(), "Content-Length") {
		t.Errorf("%+v, %v", res, err)
	}
}

// A few kilobytes of gzip stand for many megabytes.
func TestACompressedBodyIsBounded(t *testing.T) {
	bomb := zipped(strings.Repeat("0", 64<<20))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, bomb)
	}))
	defer srv.Close()
	c := client.New(client.Config{Target: target(t, srv.URL), MaxBody: 1 << 20})
	defer c.Close()
	res, err := c.Do(t.Context(), get(target(t, srv.URL+"/")))
	if err != nil || len(res.Body) != 1<<20 || !res.Truncated {
		t.Fatalf("%d bytes, truncated %t, %v", len(res.Body), res.Truncated, err)
	}
}

// overHTTP2 starts a server that speaks HTTP/2 over TLS.
func overHTTP2(srv *httptest.Server, also1 bool) {
	srv.EnableHTTP2 = true
	srv.Config.Protocols = &http.Protocols{}
	srv.Config.Protocols.SetHTTP2(true)
	srv.Config.Protocols.SetHTTP1(also1)
	srv.StartTLS()
}

// A target that refuses HTTP/1.1 in the handshake is spoken to in HTTP/2. The
// control is one that takes both, which is spoken to in HTTP/1.1.
func TestHTTP2IsSpokenWhereNothingElseIs(t *testing.T) {
	for name, tc := range map[string]struct {
		also1, says bool // says: in the handshake
		proto       string
	}{
		"HTTP/2 only":                    {false, false, "HTTP/2.0"},
		"HTTP/2 only, and says so early": {false, true, "HTTP/2.0"},
		"both":                           {true, false, "HTTP/1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				_, _ = fmt.Fprintf(w, "%s %s %s %s", r.Proto, r.Method, r.Header.Get("Cookie"), body)
			}))
			srv.Config.ErrorLog = log.New(io.Discard, "", 0)
			if tc.says {
				srv.TLS = &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
					if !slices.Contains(hello.SupportedProtos, "h2") {
						return nil, errors.New("no application protocol")
					}
					return nil, nil
				}}
			}
			overHTTP2(srv, tc.also1)
			defer srv.Close()
			c := client.New(client.Config{Target: target(t, srv.URL), TLS: srv.Client().Transport.(*http.Transport).TLSClientConfig})
			defer c.Close()
			for range 2 {
				r := &client.Request{Method: "POST", URL: target(t, srv.URL+"/"), Header: http.Header{"Cookie": {"a=b"}}, Body: []byte("{}")}
				res, err := c.Do(t.Context(), r)
				if err != nil || string(res.Body) != tc.proto+" POST a=b {}" {
					t.Fatalf("%+v, %v", res, err)
				}
			}
			if !bytes.Equal(c.TargetKey(), srv.Certificate().RawSubjectPublicKeyInfo) {
				t.Error("the key of the target's certificate is not known")
			}
		})
	}
}

// A certificate that nobody vouches for is none over HTTP/2 either.
func TestHTTP2NeedsATrustedCertificate(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	overHTTP2(srv, false)
	defer srv.Close()
	c := client.New(client.Config{Target: target(t, srv.URL)})
	defer c.Close()
	if _, err := c.Do(t.Context(), get(target(t, srv.URL+"/"))); !errors.Is(err, client.ErrUnreachable) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
}
