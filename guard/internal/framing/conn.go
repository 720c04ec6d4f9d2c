// Package framing refuses HTTP/1.1 requests whose length two parsers could
// see differently, before Go's lenient parser reads them. It watches the bytes
// of a connection as they come and knows at each of them whether it belongs to
// a head or a body.
//
// Refused are, in the words of RFC 9112: line ends of a bare LF or CR (section
// 2.2), folded lines (5.2), white space around a field name (5.1), both
// Content-Length and Transfer-Encoding (6.1), a Content-Length that stands
// twice or is not a number (6.3), any transfer coding but chunked, chunk
// extensions (7.1.1), and trailers that name framing or credentials.
package framing

import (
	"bytes"
	"errors"
	"net"
	"strconv"
	"strings"
)

// ErrFraming is what reading a connection returns after a violation within a
// body.
var ErrFraming = errors.New("broken HTTP framing")

// poison is read in place of a head that was refused: no parser takes it, and
// net/http answers it with 400 and closes the connection.
const poison = "\r\n\x00 \x00\r\n\r\n"

// maxLine bounds one line of a chunked body, in bytes.
const maxLine = 4 << 10

// A Conn is a server's side of a connection, watched. Only one goroutine may
// read it at a time, as net/http does.
type Conn struct {
	net.Conn
	limit int // of a head, in bytes

	state state
	line  []byte // the current line, without what came before it
	head  int    // bytes of the current head
	body  int64  // bytes of the current body or chunk that are still to come

	length  string // of the current head's Content-Length
	chunked bool
	old     bool // HTTP/1.0
	first   bool // the next line is a request line

	pending []byte // poison still to be read
	broken  bool
}

type state int

const (
	inHead state = iota
	inBody
	inChunkSize
	inChunk
	inChunkEnd
	inTrailer
	passing // after an upgrade: no HTTP any more
)

// Watch returns c, watched. A head may have limit bytes; the limit is above
// that of net/http, which answers with 431 where this can only say 400.
func Watch(c net.Conn, limit int) *Conn {
	return &Conn{Conn: c, limit: limit, first: true}
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if len(c.pending) > 0 {
		n := copy(p, c.pending)
		c.pending = c.pending[n:]
		return n, nil
	}
	if c.broken {
		return 0, ErrFraming
	}
	n, err := c.Conn.Read(p)
	if n == 0 || c.state == passing {
		return n, err
	}
	if c.watch(p[:n]) {
		return n, err
	}
	c.broken = true
	if c.state == inHead {
		// The head so far may have been read already; what follows makes it
		// one that nobody takes.
		c.pending = []byte(poison)
		return c.Read(p)
	}
	return 0, ErrFraming
}

// Hijacked ends the watching: what follows is another protocol.
func (c *Conn) Hijacked() { c.state = passing }

// watch reports whether all is well so far.
func (c *Conn) watch(b []byte) bool {
	for len(b) > 0 {
		switch c.state {
		case passing:
			return true
		case inBody, inChunk:
			n := min(int64(len(b)), c.body)
			b, c.body = b[n:], c.body-n
			if c.body == 0 {
				if c.state == inBody {
					c.next()
				} else {
					c.state = inChunkEnd
				}
			}
			continue
		}
		i := bytes.IndexByte(b, '\n')
		part := b
		if i >= 0 {
			part = b[:i+1]
		}
		b = b[len(part):]
		c.head += len(part)
		if c.head > c.limit || c.state != inHead && len(c.line)+len(part) > maxLine {
			return false
		}
		if i < 0 {
			c.line = append(c.line, part...)
			return true
		}
		line := part
		if len(c.line) > 0 {
			line = append(c.line, part...)
			c.line = line[:0]
		}
		if len(line) < 2 || line[len(line)-2] != '\r' {
			return false // a bare LF
		}
		line = line[:len(line)-2]
		if bytes.IndexByte(line, '\r') >= 0 || bytes.IndexByte(line, 0) >= 0 {
			return false
		}
		if !c.take(line) {
			return false
		}
	}
	return true
}

// next begins another message.
func (c *Conn) next() {
	c.state, c.first, c.head = inHead, true, 0
	c.length, c.chunked, c.old = "", false, false
	if cap(c.line) > 1<<10 {
		c.line = nil // an idle connection keeps little
	}
}

// take reads one line, without its end.
func (c *Conn) take(line []byte) bool {
	switch c.state {
	case inHead:
		if c.first {
			if len(line) == 0 {
				return c.head <= 2 // RFC 9112, section 2.2: one empty line may come first
			}
			c.first = false
			c.old = bytes.HasSuffix(line, []byte("HTTP/1.0"))
			return requestLine(line)
		}
		if len(line) == 0 {
			return c.headEnd()
		}
		return c.field(line)
	case inChunkSize:
		return c.chunkSize(line)
	case inChunkEnd:
		c.state = inChunkSize
		return len(line) == 0
	case inTrailer:
		if len(line) == 0 {
			c.next()
			return true
		}
		name, _, ok := fieldName(line)
		return ok && !forbiddenTrailer(name)
	}
	return false
}

func requestLine(line []byte) bool {
	method, rest, ok := bytes.Cut(line, []byte{' '})
	if !ok || !isToken(method) {
		return false
	}
	target, version, ok := bytes.Cut(rest, []byte{' '})
	if !ok || len(target) == 0 {
		return false
	}
	for _, b := range target {
		if b <= ' ' || b >= 0x7F {
			return false
		}
	}
	return string(version) == "HTTP/1.1" || string(version) == "HTTP/1.0"
}

func isToken(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7F || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	return len(b) > 0
}

// fieldName parts a field line. A fold begins with white space, which no
// token has.
func fieldName(line []byte) (name, value []byte, ok bool) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || !isToken(line[:i]) {
		return nil, nil, false
	}
	return line[:i], bytes.Trim(line[i+1:], " \t"), true
}

func (c *Conn) field(line []byte) bool {
	name, value, ok := fieldName(line)
	if !ok {
		return false
	}
	// Only three names matter, and their lengths tell them from most others.
	switch len(name) {
	case len("Content-Length"):
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if c.length != "" || !digits(value) {
				return false
			}
			c.length = string(value)
		}
	case len("Transfer-Encoding"):
		if bytes.EqualFold(name, []byte("Transfer-Encoding")) {
			if c.chunked || !bytes.EqualFold(value, []byte("chunked")) {
				return false
			}
			c.chunked = true
		}
	}
	for _, b := range value {
		if b < ' ' && b != '\t' || b == 0x7F {
			return false
		}
	}
	return true
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0 && len(b) <= 18
}

func (c *Conn) headEnd() bool {
	c.head = 0
	switch {
	case c.chunked && (c.length != "" || c.old):
		return false // CL.TE and TE.CL; in HTTP/1.0 there is no such coding
	case c.chunked:
		c.state = inChunkSize
	case c.length != "":
		n, err := strconv.ParseInt(c.length, 10, 64)
		if err != nil {
			return false
		}
		c.body = n
		if n > 0 {
			c.state = inBody
		} else {
			c.next()
		}
	default:
		c.next()
	}
	return true
}

func (c *Conn) chunkSize(line []byte) bool {
	c.head = 0
	if len(line) == 0 || len(line) > 15 {
		return false
	}
	n, err := strconv.ParseUint(string(line), 16, 63)
	if err != nil || line[0] == '+' || line[0] == '-' || bytes.IndexByte(line, '_') >= 0 {
		return false // chunk extensions come here as well
	}
	c.body = int64(n)
	if n == 0 {
		c.state = inTrailer
	} else {
		c.state = inChunk
	}
	return true
}

// forbiddenTrailer is RFC 9110, section 6.5.1.
func forbiddenTrailer(name []byte) bool {
	switch strings.ToLower(string(name)) {
	case "transfer-encoding", "content-length", "host", "authorization", "cookie", "set-cookie", "connection",
		"trailer", "te", "content-encoding", "content-type", "content-range", "expect", "upgrade", "origin", "x-csrf-token":
		return true
	}
	return false
}

// CloseWrite ends this side's half of the connection, where its kind can.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}
