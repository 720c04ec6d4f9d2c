package proxyproto_test

import (
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/d710e0ae/countersign/guard/internal/proxyproto"
)

func read(t *testing.T, text, trusted string) (addr, rest string, err error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, text)
	c.Close()
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := proxyproto.Read(s, []netip.Prefix{netip.MustParsePrefix(trusted)})
	if err != nil {
		return "", "", err
	}
	b, err := io.ReadAll(s)
	host, _, _ := net.SplitHostPort(p.String())
	return host, string(b), err
}

const v2 = "\r\n\r\n\x00\r\nQUIT\n"

func TestRead(t *testing.T) {
	for _, c := range []struct{ text, addr string }{
		{"PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\nGET", "203.0.113.7"},
		{"PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\nGET", "2001:db8::1"},
		{"PROXY UNKNOWN\r\nGET", "127.0.0.1"},
		{v2 + "\x21\x11\x00\x0c\xcb\x00\x71\x07\xc6\x33\x64\x01\xdc\x04\x01\xbbGET", "203.0.113.7"},
		{v2 + "\x20\x00\x00\x00GET", "127.0.0.1"},
	} {
		addr, rest, err := read(t, c.text, "127.0.0.0/8")
		if err != nil || addr != c.addr || rest != "GET" {
			t.Errorf("%q: %q %q %v", c.text, addr, rest, err)
		}
	}
	for _, text := range []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP4 203.0.113.7 198.51.100.1 99999 443\r\n", "PROXY TCP4 " + string(make([]byte, 200)), v2 + "\x21\x11\xff\xff", v2 + "\x31\x11\x00\x00", v2 + "\x21\x11\x00\x01x", "PRO"} {
		if addr, _, err := read(t, text, "127.0.0.0/8"); err == nil {
			t.Errorf("%.40q: accepted as %s", text, addr)
		}
	}
	if _, _, err := read(t, "PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n", "10.0.0.0/8"); err != proxyproto.ErrNotTrusted {
		t.Errorf("a stranger: %v", err)
	}
}
