package upstream

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

// A Response is an answer. Its body must be closed.
type Response struct {
	Status int
	Header http.Header
	// Length is that of the body, or -1 where it is not known beforehand.
	Length int64
	// Body ends with io.EOF where the answer was complete, and with another
	// error where it was cut off.
	Body io.ReadCloser
	// Trailer is filled when Body has ended.
	Trailer http.Header

	x *exchange
}

// maxInformational bounds the answers 1xx before the true one.
const maxInformational = 8

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// receive reads the head of the answer.
func (x *exchange) receive() (*Response, error) {
	if _, err := x.conn.r.Peek(1); err != nil {
		return nil, &staleError{err}
	}
	for range maxInformational {
		status, h, keep, err := x.head()
		if err != nil {
			return nil, err
		}
		switch {
		case status == http.StatusSwitchingProtocols:
			if !x.request.Upgrade {
				return nil, broken("it switches protocols unasked")
			}
		case status < 200:
			if x.request.Informational != nil && status != http.StatusContinue {
				x.request.Informational(status, h)
			}
			continue
		}
		x.answered()
		return x.response(status, h, keep)
	}
	return nil, broken("it sends too many interim answers")
}

// head reads one head.
func (x *exchange) head() (status int, h http.Header, keep bool, err error) {
	r, limit := x.conn.r, x.client.cfg.MaxHeader
	line, err := readLine(r, &limit)
	if err != nil {
		return 0, nil, false, err
	}
	// "HTTP/1.1 200 OK"
	if len(line) < 12 || line[:7] != "HTTP/1." || line[7] != '0' && line[7] != '1' || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return 0, nil, false, broken("its first line is no status line of HTTP/1")
	}
	status, err = strconv.Atoi(line[9:12])
	if err != nil || status < 100 || status > 599 {
		return 0, nil, false, broken("its status is no number from 100 to 599")
	}
	keep = line[7] == '1'
	h = make(http.Header, 12)
	if err := readFields(r, h, &limit); err != nil {
		return 0, nil, false, err
	}
	for _, v := range h["Connection"] {
		for _, option := range strings.Split(v, ",") {
			if strings.EqualFold(strings.TrimSpace(option), "close") {
				keep = false
			}
		}
	}
	return status, h, keep, nil
}

// readLine returns a line without its CRLF.
func readLine(r *bufio.Reader, limit *int) (string, error) {
	var long []byte
	for {
		part, err := r.ReadSlice('\n')
		if *limit -= len(part); *limit < 0 {
			return "", broken("its head is too long")
		}
		if err == bufio.ErrBufferFull {
			long = append(long, part...)
			continue
		}
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
		if long != nil {
			part = append(long, part...)
		}
		if len(part) < 2 || part[len(part)-2] != '\r' {
			return "", broken("a line of its head does not end in CRLF")
		}
		part = part[:len(part)-2]
		// RFC 9110, section 5.5. Browsers drop some of them where they read a
		// Location.
		for _, c := range part {
			if c < ' ' && c != '\t' || c == 0x7F {
				return "", broken("a line of its head has a control character")
			}
		}
		return string(part), nil
	}
}

// maxFields bounds the fields of one head.
const maxFields = 256

func readFields(r *bufio.Reader, h http.Header, limit *int) error {
	// One array for all values: most names stand once.
	values := make([]string, 0, 16)
	for range maxFields {
		line, err := readLine(r, limit)
		if err != nil {
			return err
		}
		if line == "" {
			return nil
		}
		i := strings.IndexByte(line, ':')
		if i <= 0 || strings.IndexFunc(line[:i], notToken) >= 0 {
			return broken("a line of its head is no field")
		}
		name := textproto.CanonicalMIMEHeaderKey(line[:i])
		value := strings.Trim(line[i+1:], " \t")
		if old, ok := h[name]; ok {
			h[name] = append(old, value)
			continue
		}
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return broken("its head has too many fields")
}

func notToken(c rune) bool {
	return c <= ' ' || c >= 0x7F || strings.IndexByte("\"(),/:;<=>?@[\\]{}", byte(c)) >= 0
}

// response finds where the body ends (RFC 9112, section 6.3).
func (x *exchange) response(status int, h http.Header, keep bool) (*Response, error) {
	res := &Response{Status: status, Header: h, x: x}
	body := &body{x: x, res: res, keep: keep}
	res.Body = body
	coding, lengths := h["Transfer-Encoding"], h["Content-Length"]
	length, err := contentLength(lengths)
	if err != nil {
		return nil, err
	}
	switch {
	case status == http.StatusSwitchingProtocols:
		res.Length = -1
	case x.request.Method == "HEAD", status == http.StatusNoContent, status == http.StatusNotModified:
		// A Content-Length here speaks of a body that is not sent.
		res.Length = length
		body.done = true
	case len(coding) > 0:
		if len(coding) != 1 || !strings.EqualFold(coding[0], "chunked") {
			return nil, broken("its transfer coding is not chunked")
		}
		if length >= 0 {
			return nil, broken("it has both Content-Length and Transfer-Encoding")
		}
		res.Length = -1
		body.chunked = true
	case length >= 0:
		res.Length, body.left = length, length
		body.done = length == 0
	default:
		res.Length = -1
		body.left, body.keep, body.untilClose = -1, false, true
	}
	return res, nil
}

func contentLength(values []string) (int64, error) {
	if len(values) == 0 {
		return -1, nil
	}
	for _, v := range values[1:] {
		if v != values[0] {
			return 0, broken("it has two lengths")
		}
	}
	n, err := strconv.ParseUint(values[0], 10, 62)
	if err != nil || values[0][0] == '+' {
		return 0, broken("its length is no number")
	}
	return int64(n), nil
}

// Conn gives the connection of an answer 101 to the caller, who closes it;
// what was read ahead is in the reader. Ctx of the request has no more hold on
// it, and Body must not be closed.
func (r *Response) Conn() (net.Conn, *bufio.Reader) {
	r.x.stop()
	r.x.conn.SetDeadline(time.Time{})
	return r.x.conn.Conn, r.x.conn.r
}

// Ready reports whether more of the body, or its end, can be read without
// waiting. Where it cannot, what was read should be passed on first.
func (r *Response) Ready() bool {
	b, ok := r.Body.(*body)
	return ok && b.ready()
}

type body struct {
	x          *exchange
	res        *Response
	left       int64 // of the body or the chunk
	chunked    bool
	untilClose bool
	inside     bool // a chunk
	keep       bool
	done       bool
	closed     bool
	err        error
}

func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.closed:
		return 0, net.ErrClosed
	case b.err != nil:
		return 0, b.err
	case b.done:
		return 0, io.EOF
	}
	n, err := b.read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

func (b *body) read(p []byte) (int, error) {
	r := b.x.conn.r
	if b.chunked && b.left == 0 {
		if err := b.nextChunk(); err != nil {
			return 0, err
		}
		if b.done {
			return 0, io.EOF
		}
	}
	if b.left >= 0 && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := r.Read(p)
	if err == io.EOF {
		if b.untilClose {
			b.done = true
			return n, io.EOF
		}
		return n, io.ErrUnexpectedEOF
	}
	if b.left > 0 {
		b.left -= int64(n)
		b.done = b.left == 0 && !b.chunked
	}
	if b.done && err == nil {
		return n, io.EOF
	}
	return n, err
}

func (b *body) ready() bool {
	r := b.x.conn.r
	if b.done || b.left != 0 || !b.chunked {
		return b.done || r.Buffered() > 0
	}
	// Between chunks, what is buffered may be framing only.
	ahead, err := r.Peek(r.Buffered())
	if err != nil {
		return false
	}
	ahead = bytes.TrimPrefix(ahead, []byte("\r\n"))
	size, data, ok := bytes.Cut(ahead, []byte("\r\n"))
	return ok && (len(data) > 0 || string(size) == "0")
}

func (b *body) nextChunk() error {
	r, limit := b.x.conn.r, 4<<10
	if b.inside {
		line, err := readLine(r, &limit)
		if err != nil {
			return err
		}
		if line != "" {
			return broken("a chunk is longer than it says")
		}
	}
	line, err := readLine(r, &limit)
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(line, ";")
	n, err := strconv.ParseUint(strings.TrimRight(size, " \t"), 16, 62)
	if err != nil || size[0] == '+' {
		return broken("a chunk has no size")
	}
	if n > 0 {
		b.left, b.inside = int64(n), true
		return nil
	}
	trailer := http.Header{}
	if err := readFields(r, trailer, &limit); err != nil {
		return err
	}
	b.res.Trailer, b.done = trailer, true
	return nil
}

// Close ends the exchange. A connection whose answer was not read to its end
// is not used again.
func (b *body) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	b.x.finish(b.done && b.keep)
	return nil
}
