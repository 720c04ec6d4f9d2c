package framing_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"testing/iotest"

	"github.com/d710e0ae/countersign/guard/internal/framing"
)

// wire is a connection on which text arrives.
type wire struct {
	net.Conn
	io.Reader
}

func (w wire) Read(p []byte) (int, error) { return w.Reader.Read(p) }

const limit = 1 << 10

// pass returns what the watcher let through, and whether all of it.
func pass(r io.Reader) (string, bool) {
	out, err := io.ReadAll(framing.Watch(wire{Reader: r}, limit))
	return string(out), err == nil && !bytes.Contains(out, []byte("\x00 \x00"))
}

var table = []struct {
	text string
	ok   bool
}{
	{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
	{"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
	{"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\n\n\nGET / HTTP/1.1\r\n\r\n", true},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\n\n\n\r\n0\r\nX-A: b\r\n\r\nGET / HTTP/1.1\r\n\r\n", true},
	{"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false},
	{"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", false},
	{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n", false},
	{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", false},
	{"GET / HTTP/1.1\nHost: a\n\n", false},
	{"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", false},
	{"GET / HTTP/1.1\r\nA : b\r\n\r\n", false},
	{"GET /\x00 HTTP/1.1\r\n\r\n", false},
	{"GET / HTTP/2.0\r\n\r\n", false},
	{"GET  / HTTP/1.1\r\n\r\n", false},
	{"GET / HTTP/1.1\r\nA: " + string(bytes.Repeat([]byte("b"), limit)) + "\r\n\r\n", false},
}

func TestWatch(t *testing.T) {
	for _, c := range table {
		got, ok := pass(bytes.NewReader([]byte(c.text)))
		if ok != c.ok || ok && got != c.text {
			t.Errorf("%.60q: passed %v", c.text, ok)
		}
	}
}

func TestABrokenBodyIsAnError(t *testing.T) {
	text := "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n"
	_, err := io.ReadAll(framing.Watch(wire{Reader: bytes.NewReader([]byte(text))}, limit))
	if !errors.Is(err, framing.ErrFraming) {
		t.Errorf("%v", err)
	}
}

// FuzzWatch: how the bytes are cut into reads makes no difference.
func FuzzWatch(f *testing.F) {
	for _, c := range table {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		whole, ok := pass(bytes.NewReader([]byte(text)))
		parts, alsoOK := pass(iotest.OneByteReader(bytes.NewReader([]byte(text))))
		if ok != alsoOK || ok && (whole != parts || whole != text) {
			t.Fatalf("%q: whole %v, in bytes %v", text, ok, alsoOK)
		}
	})
}
