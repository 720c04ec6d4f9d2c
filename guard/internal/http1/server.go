// Package http1 serves HTTP/1.1 as the front of a proxy needs it. It has one
// strict parser, where a lenient one behind a filter would have to agree with
// the filter; a connection that waits holds neither a buffer nor a timer; and
// what an answer needs of memory is taken for as long as a request lasts.
//
// net/http's server was more than a third of the processor time of the guard
// that this was made for: a goroutine and a timer to watch each connection
// during each request, maps and buffers made anew, and every header read twice.
// HTTP/2, which needs none of that, stays with net/http, on the same listener.
//
// The handler must not use a request's header, or the answer's, once it has
// returned: their maps are given to the next request. All else of a request is
// its own for ever.
package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/pulse"
)

// A Server serves connections of one listener. Its fields are set before
// Serve, and all but TLS, Open, Refused and ErrorLog are required.
type Server struct {
	Handler http.Handler
	// TLS is set where connections begin with a handshake.
	TLS *tls.Config
	// Open, where it is set, reads what comes before TLS and HTTP on a
	// connection, such as a PROXY header, within HeaderTimeout, and no byte
	// beyond it. It returns the client's address.
	Open func(net.Conn) (client net.Addr, err error)
	// MaxHeader is the longest head of a request, in bytes. MaxConnections is
	// the most connections at a time; more wait in the kernel's queue.
	MaxHeader, MaxConnections int
	// HeaderTimeout bounds the time for the head of a request, and for a new
	// connection's first one; IdleTimeout the waiting for the next; and
	// WriteTimeout for how long a client may take nothing of an answer.
	HeaderTimeout, IdleTimeout, WriteTimeout time.Duration
	// Refused is told of each request that never reached the handler.
	Refused func(client string, why *Refusal)
	// ErrorLog gets what is an error of nobody but the machine or the handler;
	// nil is the standard logger.
	ErrorLog *log.Logger

	conns   pulse.Group    // neither hijacked nor handed to net/http
	live    sync.WaitGroup // of what serves them
	slots   chan struct{}
	closing atomic.Bool
	today   today
	once    sync.Once
	done    chan struct{} // closed when closing
	h2      *http.Server
	h2conns *handover

	mu       sync.Mutex
	listener net.Listener
}

func (s *Server) init() {
	s.once.Do(func() {
		s.slots = make(chan struct{}, s.MaxConnections)
		s.done = make(chan struct{})
		if s.TLS == nil {
			return
		}
		s.h2conns = &handover{conns: make(chan net.Conn), done: s.done}
		s.h2 = &http.Server{
			Handler: s.Handler, ReadHeaderTimeout: s.HeaderTimeout, IdleTimeout: s.IdleTimeout, MaxHeaderBytes: s.MaxHeader,
			ErrorLog: s.ErrorLog, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: 100, WriteByteTimeout: s.WriteTimeout},
		}
	})
}

// Serve serves connections until Shutdown or Close, and returns
// http.ErrServerClosed then.
func (s *Server) Serve(l net.Listener) error {
	s.init()
	defer l.Close()
	s.mu.Lock()
	s.listener = l
	s.mu.Unlock()
	if s.closing.Load() {
		return http.ErrServerClosed
	}
	if s.h2 != nil {
		s.h2conns.addr = l.Addr()
		s.live.Go(func() { s.h2.Serve(s.h2conns) })
	}
	var pause time.Duration
	for {
		select {
		case s.slots <- struct{}{}:
		case <-s.done:
			return http.ErrServerClosed
		}
		c, err := l.Accept()
		if err != nil {
			s.release()
			if s.closing.Load() {
				return http.ErrServerClosed
			}
			// Out of descriptors: it will pass, and must not end the server.
			var temporary interface{ Temporary() bool }
			if !errors.As(err, &temporary) || !temporary.Temporary() {
				return err
			}
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.logf("accept: %v; the next try is in %v", err, pause)
			select {
			case <-time.After(pause):
			case <-s.done:
			}
			continue
		}
		pause = 0
		if !s.take(c) {
			return http.ErrServerClosed
		}
	}
}

// take serves a connection, unless the server has closed meanwhile.
func (s *Server) take(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		c.Close()
		s.release()
		return false
	}
	k := newConn(s, c)
	s.conns.Add(&k.entry, k)
	s.live.Go(k.serve)
	return true
}

// release lets another connection in.
func (s *Server) release() { <-s.slots }

// Shutdown closes the listener and the connections that wait for a request,
// and lets those that have one finish it. It returns the error of ctx where
// that ends first; Close ends the rest.
func (s *Server) Shutdown(ctx context.Context) error {
	s.init()
	err := s.stop()
	if s.h2 != nil {
		if h2err := s.h2.Shutdown(ctx); h2err != nil {
			err = errors.Join(err, h2err)
		}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for s.conns.Len() > 0 {
		now := pulse.Now()
		s.conns.Each(func(m pulse.Member) { m.(*conn).leave(now) })
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return err
}

// Close closes the listener and all connections but those that were hijacked,
// and returns when nothing runs any more that serves the others.
func (s *Server) Close() error {
	s.init()
	err := s.stop()
	if s.h2 != nil {
		err = errors.Join(err, s.h2.Close())
	}
	s.conns.Each(func(m pulse.Member) { m.(*conn).cut() })
	s.live.Wait()
	return err
}

// stop takes no more connections.
func (s *Server) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Swap(true) {
		return nil
	}
	close(s.done)
	if s.listener == nil {
		return nil
	}
	if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func (s *Server) logf(format string, args ...any) {
	if s.ErrorLog != nil {
		s.ErrorLog.Printf(format, args...)
		return
	}
	log.Printf(format, args...)
}

// A handover is a listener that net/http gets connections of HTTP/2 from.
type handover struct {
	conns chan net.Conn
	done  <-chan struct{}
	addr  net.Addr
}

// Accept implements net.Listener.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handover) Close() error { return nil }

// Addr implements net.Listener.
func (h *handover) Addr() net.Addr { return h.addr }
