package http1

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// A body is the body of a request. Reading it and closing it may be done on
// different goroutines.
type body struct {
	conn     *conn
	exchange *exchange
	chunked  bool

	mu      sync.Mutex
	left    int64 // of the body or the chunk
	inside  bool  // a chunk, whose CRLF is still to come
	owed    bool  // 100 Continue
	done    bool  // read to its end, trailer and all
	err     error
	trailer int // bytes of it
}

// init makes b the body of r.
func (b *body) init(x *exchange, r *http.Request) {
	b.conn, b.exchange = x.conn, x
	b.left, b.chunked = max(r.ContentLength, 0), r.ContentLength < 0
	b.done = r.ContentLength == 0
	b.owed = !b.done && r.ProtoMinor == 1 && len(r.Header["Expect"]) > 0
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.err != nil:
		return 0, b.err
	case b.done:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	if b.owed {
		b.owed = false
		b.exchange.answer.proceed()
	}
	n, err := b.read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// read reads what is there of the body, of as many chunks as there are: who
// passes it on byte by byte does for each chunk of one byte what a chunk of
// thousands costs.
func (b *body) read(p []byte) (int, error) {
	n, err := b.readPart(p)
	for err == nil && b.chunked && b.left == 0 && n < len(p) && b.chunkAhead() {
		var more int
		more, err = b.readPart(p[n:])
		n += more
	}
	return n, err
}

// chunkAhead reports whether the next chunk can be begun without waiting. The
// last one has a trailer, which may be on its way.
func (b *body) chunkAhead() bool {
	have, ok := bytes.CutPrefix(b.conn.input.bytes(), ends[:2])
	if !ok || len(have) == 0 || have[0] == '0' {
		return false
	}
	i := bytes.IndexByte(have[:min(len(have), maxSize+2)], '\n')
	return i > 0 && i+1 < len(have)
}

func (b *body) readPart(p []byte) (int, error) {
	if b.chunked && b.left == 0 {
		if err := b.nextChunk(); err != nil {
			return 0, cutOff(err)
		}
		if b.done {
			return 0, io.EOF
		}
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.conn.input.read(b.conn, p)
	b.left -= int64(n)
	if n > 0 {
		err = nil // what broke off will say so again
	}
	if b.left == 0 && !b.chunked {
		b.finish()
		return n, io.EOF
	}
	return n, cutOff(err)
}

// cutOff makes an end before the end an error.
func cutOff(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// finish notes that the request is complete, and the client can be watched.
func (b *body) finish() {
	b.done = true
	c := b.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.request == b.exchange && c.input.empty() {
		c.quiet = true
	}
}

// maxSize is the longest line of a chunk's size, in digits.
const maxSize = 15

func (b *body) nextChunk() error {
	if b.inside {
		line, err := b.line(0)
		if err != nil {
			return err
		}
		if len(line) > 0 {
			return ErrChunk
		}
		b.inside = false
	}
	line, err := b.line(maxSize)
	if err != nil {
		return err
	}
	n, err := chunkSize(line)
	if err != nil {
		return err
	}
	if n > 0 {
		b.left, b.inside = n, true
		return nil
	}
	return b.readTrailer()
}

// chunkSize reads hexadecimal digits and nothing else.
func chunkSize(line []byte) (int64, error) {
	for _, c := range line {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return 0, ErrChunk
		}
	}
	n, err := strconv.ParseInt(string(line), 16, 64)
	if err != nil {
		return 0, ErrChunk
	}
	return n, nil
}

// line returns a line of at most limit bytes, without its CRLF, until the next
// reading.
func (b *body) line(limit int) ([]byte, error) {
	in := &b.conn.input
	for {
		have := in.bytes()
		i := bytes.IndexByte(have, '\n')
		switch {
		case i > limit+1 || i < 0 && len(have) > limit+1:
			return nil, ErrChunk
		case i == 0 || i > 0 && have[i-1] != '\r':
			return nil, ErrLineEnd
		case i > 0:
			in.skip(i + 1)
			return have[:i-1], nil
		}
		if err := in.fill(b.conn, limit+2); err != nil {
			return nil, err
		}
	}
}

// readTrailer reads the fields after the last chunk.
func (b *body) readTrailer() error {
	limit := b.conn.server.MaxHeader
	for range maxFields {
		line, err := b.line(limit - b.trailer)
		if err == error(ErrChunk) {
			return ErrTooLarge
		}
		if err != nil {
			return err
		}
		if len(line) == 0 {
			b.finish()
			return nil
		}
		b.trailer = min(limit, b.trailer+len(line)+2)
		name, value, why := field(string(line))
		if why != nil {
			return why
		}
		if forbiddenTrailer(name) {
			return ErrTrailer
		}
		r := b.exchange.request
		if r.Trailer == nil {
			r.Trailer = http.Header{}
		}
		r.Trailer[name] = append(r.Trailer[name], value)
	}
	return ErrTooMany
}

// foresee refuses a chunked body that is broken within what has come of it by
// now. The handler does not see such a request, and nobody else its head.
func (b *body) foresee() *Refusal {
	come := b.conn.input.bytes()
	if !b.chunked || len(come) == 0 {
		return nil
	}
	c := &conn{server: b.conn.server, net: spent{}}
	c.input = input{buf: bytes.Clone(come), w: len(come)}
	x := &exchange{conn: c, request: &http.Request{}}
	x.body = body{conn: c, exchange: x, chunked: true}
	_, err := io.Copy(io.Discard, &x.body)
	var why *Refusal
	if errors.As(err, &why) {
		return why
	}
	return nil
}

// spent is a connection on which nothing more will come.
type spent struct{ net.Conn }

func (spent) Read([]byte) (int, error) { return 0, io.EOF }

// Close implements io.Closer. What is left is not read.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil && !b.done {
		b.err = http.ErrBodyReadAfterClose
	}
	return nil
}

// settle takes what has come of the body already, and reports whether that is
// all of it, so that another request can follow.
func (b *body) settle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := &b.conn.input
	switch {
	case b.done:
		return true
	case b.err != nil && b.err != http.ErrBodyReadAfterClose, b.chunked, b.left > int64(len(in.bytes())):
		return false
	}
	in.skip(int(b.left))
	b.left, b.err = 0, http.ErrBodyReadAfterClose
	b.finish()
	return true
}
