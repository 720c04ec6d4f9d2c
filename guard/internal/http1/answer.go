package http1

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/pulse"
)

// An exchange is one request and its answer, in one piece of memory.
type exchange struct {
	conn     *conn
	request  *http.Request
	url      url.URL
	lifetime lifetime
	body     body
	answer   answer
}

// A spare is what an exchange needs while it lasts and the next can use again.
type spare struct {
	request, answer http.Header
	out             []byte
}

const (
	outBytes = 4 << 10 // written at once
	// A spare that a request made larger than these is not kept.
	keptOut    = 16 << 10
	keptFields = 64
)

var spares = sync.Pool{New: func() any {
	return &spare{make(http.Header, 16), make(http.Header, 16), make([]byte, 0, outBytes)}
}}

// give makes it another exchange's.
func (s *spare) give() {
	if cap(s.out) > keptOut || len(s.request) > keptFields || len(s.answer) > keptFields {
		return
	}
	clear(s.request)
	clear(s.answer)
	spares.Put(s)
}

// An answer is an http.ResponseWriter. What http.ResponseController can do
// with one, it can.
//
// The head is put together when its status is known, all but how long the body
// is; head and body go out in one write where they are short.
type answer struct {
	exchange *exchange
	header   http.Header
	out      []byte // to be written
	early    []byte // of the body, while its length is not known
	err      error  // of writing

	status     int
	length     int64 // said by the handler, or -1
	written    int64 // of the body
	announced  bool  // that a trailer follows
	begun      bool  // the head is complete
	chunked    bool
	untilClose bool
	closing    bool
	duplex     bool
	taken      bool // hijacked
	over       bool // the handler has returned

	mu sync.Mutex // of proceeding, which the body's reader does
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.taken || a.over || a.status != 0 {
		return
	}
	if status < 100 || status > 999 {
		panic("http1: the status " + strconv.Itoa(status) + " is none")
	}
	if status < 200 {
		a.interim(status)
		return
	}
	a.mu.Lock()
	a.status = status
	a.mu.Unlock()
	a.length = -1
	a.statusLine(status)
	for name, values := range a.header {
		switch name {
		case "Content-Length":
			if n, err := strconv.ParseInt(first(values), 10, 64); err == nil && n >= 0 && len(values) == 1 {
				a.length = n
			}
			continue
		case "Connection":
			a.closing = a.closing || options(values, "close")
			continue
		case "Transfer-Encoding", "Keep-Alive":
			continue
		case "Trailer":
			a.announced = true
			continue
		}
		if strings.HasPrefix(name, http.TrailerPrefix) {
			continue
		}
		a.fields(name, values)
	}
	if _, ok := a.header["Date"]; !ok {
		a.out = append(a.out, a.exchange.conn.server.today.date()...)
	}
	if a.length >= 0 || a.bodiless() {
		a.begin()
	}
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func (a *answer) statusLine(status int) {
	a.out = append(a.out, "HTTP/1.1 "...)
	a.out = strconv.AppendInt(a.out, int64(status), 10)
	a.out = append(append(append(a.out, ' '), http.StatusText(status)...), "\r\n"...)
}

// fields appends the lines of one name. What would end a line does not.
func (a *answer) fields(name string, values []string) {
	if name == "" || !consists(name, token) {
		return
	}
	for _, v := range values {
		a.out = append(append(a.out, name...), ": "...)
		from := len(a.out)
		a.out = append(a.out, v...)
		if !consists(v, text) {
			for i, c := range a.out[from:] {
				if class[c]&text == 0 {
					a.out[from+i] = ' '
				}
			}
		}
		a.out = append(a.out, "\r\n"...)
	}
}

// bodiless reports whether the answer has no body whatever its head says (RFC
// 9112, section 6.3).
func (a *answer) bodiless() bool {
	return a.status == http.StatusNoContent || a.status == http.StatusNotModified || a.exchange.request.Method == http.MethodHead
}

// begin completes the head: how long the body is, and what becomes of the
// connection.
func (a *answer) begin() {
	a.begun = true
	x := a.exchange
	old := x.request.ProtoMinor == 0
	switch {
	case a.length >= 0:
		if a.status != http.StatusNoContent {
			a.out = append(a.out, "Content-Length: "...)
			a.out = strconv.AppendInt(a.out, a.length, 10)
			a.out = append(a.out, "\r\n"...)
		}
	case a.bodiless():
	case old:
		a.untilClose = true
	default:
		a.chunked = true
		a.out = append(a.out, "Transfer-Encoding: chunked\r\n"...)
		for name := range names(a.header["Trailer"]) {
			a.fields("Trailer", []string{name})
		}
	}
	if !a.duplex && !x.body.settle() {
		// The client may be sending still, and nobody reads.
		a.closing = true
	}
	if a.closing || old || x.request.Close || x.conn.server.closing.Load() {
		a.closing = true
		a.out = append(a.out, "Connection: close\r\n"...)
	}
	a.out = append(a.out, "\r\n"...)
}

// interim writes an answer 1xx at once. It has the fields that the handler has
// set by now.
func (a *answer) interim(status int) {
	if a.exchange.request.ProtoMinor == 0 || status == http.StatusSwitchingProtocols {
		return // RFC 9110, section 15.2; and protocols are switched by hijacking
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.statusLine(status)
	for name, values := range a.header {
		if name != "Content-Length" && name != "Transfer-Encoding" && name != "Connection" {
			a.fields(name, values)
		}
	}
	a.out = append(a.out, "\r\n"...)
	a.flush()
}

var continuing = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// proceed asks the client for the body that it holds back (RFC 9110, section
// 10.1.1). Once there is an answer, it need not send it any more.
func (a *answer) proceed() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.status == 0 && !a.taken {
		if err := a.exchange.conn.write(continuing, nil); err != nil {
			a.exchange.lifetime.end() // reading the body fails as well
		}
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	switch {
	case a.taken:
		return 0, http.ErrHijacked
	case a.over:
		return 0, net.ErrClosed
	case a.status == 0:
		a.WriteHeader(http.StatusOK)
	}
	switch {
	case a.err != nil:
		return 0, a.err
	case a.exchange.request.Method == http.MethodHead:
		return len(p), nil
	case a.bodiless():
		return 0, http.ErrBodyNotAllowed
	case a.length >= 0 && a.written+int64(len(p)) > a.length:
		return 0, http.ErrContentLength
	}
	a.written += int64(len(p))
	if !a.begun {
		if len(a.early)+len(p) <= outBytes/2 {
			a.early = append(a.early, p...)
			return len(p), nil
		}
		a.beginChunked()
	}
	a.put(p)
	return len(p), a.err
}

// WriteString implements io.StringWriter.
func (a *answer) WriteString(s string) (int, error) { return a.Write([]byte(s)) }

// beginChunked begins a body whose length is not known.
func (a *answer) beginChunked() {
	a.begin()
	early := a.early
	a.early = nil
	a.put(early)
}

// put writes a part of the body, sooner or later.
func (a *answer) put(p []byte) {
	if len(p) == 0 {
		return
	}
	if a.chunked {
		a.out = strconv.AppendInt(a.out, int64(len(p)), 16)
		a.out = append(a.out, "\r\n"...)
	}
	if len(a.out)+len(p)+len("\r\n") <= cap(a.out) {
		a.out = append(a.out, p...)
	} else {
		a.send(p)
	}
	if a.chunked {
		a.out = append(a.out, "\r\n"...)
	}
}

// send writes what is due and p.
func (a *answer) send(p []byte) {
	if len(a.out)+len(p) > 0 && a.err == nil {
		if a.err = a.exchange.conn.write(a.out, p); a.err != nil {
			a.exchange.lifetime.end() // nobody reads it
		}
	}
	a.out = a.out[:0]
}

// flush writes what is due.
func (a *answer) flush() { a.send(nil) }

// Flush implements http.Flusher.
func (a *answer) Flush() { a.FlushError() }

// FlushError is what http.ResponseController calls.
func (a *answer) FlushError() error {
	switch {
	case a.taken:
		return http.ErrHijacked
	case a.over:
		return net.ErrClosed
	case a.status == 0:
		a.WriteHeader(http.StatusOK)
	}
	if !a.begun {
		a.beginChunked()
	}
	a.flush()
	return a.err
}

// finish ends the answer, and reports whether another request may follow.
func (a *answer) finish() bool {
	a.over = true
	if a.taken {
		return false
	}
	if a.status == 0 {
		a.over = false
		a.WriteHeader(http.StatusOK)
		a.over = true
	}
	trailers := a.trailers()
	if !a.begun {
		if a.announced || len(trailers) > 0 {
			a.beginChunked()
		} else {
			a.length = int64(len(a.early))
			a.begin()
			a.put(a.early)
		}
	}
	if a.chunked {
		a.out = append(a.out, "0\r\n"...)
		for name, values := range trailers {
			a.fields(name, values)
		}
		a.out = append(a.out, "\r\n"...)
	}
	a.flush()
	if a.err != nil || a.length > a.written && !a.bodiless() {
		return false
	}
	c := a.exchange.conn
	if !a.exchange.body.settle() {
		c.linger()
		return false
	}
	return !a.closing
}

// trailers are the fields that the handler set for after the body: under
// http.TrailerPrefix, or announced in the head.
func (a *answer) trailers() http.Header {
	var out http.Header
	add := func(name string, values []string) {
		if out == nil {
			out = http.Header{}
		}
		out[name] = values
	}
	for name, values := range a.header {
		if rest, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			add(http.CanonicalHeaderKey(rest), values)
		}
	}
	for name := range names(a.header["Trailer"]) {
		if values, ok := a.header[name]; ok {
			add(name, values)
		}
	}
	return out
}

// names are the fields that may stand in a trailer of those that the lines
// announce.
func names(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range lines {
			for name := range strings.SplitSeq(line, ",") {
				name = http.CanonicalHeaderKey(strings.Trim(name, " \t"))
				if name != "" && !forbiddenTrailer(name) && !yield(name) {
					return
				}
			}
		}
	}
}

// EnableFullDuplex is what http.ResponseController calls: the answer may begin
// while the request is still being read.
func (a *answer) EnableFullDuplex() error {
	a.duplex = true
	return nil
}

// SetReadDeadline is what http.ResponseController calls. It is kept to a
// [pulse.Period], but for one in the past, which ends a pending read at once,
// and the connection with it.
func (a *answer) SetReadDeadline(t time.Time) error {
	c := a.exchange.conn
	if t.IsZero() {
		if !c.deadline.Clear() {
			return context.DeadlineExceeded
		}
		return nil
	}
	now := pulse.Now()
	left := time.Until(t)
	c.deadline.Set(now.After(max(left, 0)))
	if left <= 0 && c.deadline.Pass(now) {
		return c.net.SetReadDeadline(past)
	}
	return nil
}

// SetWriteDeadline is what http.ResponseController calls.
func (a *answer) SetWriteDeadline(t time.Time) error {
	return a.exchange.conn.net.SetWriteDeadline(t)
}

// Hijack implements http.Hijacker.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if a.taken || a.over {
		return nil, nil, http.ErrHijacked
	}
	if a.status != 0 {
		return nil, nil, errAnswered
	}
	c := a.exchange.conn
	c.unwatch()
	if !c.deadline.Clear() || !c.leaves() {
		return nil, nil, net.ErrClosed
	}
	a.mu.Lock()
	a.taken = true
	a.mu.Unlock()
	n := c.net
	if c.tcp != nil {
		n = c.counted()
	}
	in := &c.input
	if in.hasAhead {
		in.hold()
	}
	ahead := bytes.Clone(in.bytes())
	in.drop()
	r := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(ahead), n), max(len(ahead), 4<<10))
	if _, err := r.Peek(len(ahead)); err != nil {
		return nil, nil, err
	}
	return n, bufio.NewReadWriter(r, bufio.NewWriter(n)), nil
}

var errAnswered = errors.New("http1: the answer has begun")
