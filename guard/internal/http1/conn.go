package http1

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/pulse"
)

// A conn is one connection. Its own goroutine serves it; the server's group
// looks at it now and then, to end what takes too long.
type conn struct {
	entry    pulse.Entry
	deadline pulse.Deadline // for what is being read
	stall    pulse.Deadline // for what is being written
	server   *Server
	net      net.Conn
	tcp      *net.TCPConn    // net, where it is plain
	raw      syscall.RawConn // of tcp
	tls      *tls.ConnectionState
	client   net.Addr
	remote   string // client's text
	opened   pulse.Time
	input    input
	first    firstRead
	served   bool // a request

	mu       sync.Mutex
	phase    phase
	since    pulse.Time // of the phase
	quiet    bool       // the request has been read, and nothing comes after it
	watching chan struct{}
	called   bool // back from watching, or from waiting
	moving   bool // to another goroutine
	moved    bool // since it waits
	request  *exchange
}

type phase uint8

const (
	fresh   phase = iota // waits for its first request
	waiting              // waits for another
	serving
	gone // hijacked, handed to net/http, or closed
)

// tiredAfter is after which time a wait is a long one.
const tiredAfter = pulse.Period

// past is a deadline that ends a pending read.
var past = time.Unix(1, 0)

func newConn(s *Server, c net.Conn) *conn {
	k := &conn{server: s, net: c, client: c.RemoteAddr(), opened: pulse.Now()}
	k.since = k.opened
	return k
}

// serve serves the connection to its end.
func (c *conn) serve() {
	if !c.open() {
		c.end()
		return
	}
	c.deadline.Set(c.opened.After(c.server.HeaderTimeout))
	c.goOn()
}

// goOn serves requests until no other follows.
func (c *conn) goOn() {
	for {
		switch c.wait() {
		case over:
			c.end()
			return
		case tired:
			// The stack has grown with the last request, and would shrink with
			// some of the collections to come. A new goroutine's is small: it
			// is most of what a connection takes that waits for long.
			c.server.live.Go(c.goOn)
			return
		case ready:
			if !c.serveOne() || !c.deadline.Clear() {
				c.end()
				return
			}
			c.deadline.Set(c.rest().After(c.server.IdleTimeout))
		}
	}
}

// open does what comes before HTTP, and reports whether that is HTTP/1.1.
func (c *conn) open() bool {
	s := c.server
	if s.Open != nil || s.TLS != nil {
		// Handshakes write as well as they read, which the deadline does not
		// bound.
		c.net.SetDeadline(time.Now().Add(s.HeaderTimeout))
	}
	if s.Open != nil {
		client, err := s.Open(c.net)
		if err != nil {
			return false
		}
		c.client = client
	}
	if s.TLS == nil {
		if s.Open != nil {
			c.net.SetDeadline(time.Time{})
		}
		if c.tcp, _ = c.net.(*net.TCPConn); c.tcp != nil {
			var err error
			if c.raw, err = c.tcp.SyscallConn(); err != nil {
				return false
			}
		}
		return true
	}
	t := tls.Server(c.counted(), s.TLS)
	if err := t.Handshake(); err != nil {
		return false
	}
	c.swap(t)
	t.SetDeadline(time.Time{})
	state := t.ConnectionState()
	if state.NegotiatedProtocol != "h2" {
		c.tls = &state
		return true
	}
	c.leaves()
	select {
	case s.h2conns.conns <- t:
	case <-s.done:
		t.Close()
	}
	return false
}

// swap puts the connection that reads and writes in the place of what it is
// made on, which another goroutine may be about to cut.
func (c *conn) swap(n net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.net = n
}

// end closes the connection, unless it is somebody else's by now.
func (c *conn) end() {
	if c.leaves() {
		c.net.Close()
		if _, ok := c.net.(*tls.Conn); !ok {
			c.server.release() // else what it is made on did
		}
	}
	c.input.drop()
}

// leaves takes the connection out of the server's sight, and reports whether
// it was there.
func (c *conn) leaves() bool {
	c.mu.Lock()
	was := c.phase
	c.phase = gone
	c.mu.Unlock()
	if was == gone {
		return false
	}
	c.server.conns.Remove(&c.entry)
	return true
}

// What a wait ended with.
type waited uint8

const (
	over  waited = iota // nothing will come
	ready               // a request begins
	tired               // it takes long
)

// wait returns when a byte of a request is there, or is waited for too long.
func (c *conn) wait() waited {
	err := c.input.await(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	called, moving := c.called, c.moving
	c.called, c.moving = false, false
	if (called || moving) && !c.deadline.Passed() {
		c.net.SetReadDeadline(time.Time{})
	}
	switch {
	case err != nil && moving && !called && !c.deadline.Passed():
		return tired
	case err != nil && called:
		// It was told to leave. A request that has come meanwhile is answered
		// nevertheless: its client could not know.
		err = c.input.poll(c)
	}
	if err != nil {
		return over
	}
	c.phase, c.since = serving, pulse.Now()
	return ready
}

// rest notes that the connection waits.
func (c *conn) rest() pulse.Time {
	now := pulse.Now()
	c.mu.Lock()
	c.phase, c.since, c.request, c.moved = waiting, now, nil, false
	c.mu.Unlock()
	return now
}

// serveOne serves the request that begins, and reports whether another may
// follow.
func (c *conn) serveOne() (another bool) {
	head, err := c.head()
	if err != nil {
		var why *Refusal
		if errors.As(err, &why) {
			c.refuse(why)
		}
		return false
	}
	s := spares.Get().(*spare)
	x := &exchange{conn: c}
	r := http.Request{Header: s.request, URL: &x.url, Body: http.NoBody, RemoteAddr: c.address(), TLS: c.tls}
	if why := parse(head, &r); why != nil {
		c.refuse(why)
		return false
	}
	c.served = true
	x.body.init(x, &r)
	if why := x.body.foresee(); why != nil {
		c.refuse(why)
		return false
	}
	if !x.body.done {
		r.Body = &x.body
	}
	x.request = r.WithContext(&x.lifetime)
	x.answer = answer{exchange: x, header: s.answer, out: s.out[:0]}
	c.mu.Lock()
	c.request, c.quiet = x, x.body.done && c.input.empty()
	c.mu.Unlock()
	if !c.handle(x) {
		return false // s may still be in somebody's hands
	}
	another = x.answer.finish()
	s.out = x.answer.out
	s.give()
	return another
}

// handle runs the handler, and reports whether it returned.
func (c *conn) handle(x *exchange) (returned bool) {
	defer func() {
		c.unwatch()
		x.lifetime.end()
		if returned {
			return
		}
		if e := recover(); e != nil && e != http.ErrAbortHandler {
			c.server.logf("panic while serving %s: %v\n%s", c.remote, e, debug.Stack())
		}
		if x.answer.taken {
			return
		}
		if x.answer.untilClose {
			c.reset() // an ordinary end would make the part look whole
		}
	}()
	c.server.Handler.ServeHTTP(&x.answer, x.request)
	return true
}

// address is the client's.
func (c *conn) address() string {
	if c.remote == "" {
		c.remote = c.client.String()
	}
	return c.remote
}

var ends = []byte("\r\n\r\n")

// head reads a head. Errors that are no Refusal end the connection silently.
func (c *conn) head() (string, error) {
	in, limit := &c.input, c.server.MaxHeader
	if !c.deadline.Clear() {
		return "", context.DeadlineExceeded
	}
	skipped, seen := false, 0
	for {
		b := in.bytes()
		if !skipped && bytes.HasPrefix(b, ends[:2]) {
			// Section 2.2: one empty line may come first.
			in.skip(2)
			b, skipped = b[2:], true
		}
		if i := bytes.Index(b[max(0, seen-3):], ends); i >= 0 {
			n := max(0, seen-3) + i + len(ends)
			if n > limit {
				return "", ErrTooLarge
			}
			// One text for the whole head: its parts may be kept for as long
			// as anybody likes, and the buffer is the next reader's.
			head := string(b[:n])
			in.skip(n)
			if !c.deadline.Clear() {
				return "", ErrTimeout
			}
			return head, nil
		}
		if len(b) > limit {
			return "", ErrTooLarge
		}
		if why := hopeless(b, seen); why != nil {
			return "", why
		}
		seen = len(b)
		c.deadline.Set(c.headBy())
		if err := in.fill(c, limit+1); err != nil {
			if c.deadline.Passed() && seen > 0 {
				return "", ErrTimeout
			}
			return "", err
		}
	}
}

// headBy is when a head that has begun must be complete.
func (c *conn) headBy() pulse.Time {
	from := c.opened
	if c.served {
		c.mu.Lock()
		from = c.since
		c.mu.Unlock()
	}
	return from.After(c.server.HeaderTimeout)
}

// hopeless refuses a head whose end would never be found, of which seen bytes
// were looked at before.
func hopeless(b []byte, seen int) *Refusal {
	if len(b) > 0 && class[b[0]]&token == 0 && !(b[0] == '\r' && len(b) == 1) {
		return ErrRequestLine // or TLS, on a port that has none
	}
	for i := seen; i < len(b); i++ {
		if b[i] == '\n' && (i == 0 || b[i-1] != '\r') {
			return ErrLineEnd
		}
	}
	return nil
}

// Pulse implements pulse.Member.
func (c *conn) Pulse(now pulse.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deadline.Pass(now) {
		c.net.SetReadDeadline(past)
	}
	if c.stall.Pass(now) {
		c.net.SetWriteDeadline(past)
	}
	if c.phase == waiting && !c.moved && now >= c.since.After(tiredAfter) {
		c.moving, c.moved = true, true
		c.net.SetReadDeadline(past)
	}
	// Most requests are over by now; only with the others is it worth a
	// goroutine to see whether the client still waits.
	if c.phase == serving && c.quiet && c.watching == nil && now >= c.since.After(pulse.Period) {
		c.watching = make(chan struct{})
		go c.watch()
	}
}

// watch reads on while the handler works, to learn of the client's end. A byte
// of another request stays in the input.
func (c *conn) watch() {
	err := c.input.peek(c)
	c.mu.Lock()
	x, over := c.request, c.called
	c.mu.Unlock()
	var timeout net.Error
	if err != nil && !over && !(errors.As(err, &timeout) && timeout.Timeout()) {
		x.lifetime.end()
	}
	close(c.watching)
}

// unwatch ends the watching, if there is any.
func (c *conn) unwatch() {
	c.mu.Lock()
	c.quiet = false
	watching := c.watching
	c.called = watching != nil
	c.mu.Unlock()
	if watching == nil {
		return
	}
	c.net.SetReadDeadline(past)
	<-watching
	c.net.SetReadDeadline(time.Time{})
	c.mu.Lock()
	c.watching, c.called = nil, false
	c.mu.Unlock()
}

// unusedFor is how long a new connection may wait for its first request while
// the server shuts down, as in net/http.
const unusedFor = 5 * time.Second

// leave ends the connection if it waits for a request.
func (c *conn) leave(now pulse.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == waiting || c.phase == fresh && now >= c.opened.After(unusedFor) {
		c.called = true
		c.net.SetReadDeadline(past)
	}
}

// cut ends the connection.
func (c *conn) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.net.(*tls.Conn); ok {
		t.NetConn().Close() // t's own Close would wait to say so
		return
	}
	c.net.Close()
}

// reset ends the connection without a word, TLS's own included, and drops what
// the kernel still holds for a client that does not take it.
func (c *conn) reset() {
	n := c.net
	if t, ok := n.(*tls.Conn); ok {
		n = t.NetConn()
	}
	if k, ok := n.(*counted); ok {
		n = k.Conn
	}
	if l, ok := n.(interface{ SetLinger(int) error }); ok {
		l.SetLinger(0)
	}
	c.cut()
}

// lingerFor and lingerBytes bound the reading of what nobody wants.
const (
	lingerFor   = time.Second
	lingerBytes = 256 << 10
)

// write writes what there is, as one where the kind of connection can. A client
// that takes nothing of it for too long is given up.
func (c *conn) write(out, p []byte) error {
	c.stall.Set(pulse.Now().After(c.server.WriteTimeout))
	var err error
	switch {
	case len(p) == 0:
		_, err = c.net.Write(out)
	case len(out) == 0:
		_, err = c.net.Write(p)
	default:
		both := net.Buffers{out, p}
		if c.tcp != nil {
			_, err = both.WriteTo(c.tcp)
		} else {
			_, err = both.WriteTo(c.net)
		}
	}
	if !c.stall.Clear() {
		c.reset()
		if err == nil {
			err = os.ErrDeadlineExceeded // the next write would fail
		}
	}
	return err
}

// linger ends the connection so that the client can read what was said last.
// Closed with bytes unread, a connection is reset, and takes its answers along.
func (c *conn) linger() {
	half, ok := c.net.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	c.net.SetReadDeadline(time.Now().Add(lingerFor))
	io.CopyN(io.Discard, c.net, lingerBytes)
}

// A counted connection is closed by somebody else than its conn, and gives its
// place to another then.
type counted struct {
	net.Conn
	client net.Addr
	server *Server
	once   sync.Once
}

func (c *conn) counted() net.Conn {
	return &counted{Conn: c.net, client: c.client, server: c.server}
}

// RemoteAddr implements net.Conn.
func (c *counted) RemoteAddr() net.Addr { return c.client }

// Close implements net.Conn.
func (c *counted) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.server.release)
	return err
}

// CloseWrite ends this side's half of the connection, where its kind can.
func (c *counted) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}
