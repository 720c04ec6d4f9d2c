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

	"github.com/d710e0ae/countersign/guard/internal/ascii"
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
		status, keep, err := x.head()
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
				x.request.Informational(status, x.header)
			}
			continue
		}
		if !x.answered() {
			return nil, ErrTimeout
		}
		return x.response(status, keep)
	}
	return nil, broken("it sends too many interim answers")
}

// head reads one head, whose fields are the header then.
func (x *exchange) head() (status int, keep bool, err error) {
	k := x.conn
	text, err := readHead(k.r, x.client.cfg.MaxHeader)
	if err != nil {
		return 0, false, err
	}
	line, text, ok := cutLine(text)
	if !ok {
		return 0, false, errLineEnd
	}
	if !isText(line) {
		return 0, false, errControl
	}
	// "HTTP/1.1 200 OK"
	if len(line) < 12 || line[:7] != "HTTP/1." || line[7] != '0' && line[7] != '1' || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return 0, false, broken("its first line is no status line of HTTP/1")
	}
	status, err = strconv.Atoi(line[9:12])
	if err != nil || status < 100 || status > 599 {
		return 0, false, broken("its status is no number from 100 to 599")
	}
	// New for each answer: whoever answers with them may keep them, as a record
	// of the answer does.
	x.header = make(http.Header, 12)
	if err = readFields(text, x.header); err != nil {
		return 0, false, err
	}
	keep = line[7] == '1'
	if !keep && len(x.header["Transfer-Encoding"]) > 0 {
		// RFC 9112, section 6.1: a server of HTTP/1.0 that passes one on may
		// not have read it.
		return 0, false, broken("it has a transfer coding in HTTP/1.0")
	}
	for _, v := range x.header["Connection"] {
		for option := range strings.SplitSeq(v, ",") {
			if ascii.EqualFold(strings.TrimSpace(option), "close") {
				keep = false
			}
		}
	}
	return status, keep, nil
}

var (
	errLineEnd = broken("a line of its head does not end in CRLF")
	errControl = broken("a line of its head has a control character")
	errTooLong = broken("its head is too long")
)

// readHead returns a head, with the empty line at its end, as one text: its
// parts may be kept, and the reader's buffer is the next answer's. It must be
// there to be checked, but is read no further than it goes.
func readHead(r *bufio.Reader, limit int) (string, error) {
	have, err := r.Peek(r.Buffered())
	if err != nil {
		return "", err
	}
	if n := headEnd(have); n > 0 && n <= limit {
		// Most heads come in one piece.
		text := string(have[:n])
		_, err := r.Discard(n)
		return text, err
	}
	var long []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(long)+len(part) > limit {
			return "", errTooLong
		}
		long = append(long, part...)
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
		if !bytes.HasSuffix(long, crlf) {
			return "", errLineEnd
		}
		if len(long) == len(crlf) || bytes.HasSuffix(long, emptyLine) {
			return string(long), nil
		}
	}
}

var (
	crlf      = []byte("\r\n")
	emptyLine = []byte("\r\n\r\n")
)

// headEnd returns the length of the head at the beginning of b, or 0 where it
// is not all there.
func headEnd(b []byte) int {
	if bytes.HasPrefix(b, crlf) {
		return len(crlf)
	}
	if i := bytes.Index(b, emptyLine); i >= 0 {
		return i + len(emptyLine)
	}
	return 0
}

// cutLine parts the first line, without its CRLF, from the rest.
func cutLine(s string) (line, rest string, ok bool) {
	i := strings.IndexByte(s, '\n')
	if i < 1 || s[i-1] != '\r' {
		return "", "", false
	}
	return s[:i-1], s[i+1:], true
}

// maxFields bounds the fields of one head.
const maxFields = 256

// readFields reads field lines and the empty line after them into h. Most names
// stand once, and one array does for all values.
func readFields(text string, h http.Header) error {
	values := make([]string, 0, 16)
	for range maxFields {
		line, rest, ok := cutLine(text)
		if !ok {
			return errLineEnd
		}
		if line == "" {
			return nil
		}
		text = rest
		i := strings.IndexByte(line, ':')
		if i <= 0 || !isToken(line[:i]) {
			return broken("a line of its head is no field")
		}
		value := strings.Trim(line[i+1:], " \t")
		if !isText(value) {
			return errControl
		}
		name := textproto.CanonicalMIMEHeaderKey(line[:i])
		if old, ok := h[name]; ok {
			h[name] = append(old, value)
			continue
		}
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return broken("its head has too many fields")
}

func isToken(s string) bool {
	for i := range len(s) {
		if !tokens[s[i]] {
			return false
		}
	}
	return true
}

// isText reports whether s has no control character (RFC 9110, section 5.5).
// Browsers drop some of them where they read a Location.
func isText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7F {
			return false
		}
	}
	return true
}

// tokens are the bytes of names (RFC 9110, section 5.6.2).
var tokens = func() (t [256]bool) {
	for c := byte('!'); c < 0x7F; c++ {
		t[c] = strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) < 0
	}
	return t
}()

// readLine returns a line without its CRLF, of at most limit bytes.
func readLine(r *bufio.Reader, limit int) (string, error) {
	part, err := r.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull, err == nil && len(part) > limit:
		return "", broken("a line of its body's framing is too long")
	case err == io.EOF:
		return "", io.ErrUnexpectedEOF
	case err != nil:
		return "", err
	}
	line, _, ok := cutLine(string(part))
	if !ok {
		return "", broken("a line of its body's framing does not end in CRLF")
	}
	if !isText(line) {
		return "", broken("a line of its body's framing has a control character")
	}
	return line, nil
}

// response finds where the body ends (RFC 9112, section 6.3).
func (x *exchange) response(status int, keep bool) (*Response, error) {
	h := x.header
	res, body := &x.answer, &x.body
	*res = Response{Status: status, Header: h, Body: body, x: x}
	// Uvicorn closes the connection after the 500 of an exception that nobody
	// caught, once it has written the traceback, and does not say so in the
	// answer. A POST that comes in between is lost, and must not be repeated.
	keep = keep && status != http.StatusInternalServerError
	body.x, body.keep = x, keep
	coding, lengths := h["Transfer-Encoding"], h["Content-Length"]
	length, err := contentLength(lengths)
	if err != nil {
		return nil, err
	}
	switch {
	case status == http.StatusSwitchingProtocols:
		res.Length = -1
	case x.request.Method == "HEAD", status == http.StatusNoContent, status == http.StatusNotModified:
		// A length here speaks of a body that is not sent. An API that sends
		// one nevertheless must not answer the next request with it, which may
		// be another user's: not even if it is on its way still.
		res.Length = length
		body.done, body.keep = true, keep && length <= 0 && len(coding) == 0
	case len(coding) > 0:
		if len(coding) != 1 || !ascii.EqualFold(coding[0], "chunked") {
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
	r.x.client.conns.Remove(&r.x.conn.entry)
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

// maxChunkLine bounds the line of a chunk's size, with its extensions.
const maxChunkLine = 4 << 10

func (b *body) nextChunk() error {
	r := b.x.conn.r
	if b.inside {
		line, err := readLine(r, maxChunkLine)
		if err != nil {
			return err
		}
		if line != "" {
			return broken("a chunk is longer than it says")
		}
		b.inside = false
	}
	line, err := readLine(r, maxChunkLine)
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(line, ";")
	size = strings.TrimRight(size, " \t")
	n, err := strconv.ParseUint(size, 16, 62)
	if err != nil || size[0] == '+' {
		return broken("a chunk has no size")
	}
	if n > 0 {
		b.left, b.inside = int64(n), true
		return nil
	}
	text, err := readHead(r, b.x.client.cfg.MaxHeader)
	if err != nil {
		return err
	}
	trailer := http.Header{}
	if err := readFields(text, trailer); err != nil {
		return err
	}
	b.x.answer.Trailer, b.done = trailer, true
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
