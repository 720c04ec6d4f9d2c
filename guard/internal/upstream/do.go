package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/pulse"
)

// A Request is what is sent. Its head is written by the caller, who knows
// which fields are safe.
type Request struct {
	Method string
	// Head is the request line and the field lines, each with its CRLF,
	// without Content-Length, Transfer-Encoding, and the empty line.
	Head []byte
	// Body is read by Do, possibly on another goroutine and until the
	// answer's body is closed. Length is its length, 0 for none, or -1 where
	// it is not known.
	Body   io.Reader
	Length int64
	// Trailer returns the fields to send after a body of unknown length; it
	// is called when the body has been read. It may be nil.
	Trailer func() http.Header
	// Abort makes a pending read of Body return. It is needed with a Body.
	Abort func()
	// Upgrade says that an answer 101 is expected.
	Upgrade bool
	// Informational, where it is set, is given each answer 1xx but 101.
	Informational func(status int, h http.Header)
}

// maxBuffered is the longest body that is read before a connection is taken,
// so that a slow client does not hold one, and so that the request can be
// sent again. It is written together with the head.
const maxBuffered = 32 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// idempotent is RFC 9110, section 9.2.2.
func (q *Request) idempotent() bool {
	switch q.Method {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE":
		return true
	}
	return false
}

// Do sends the request and returns the answer when its head is there. A
// request is sent again, on a new connection, only if an old connection turned
// out to be closed, no byte of an answer came, and the request is idempotent
// and can be repeated. The caller closes the answer's body.
func (c *Client) Do(ctx context.Context, q *Request) (*Response, error) {
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= 64<<10 {
			buffers.Put(buf)
		}
	}()
	message, streaming, err := q.message((*buf)[:0])
	*buf = message
	if err != nil {
		return nil, err
	}
	for {
		k := c.take(time.Now())
		if k != nil && !k.alive() {
			k.Close()
			continue
		}
		if k == nil {
			if k, err = c.dial(ctx); err != nil {
				return nil, err
			}
		}
		reused := k.reused
		res, err := c.exchange(ctx, k, q, message, streaming)
		var stale *staleError
		if errors.As(err, &stale) && reused && !streaming && q.idempotent() && ctx.Err() == nil {
			continue
		}
		return res, err
	}
}

// message appends what is written at once: the head, and the body if it is
// short.
func (q *Request) message(b []byte) (out []byte, streaming bool, err error) {
	b = append(b, q.Head...)
	switch {
	case q.Length == 0:
		if q.Method != "GET" && q.Method != "HEAD" && q.Method != "OPTIONS" {
			b = append(b, "Content-Length: 0\r\n"...)
		}
		return append(b, "\r\n"...), false, nil
	case q.Length < 0:
		return append(b, "Transfer-Encoding: chunked\r\n\r\n"...), true, nil
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, q.Length, 10)
	b = append(b, "\r\n\r\n"...)
	if q.Length > maxBuffered {
		return b, true, nil
	}
	n := len(b)
	b = append(b, make([]byte, q.Length)...)
	if _, err := io.ReadFull(q.Body, b[n:]); err != nil {
		return b, false, fmt.Errorf("%w: %w", ErrRequestBody, err)
	}
	return b, false, nil
}

// A staleError says that a connection failed before any byte of the answer.
type staleError struct{ cause error }

func (e *staleError) Error() string { return "the API closed the connection: " + e.cause.Error() }
func (e *staleError) Unwrap() error { return e.cause }

func (c *Client) exchange(ctx context.Context, k *conn, q *Request, message []byte, streaming bool) (*Response, error) {
	x := &exchange{client: c, conn: k, request: q}
	// A client that has gone, or a guard that shuts down, ends the exchange.
	if own, ok := ctx.(afterFuncer); ok {
		x.stop = own.AfterFunc(k.cancel)
	} else {
		x.stop = context.AfterFunc(ctx, k.cancel)
	}
	if _, err := k.Write(message); err != nil {
		x.abandon()
		return nil, &staleError{err}
	}
	if streaming {
		x.sent = make(chan error, 1)
		go x.send()
	} else {
		x.due(c.cfg.ResponseTimeout)
	}
	res, err := x.receive()
	if err == nil {
		return res, nil
	}
	x.abandon()
	if bodyErr := x.bodyError(); bodyErr != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequestBody, bodyErr)
	}
	if cause := ctx.Err(); cause != nil {
		return nil, cause
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, ErrTimeout
	}
	return nil, err
}

// An afterFuncer is a context that can do itself what context.AfterFunc would
// do with a context of its own.
type afterFuncer interface {
	AfterFunc(f func()) (stop func() bool)
}

// An exchange is one request and its answer.
type exchange struct {
	answer Response
	header http.Header // of the answer
	body   body

	client  *Client
	conn    *conn
	request *Request
	stop    func() bool
	sent    chan error // the end of a streamed body; nil where none streams
	failed  error      // why the body could not be read

	mu    sync.Mutex
	begun bool // the answer
	read  bool // the request's body, to its end
}

// due starts the time within which the answer must begin.
func (x *exchange) due(within time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.begun {
		x.conn.deadline.Set(pulse.Now().After(within))
	}
}

// answered ends that time, and reports whether it was kept: a body may come as
// slowly as it likes.
func (x *exchange) answered() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.begun = true
	return x.conn.deadline.Clear()
}

// send streams the request's body.
func (x *exchange) send() {
	err := x.copyBody()
	switch {
	case x.failed != nil:
		// The connection is closed, and nothing more waits for it.
	case errors.Is(err, os.ErrDeadlineExceeded):
		x.due(0) // who takes nothing answers nothing
	default:
		// The time for an answer begins when the request is complete, or when
		// the API will not have the rest of it.
		x.due(x.client.cfg.ResponseTimeout)
	}
	x.sent <- err
}

// write writes a part of the body. The API may pause, but for no longer than
// it may think about an answer: nobody else sees whether the client is still
// there, as long as nothing is read from it.
func (x *exchange) write(parts ...[]byte) error {
	k, b := x.conn, net.Buffers(parts)
	k.stall.Set(pulse.Now().After(x.client.cfg.ResponseTimeout))
	_, err := b.WriteTo(k.Conn)
	if !k.stall.Clear() {
		return os.ErrDeadlineExceeded
	}
	return err
}

func (x *exchange) copyBody() error {
	q, k := x.request, x.conn
	bp := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(bp)
	buf := *bp
	left := q.Length
	var chunk []byte
	for {
		n, err := q.Body.Read(buf[:len(buf)-2])
		if err == io.EOF {
			x.mu.Lock()
			x.read = true
			x.mu.Unlock()
		}
		if n > 0 {
			if q.Length < 0 {
				chunk = append(strconv.AppendInt(chunk[:0], int64(n), 16), "\r\n"...)
				if err := x.write(chunk, append(buf[:n], "\r\n"...)); err != nil {
					return err
				}
			} else {
				if left -= int64(n); left < 0 {
					err = errors.New("it is longer than announced")
					x.failed = err
					k.Conn.Close()
					return err
				}
				if err := x.write(buf[:n]); err != nil {
					return err
				}
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			x.failed = err
			k.Conn.Close() // the API must not take the part for the whole
			return err
		}
	}
	if left > 0 {
		x.failed = io.ErrUnexpectedEOF
		k.Conn.Close()
		return x.failed
	}
	if q.Length < 0 {
		end := bytes.NewBufferString("0\r\n")
		if q.Trailer != nil {
			q.Trailer().Write(end)
		}
		end.WriteString("\r\n")
		return x.write(end.Bytes())
	}
	return nil
}

// lastWrite bounds the end of a request whose answer is over.
const lastWrite = time.Second

// wait returns when the request's body is no longer being read.
func (x *exchange) wait() error {
	if x.sent == nil {
		return nil
	}
	select {
	case err := <-x.sent:
		x.sent = nil
		return err
	default:
	}
	x.mu.Lock()
	read := x.read
	x.mu.Unlock()
	if read {
		// The API may have answered before the last write returned here. To
		// abort now would break the client's connection under its next
		// request.
		x.conn.SetWriteDeadline(time.Now().Add(lastWrite))
		err := <-x.sent
		x.sent = nil
		x.conn.SetWriteDeadline(time.Time{})
		return err
	}
	// The answer is over and the request is not: the rest goes nowhere.
	x.conn.Conn.Close()
	if x.request.Abort != nil {
		x.request.Abort()
	}
	err := <-x.sent
	x.sent = nil
	if err == nil {
		err = net.ErrClosed
	}
	return err
}

func (x *exchange) bodyError() error { return x.failed }

// abandon gives the connection up.
func (x *exchange) abandon() {
	x.stop()
	x.conn.Close()
	x.wait()
}

// finish keeps the connection for another request if it is in order.
func (x *exchange) finish(keep bool) {
	if err := x.wait(); err != nil {
		keep = false
	}
	if !x.stop() || !keep || x.conn.r.Buffered() > 0 {
		x.conn.Close()
		return
	}
	x.client.put(x.conn, time.Now())
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}
