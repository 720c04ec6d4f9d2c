package client

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

const (
	dialTime     = 5 * time.Second
	idleTime     = 4 * time.Second // below uvicorn's 5 s keep-alive
	maxHead      = 256 << 10       // bytes of one answer's head
	maxInterim   = 8               // 1xx answers before the final one
	firstBody    = 8 << 10         // bytes read at first of a body whose length is not told
	connReadSize = 4 << 10
)

var (
	errSlow = errors.New("no answer in time")
	errHead = errors.New("the answer's head is longer than 256 KiB")
	// errEnded is returned for a connection that the end of earlier work reached.
	errEnded = errors.New("the connection served work that was ended")
	// errHTTP2 is returned for a target that speaks HTTP/2 and no HTTP/1.1.
	errHTTP2 = errors.New("the target speaks HTTP/2 only")
)

// wire speaks HTTP/1.1 (RFC 9112) to one target over kept connections. The
// goroutine that asks also writes and reads: net/http's Transport has two
// goroutines for each connection, and waking them costs more CPU than the
// rest of a short request. It is safe for concurrent use.
type wire struct {
	target *url.URL
	tls    *tls.Config

	spoke atomic.Bool // the target has answered

	mu   sync.Mutex
	idle []*conn // the one used last is at the end
	shut bool
	key  []byte // the target's public key, as its certificate has it (SubjectPublicKeyInfo)
}

// conn is one connection, used by one goroutine at a time.
type conn struct {
	net.Conn
	in    *bufio.Reader
	out   *bufio.Writer
	left  int64 // bytes that may still be read
	since time.Time
	asked http.Request // tells the reader of an answer the method

	done  <-chan struct{} // closed when the work ends that the connection serves
	leave func() bool     // serves it no more; nil where it serves none
}

// serve ends whatever waits for the connection when ctx ends. Most exchanges
// of a scan share one context, which need not be told of each. It is false
// where the end of earlier work has reached the connection.
func (c *conn) serve(ctx context.Context) bool {
	if c.done == ctx.Done() {
		return true
	}
	if c.leave != nil && !c.leave() {
		return false
	}
	c.done, c.leave = ctx.Done(), context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	return true
}

// Close closes the connection, which serves nothing from then on.
func (c *conn) Close() error {
	if c.leave != nil {
		c.leave()
	}
	return c.Conn.Close()
}

// Read bounds what an answer's head may take.
func (c *conn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errHead
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

func newWire(target *url.URL, config *tls.Config) *wire {
	w := &wire{target: target}
	if target.Scheme == "https" {
		if w.tls = config.Clone(); w.tls == nil {
			w.tls = &tls.Config{}
		}
		w.tls.NextProtos = []string{"http/1.1"}
		if w.tls.ServerName == "" {
			w.tls.ServerName = target.Hostname()
		}
	}
	return w
}

func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = true
	for _, c := range w.idle {
		_ = c.Close() // nothing is awaited from it
	}
	w.idle = nil
}

// kept returns the connection that was used last, if it is young enough.
func (w *wire) kept() *conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.idle) == 0 {
		return nil
	}
	c := w.idle[len(w.idle)-1]
	w.idle = w.idle[:len(w.idle)-1]
	if time.Since(c.since) < idleTime {
		return c
	}
	_ = c.Close()
	for _, old := range w.idle { // which have waited longer
		_ = old.Close()
	}
	w.idle = w.idle[:0]
	return nil
}

func (w *wire) keep(c *conn) {
	c.since = time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shut {
		_ = c.Close()
		return
	}
	w.idle = append(w.idle, c)
}

// address returns host and port of the target.
func (w *wire) address() string {
	port := w.target.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[w.target.Scheme]
	}
	return net.JoinHostPort(w.target.Hostname(), port)
}

func (w *wire) dial(ctx context.Context) (*conn, error) {
	raw, err := dial(ctx, "tcp", w.address())
	if err != nil {
		return nil, err
	}
	raw = newQuick(raw)
	if w.tls != nil {
		secure := tls.Client(raw, w.tls)
		bounded, cancel := context.WithTimeout(ctx, dialTime)
		defer cancel()
		if err := secure.HandshakeContext(bounded); err != nil {
			_ = raw.Close()
			return nil, w.refused(ctx, err)
		}
		w.mu.Lock()
		w.key = secure.ConnectionState().PeerCertificates[0].RawSubjectPublicKeyInfo
		w.mu.Unlock()
		raw = secure
	}
	c := &conn{Conn: raw}
	c.in, c.out = bufio.NewReaderSize(c, connReadSize), bufio.NewWriterSize(raw, connReadSize)
	return c, nil
}

// An exchange is one request and the bounds of its answer.
type exchange struct {
	method     string
	url        *url.URL
	fields     []field // by name
	body       []byte  // nil: none, and no length is told
	target     string  // of the request line, known once checked
	head, rest time.Duration
	limit      int64 // bytes of the answer's body
}

// do sends a request. A kept connection may have been closed by the target
// in the meantime: where not one byte of an answer came from it, the request
// goes out once more over a new one.
func (w *wire) do(ctx context.Context, x *exchange) (*Response, error) {
	if err := x.check(); err != nil {
		return nil, err
	}
	if c := w.kept(); c != nil {
		res, began, err := w.over(ctx, c, x)
		if err == nil || began || ctx.Err() != nil || errors.Is(err, errSlow) {
			return res, err
		}
	}
	c, err := w.dial(ctx)
	if err != nil {
		return nil, err
	}
	res, _, err := w.over(ctx, c, x)
	if err != nil && w.tls != nil && !w.spoke.Load() && !errors.Is(err, errSlow) {
		// Some servers let a handshake pass and then do not speak HTTP/1.1.
		err = w.refused(ctx, err)
	}
	return res, err
}

// over makes the exchange over c and keeps or closes it. began tells that the
// target has answered something.
func (w *wire) over(ctx context.Context, c *conn, x *exchange) (res *Response, began bool, err error) {
	_ = c.SetDeadline(time.Now().Add(x.head)) // fails on closed connections only, which the write tells
	reusable := false
	defer func() {
		if reusable && err == nil && ctx.Err() == nil {
			w.keep(c)
		} else {
			_ = c.Close()
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = errSlow
		}
	}()
	if !c.serve(ctx) {
		return nil, false, errEnded
	}
	if ctx.Err() != nil {
		return nil, false, ctx.Err() // its deadline may have been overwritten
	}
	// A target may answer and close before it has read all of a body: its
	// answer counts, not the failed write.
	failed := x.write(c.out)
	c.left = maxHead
	if _, err = c.in.Peek(1); err != nil {
		if failed != nil {
			err = failed
		} else if errors.Is(err, io.EOF) {
			err = errNoAnswer
		}
		return nil, false, err
	}
	answer, err := x.read(c)
	if err != nil {
		return nil, true, err
	}
	w.spoke.Store(true)
	c.left = 1<<63 - 1
	if answer.ContentLength < 0 || answer.ContentLength > int64(c.in.Buffered()) { // else all of it is here
		_ = c.SetDeadline(time.Now().Add(x.rest))
	}
	if ctx.Err() != nil {
		return nil, true, ctx.Err() // the deadline of the cancellation was overwritten
	}
	res = &Response{Status: answer.StatusCode, Header: answer.Header, At: time.Now()}
	whole := res.readBody(answer.Body, answer.ContentLength, x.limit)
	reusable = failed == nil && whole && !answer.Close && !stray(answer) && answer.StatusCode != http.StatusSwitchingProtocols && c.in.Buffered() == 0
	return res, true, nil
}

// stray reports whether a body may follow an answer that has none by its
// status: one that tells a length all the same (RFC 9110 §8.6) may send it, and
// what comes late would be taken for the next answer.
func stray(answer *http.Response) bool {
	return answer.StatusCode == http.StatusNoContent &&
		(answer.Header.Get("Content-Length") != "" && answer.Header.Get("Content-Length") != "0" || len(answer.TransferEncoding) > 0)
}

// read reads the head of the final answer (RFC 9110 §15.2).
func (x *exchange) read(c *conn) (*http.Response, error) {
	c.asked.Method = x.method
	for range maxInterim {
		answer, err := http.ReadResponse(c.in, &c.asked)
		if err != nil {
			return nil, err
		}
		if answer.StatusCode >= 200 || answer.StatusCode == http.StatusSwitchingProtocols {
			return answer, nil
		}
	}
	return nil, errors.New("interim answers without end")
}

// readBody reads a body as far as limit and reports whether that was all. A
// body that breaks off or never ends is told, and does not undo the head.
func (r *Response) readBody(body io.Reader, length, limit int64) (whole bool) {
	first := int64(firstBody)
	if length >= 0 {
		first = length + 1 // room to see the end without growing
	}
	buf := make([]byte, 0, min(first, limit+1))
	for int64(len(buf)) <= limit {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		room := min(int64(cap(buf)), limit+1)
		n, err := body.Read(buf[len(buf):room])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			r.Truncated = true
			break
		}
	}
	r.Body = buf
	if int64(len(buf)) > limit {
		r.Body, r.Truncated = buf[:limit], true
	}
	whole = !r.Truncated
	r.decode(limit)
	return whole
}

// decode undoes the content coding that servers apply unasked. What a reader
// of this kind does not know stays as it came.
func (r *Response) decode(limit int64) {
	if coding := strings.ToLower(r.Header.Get("Content-Encoding")); coding != "gzip" && coding != "x-gzip" || len(r.Body) == 0 {
		return
	}
	z, err := gzip.NewReader(bytes.NewReader(r.Body))
	if err != nil {
		return
	}
	plain, err := io.ReadAll(io.LimitReader(z, limit+1)) // a small body may stand for a large one
	if int64(len(plain)) > limit {
		plain, err = plain[:limit], io.ErrShortBuffer
	}
	r.Body, r.Truncated = plain, r.Truncated || err != nil
}

// check makes the request target, and refuses what would not be one request on the wire (RFC 9112 §11.1).
func (x *exchange) check() error {
	if !httpguts.ValidHeaderFieldName(x.method) { // both are tokens
		return fmt.Errorf("malformed method %q", x.method)
	}
	for _, f := range x.fields {
		if !httpguts.ValidHeaderFieldName(f.name) {
			return fmt.Errorf("malformed field name %q", f.name)
		}
		for _, v := range f.values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return fmt.Errorf("malformed value of the field %s", f.name)
			}
		}
	}
	x.target = x.url.RequestURI()
	if strings.ContainsFunc(x.target, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return fmt.Errorf("malformed request target %q", x.target)
	}
	return nil
}

// write writes the request, the fields in the order of their names.
func (x *exchange) write(out *bufio.Writer) error {
	host, err := httpguts.PunycodeHostPort(x.url.Host)
	if err != nil {
		return err
	}
	// A bufio.Writer keeps its first error until Flush.
	for _, s := range []string{x.method, " ", x.target, " HTTP/1.1\r\nHost: ", host, "\r\n"} {
		_, _ = out.WriteString(s)
	}
	for _, f := range x.fields {
		if f.name == "Host" || f.name == "Content-Length" || f.name == "Transfer-Encoding" {
			continue
		}
		for _, v := range f.values {
			for _, s := range []string{f.name, ": ", v, "\r\n"} {
				_, _ = out.WriteString(s)
			}
		}
	}
	if len(x.body) > 0 || x.method == http.MethodPost || x.method == http.MethodPut || x.method == http.MethodPatch {
		_, _ = out.WriteString("Content-Length: ")
		_, _ = out.Write(strconv.AppendInt(out.AvailableBuffer(), int64(len(x.body)), 10))
		_, _ = out.WriteString("\r\n")
	}
	_, _ = out.WriteString("\r\n")
	_, _ = out.Write(x.body)
	return out.Flush()
}
