package guard_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// proxied dials the guard as a proxy that speaks for a client.
func proxied(t testing.TB, addr, header string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, header); err != nil {
		t.Fatal(err)
	}
	return c
}

const proxyLine = "PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n"

func TestThePROXYHeaderTellsTheClient(t *testing.T) {
	b := newBank(t)
	ask := head("GET /x HTTP/1.1", "Host: "+servedHost, "")
	client := func(c net.Conn) string {
		t.Helper()
		for range 2 { // the header stands for the whole connection
			if _, err := io.WriteString(c, ask); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
		}
		return b.last().Header.Get("X-Forwarded-For")
	}
	const trusting = "proxy_protocol: true\ntrusted_proxies: [127.0.0.0/8]\n"
	t.Run("plain", func(t *testing.T) {
		s := start(t, b.URL, trusting)
		if got := client(proxied(t, s.addr, proxyLine)); got != "203.0.113.7" {
			t.Errorf("the client is %q", got)
		}
		if got := client(proxied(t, s.addr, "PROXY UNKNOWN\r\n")); got != "127.0.0.1" {
			t.Errorf("the proxy itself is %q", got)
		}
		before := b.requests()
		for _, text := range []string{"", "PROXY TCP4 203.0.113.7\r\n"} {
			if rest, _ := io.ReadAll(proxied(t, s.addr, text+ask)); len(rest) > 0 {
				t.Errorf("%q is answered: %q", text, rest)
			}
		}
		if b.requests() != before {
			t.Error("a request without the header reached the API")
		}
	})
	t.Run("control: not from a trusted proxy", func(t *testing.T) {
		s := start(t, b.URL, "proxy_protocol: true\ntrusted_proxies: [192.0.2.0/24]\n")
		if rest, _ := io.ReadAll(proxied(t, s.addr, proxyLine+ask)); len(rest) > 0 {
			t.Errorf("a stranger is answered: %q", rest)
		}
	})
	t.Run("before TLS", func(t *testing.T) {
		dir := t.TempDir()
		writeCertificate(t, dir, 1)
		s := start(t, b.URL, trusting+fmt.Sprintf("tls: {cert_file: %s/cert.pem, key_file: %s/key.pem}\n", dir, dir), "https")
		if got := client(tls.Client(proxied(t, s.addr, proxyLine), &tls.Config{InsecureSkipVerify: true})); got != "203.0.113.7" {
			t.Errorf("the client is %q", got)
		}
		protocols := new(http.Protocols)
		protocols.SetHTTP2(true)
		h2 := &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: protocols,
			DialContext: func(context.Context, string, string) (net.Conn, error) { return proxied(t, s.addr, proxyLine), nil },
		}
		defer h2.CloseIdleConnections()
		req, err := http.NewRequest("GET", "https://"+servedHost+"/x", strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		res, err := h2.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := b.last().Header.Get("X-Forwarded-For"); got != "203.0.113.7" || res.ProtoMajor != 2 || res.StatusCode != 200 {
			t.Errorf("by HTTP/2 the client is %q: %s", got, res.Status)
		}
	})
}
