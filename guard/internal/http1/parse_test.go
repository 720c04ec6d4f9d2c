package http1

import (
	"bufio"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// heads are what is read and what is refused, and why: the table of the parser,
// and the seed of its fuzzing.
var heads = []struct {
	text string
	want *Refusal
}{
	{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", nil},
	{"GET / HTTP/1.0\r\n\r\n", nil},
	{"GET /a/b?c=d&e HTTP/1.1\r\nHost: a:8080\r\nAccept: */*\r\naccept: x\r\nX-Empty:\r\nX-Space: \t a b \t\r\n\r\n", nil},
	{"GET /? HTTP/1.1\r\nHost: a\r\n\r\n", nil},
	{"GET //b HTTP/1.1\r\nHost: a\r\n\r\n", nil},
	{"GET /%41%2f%zz HTTP/1.1\r\nHost: a\r\n\r\n", ErrTarget},
	{"GET /%41%2f;b=c HTTP/1.1\r\nHost: a\r\n\r\n", nil},
	{"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", nil},
	{"GET http://b/c HTTP/1.1\r\nHost: b\r\n\r\n", nil},
	{"GET http://b/c HTTP/1.1\r\nHost: B:80\r\n\r\n", nil},
	{"GET https://B:443/c HTTP/1.1\r\nHost: b\r\n\r\n", nil},
	{"GET http://b/c HTTP/1.0\r\n\r\n", nil},
	{"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", nil},
	{"CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n", nil},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", nil},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", nil},
	{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", nil},
	{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nTrailer: X-A, X-B\r\n\r\n3\r\nabc\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n", nil},
	{"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", nil},
	{"GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\nPragma: no-cache\r\n\r\n", nil},
	{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", nil},
	{"GET / HTTP/1.0\r\nConnection: \u212Aeep-alive\r\n\r\n", nil},
	{"GET / HTTP/1.1\r\nHost: a\r\nConnection: clo\u017Fe\r\n\r\n", nil},
	{"GET / HTTP/1.1\r\nHost: [::1]:80\r\nX-Latin: \xe4\r\n\r\n", nil},

	// Line ends: RFC 9112, section 2.2.
	{"GET / HTTP/1.1\nHost: a\n\n", ErrLineEnd},
	{"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", ErrLineEnd},
	{"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", ErrValue},
	{"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", ErrValue},
	{"GET / HTTP/1.1\r\nHost: a\r\nX: b\x00c\r\n\r\n", ErrValue},
	{"GET / HTTP/1.1\r\nHost: a\r\nX: b\x7f\r\n\r\n", ErrValue},
	{"GET / HTTP/1.1\r\nHost: a\r\nX:\x0bb\r\n\r\n", ErrValue},
	// The first line: section 3.
	{"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", ErrRequestLine},
	{"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", ErrVersion},
	{"GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", ErrRequestLine},
	{" GET / HTTP/1.1\r\nHost: a\r\n\r\n", ErrRequestLine},
	{"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", ErrRequestLine},
	{"GET\r\nHost: a\r\n\r\n", ErrRequestLine},
	{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ErrRequestLine}, // TLS, and no line's end
	{"\rGET / HTTP/1.1", ErrRequestLine},
	{"GET /\r\nHost: a\r\n\r\n", ErrRequestLine},
	{"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", ErrRequestLine},
	{"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", ErrRequestLine},
	{"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", ErrRequestLine},
	{"GET a HTTP/1.1\r\nHost: a\r\n\r\n", ErrTarget},
	{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", ErrVersion},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ErrVersion},
	{"GET / HTTP/1.2\r\nHost: a\r\n\r\n", ErrVersion},
	{"GET / http/1.1\r\nHost: a\r\n\r\n", ErrVersion},
	{"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", ErrVersion},
	// Fields: section 5.
	{"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", ErrField},
	{"GET / HTTP/1.1\r\n Host: a\r\n\r\n", ErrField},
	{"GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", ErrField},
	{"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", ErrField},
	{"GET / HTTP/1.1\r\nHost: a\r\nA\r\n\r\n", ErrField},
	{"GET / HTTP/1.1\r\nHost: a\r\nA(b): c\r\n\r\n", ErrField},
	{"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("A: b\r\n", 300) + "\r\n", ErrTooMany},
	// Host: section 3.2.
	{"GET / HTTP/1.1\r\n\r\n", ErrHost},
	{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", ErrHost},
	{"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", ErrHost},
	{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", ErrHost},
	{"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", ErrHost},
	{"GET http://b/ HTTP/1.1\r\nHost: a@b\r\n\r\n", ErrHost},
	{"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", ErrHost},
	{"GET http://b/ HTTP/1.1\r\nHost:\r\n\r\n", ErrHost},
	{"GET http://b/ HTTP/1.1\r\nHost: b:443\r\n\r\n", ErrHost},
	{"GET http://b/ HTTP/1.0\r\nHost: a\r\n\r\n", ErrHost},
	// Lengths: section 6.
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ErrBothLengths},
	{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", ErrBothLengths},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", ErrLength},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\ncontent-length: 4\r\n\r\nabc", ErrLength},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", ErrLength},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", ErrLength},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc", ErrLength},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc", ErrLength},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", ErrLength},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n", ErrLength},
	{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", ErrCoding},
	{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ErrCoding},
	{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", ErrCoding},
	{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", ErrCoding},
	{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", ErrCoding},
	{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chun\u212Aed\r\n\r\n0\r\n\r\n", ErrCoding},
	{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ErrCoding},
	{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n0\r\n\r\n", ErrTrailer},
	{"POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", ErrExpectation},
}

// bodies are chunked bodies, whole or not.
var bodies = []struct {
	text, body string
	want       error
}{
	{"3\r\nabc\r\n0\r\n\r\n", "abc", nil},
	{"0\r\n\r\n", "", nil},
	{"00A\r\n0123456789\r\n000\r\n\r\n", "0123456789", nil},
	{"1\r\na\r\n1\r\nb\r\n0\r\nX-A: b\r\n\r\n", "ab", nil},
	{"3\r\n\n\n\n\r\n0\r\n\r\n", "\n\n\n", nil},
	{"3;a=b\r\nabc\r\n0\r\n\r\n", "", ErrChunk},
	{"3 \r\nabc\r\n0\r\n\r\n", "", ErrChunk},
	{"0x3\r\nabc\r\n0\r\n\r\n", "", ErrChunk},
	{"+3\r\nabc\r\n0\r\n\r\n", "", ErrChunk},
	{"-3\r\nabc\r\n0\r\n\r\n", "", ErrChunk},
	{"1_0\r\nabc\r\n0\r\n\r\n", "", ErrChunk},
	{"\r\nabc\r\n0\r\n\r\n", "", ErrChunk},
	{"FFFFFFFFFFFFFFFF\r\nabc", "", ErrChunk},
	{"3\nabc\r\n0\r\n\r\n", "", ErrLineEnd},
	{"3\r\nabcd\r\n0\r\n\r\n", "abc", ErrChunk},
	{"3\r\nabc\n0\r\n\r\n", "abc", ErrLineEnd},
	{"3\r\nabc\r\n0\r\n\n", "abc", ErrLineEnd},
	{"0\r\nContent-Length: 5\r\n\r\n", "", ErrTrailer},
	{"0\r\ntransfer-encoding: chunked\r\n\r\n", "", ErrTrailer},
	{"0\r\nCookie: a=b\r\n\r\n", "", ErrTrailer},
	{"0\r\nX : b\r\n\r\n", "", ErrField},
	{"0\r\nX: b\r\n c\r\n\r\n", "", ErrField},
	{"0\r\nX: " + strings.Repeat("b", testLimit) + "\r\n\r\n", "", ErrTooLarge},
	{"0\r\n" + strings.Repeat("X: b\r\n", 1000) + "\r\n", "", ErrTooMany},
	{"3\r\nab", "ab", io.ErrUnexpectedEOF},
	{"3\r\nabc\r\n", "abc", io.ErrUnexpectedEOF},
	{"", "", io.ErrUnexpectedEOF},
}

const testLimit = 4 << 10

// A tape is a connection on which text came, and nothing will.
type tape struct {
	nobody
	io.Reader
}

func (t tape) Read(p []byte) (int, error) { return t.Reader.Read(p) }

// read reads one request with its body, as conn does.
func read(r io.Reader) (req *http.Request, body string, rest []byte, err error) {
	c := newConn(&Server{MaxHeader: testLimit}, tape{Reader: r})
	if err := c.input.await(c); err != nil {
		return nil, "", nil, err
	}
	text, err := c.head()
	if err != nil {
		return nil, "", nil, err
	}
	req = &http.Request{Header: http.Header{}, URL: &url.URL{}}
	if why := parse(text, req); why != nil {
		return nil, "", nil, why
	}
	x := &exchange{conn: c, request: req}
	x.body.init(x, req)
	x.answer.exchange = x
	b, err := io.ReadAll(&x.body)
	return req, string(b), c.input.bytes(), err
}

func TestParse(t *testing.T) {
	for _, c := range heads {
		_, _, _, err := read(strings.NewReader(c.text))
		if c.want == nil && err != nil || c.want != nil && err != error(c.want) {
			t.Errorf("%.70q: %v, want %v", c.text, err, c.want)
		}
	}
}

func TestChunkedBodies(t *testing.T) {
	for _, c := range bodies {
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(chunkedHead + c.text), "in bytes": iotest.OneByteReader(strings.NewReader(chunkedHead + c.text))} {
			_, body, rest, err := read(r)
			if err != c.want || body != c.body || err == nil && len(rest) > 0 {
				t.Errorf("%.40q, %s: %q, %v; want %q, %v", c.text, name, body, err, c.body, c.want)
			}
		}
	}
}

// What has come is read at once, however small the chunks, and no more is
// waited for.
func TestSmallChunksAreReadTogether(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	c := newConn(&Server{MaxHeader: testLimit}, there)
	x := &exchange{conn: c, request: &http.Request{}}
	x.body = body{conn: c, exchange: x, chunked: true}
	go io.WriteString(here, "1\r\na\r\n2\r\nbc\r\n0\r\n")
	if n, err := x.body.Read(make([]byte, 10)); n != 3 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	go io.WriteString(here, "\r\n")
	if n, err := x.body.Read(make([]byte, 10)); n != 0 || err != io.EOF {
		t.Errorf("at the end %d bytes, %v", n, err)
	}
}

const chunkedHead = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

// seeds adds the tables to a corpus.
func seeds(f *testing.F) {
	for _, c := range heads {
		f.Add([]byte(c.text))
		f.Add([]byte("\r\n" + c.text + "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	}
	for _, c := range bodies {
		f.Add([]byte(chunkedHead + c.text))
	}
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\n\n\nGET / HTTP/1.1\r\n\r\n"))
}

// FuzzParse: net/http reads everything that is read here, in the same way, and
// sees the next request begin at the same byte. Smuggling needs two that do
// not. What is refused here is of a listed kind.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		got, body, rest, err := read(strings.NewReader(string(text)))
		if err != nil {
			if _, listed := err.(*Refusal); !listed && err != io.EOF && err != io.ErrUnexpectedEOF {
				t.Fatalf("%q: refused with %v", text, err)
			}
			return
		}
		// net/http's server takes no empty line before a request.
		b := bufio.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\r\n")))
		want, err := http.ReadRequest(b)
		if err != nil {
			t.Fatalf("%q: read here, and by net/http: %v", text, err)
		}
		wantBody, err := io.ReadAll(want.Body)
		if err != nil {
			t.Fatalf("%q: the body is read here, and by net/http: %v", text, err)
		}
		wantRest, err := io.ReadAll(b)
		if err != nil {
			t.Fatal(err)
		}
		if body != string(wantBody) || string(rest) != string(wantRest) {
			t.Fatalf("%q: body %q, rest %q; net/http: body %q, rest %q", text, body, rest, wantBody, wantRest)
		}
		// Two things that net/http's client side needs.
		want.Header.Del("Host")
		if want.Header["Pragma"] != nil && got.Header["Cache-Control"] == nil {
			want.Header.Del("Cache-Control")
		}
		if got.Method != want.Method || got.RequestURI != want.RequestURI || got.Proto != want.Proto || got.ProtoMajor != want.ProtoMajor || got.ProtoMinor != want.ProtoMinor ||
			got.Host != want.Host || got.ContentLength != want.ContentLength || got.Close != want.Close ||
			!reflect.DeepEqual(got.URL, want.URL) || !maps.EqualFunc(got.Header, want.Header, equal) || !maps.EqualFunc(got.Trailer, want.Trailer, equal) ||
			strings.Join(got.TransferEncoding, ",") != strings.Join(want.TransferEncoding, ",") {
			t.Fatalf("%q:\nread %+v\nand by net/http %+v", text, got, want)
		}
	})
}

func equal(a, b []string) bool { return strings.Join(a, "\x00") == strings.Join(b, "\x00") }

// FuzzCuts: how the bytes are cut into reads makes no difference.
func FuzzCuts(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		whole, body, rest, err := read(strings.NewReader(string(text)))
		parts, partBody, _, partErr := read(iotest.OneByteReader(strings.NewReader(string(text))))
		if (err == nil) != (partErr == nil) || body != partBody {
			t.Fatalf("%q: whole %q, %v; in bytes %q, %v", text, body, err, partBody, partErr)
		}
		if err == nil && (whole.RequestURI != parts.RequestURI || !maps.EqualFunc(whole.Header, parts.Header, equal)) {
			t.Fatalf("%q: whole %+v (and %q), in bytes %+v", text, whole, rest, parts)
		}
	})
}
