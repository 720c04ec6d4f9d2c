package guard

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/framing"
	"github.com/d710e0ae/countersign/guard/internal/proxyproto"
)

// headRoom is how much longer than limits.header a head may be before the
// connection is broken off: within it net/http answers with 431.
const headRoom = 16 << 10

// listen wraps a listener: it bounds connections, reads PROXY headers, ends
// TLS, and watches the framing of HTTP/1.1.
func (s *server) listen(raw net.Listener, cfg *Config) (net.Listener, error) {
	bounded := &boundedListener{Listener: raw, slots: make(chan struct{}, cfg.Limits.Connections)}
	limit := int(cfg.Limits.Header) + headRoom
	var proxies []netip.Prefix
	if cfg.ProxyProtocol {
		var err error
		if proxies, err = parseProxies(cfg.TrustedProxies); err != nil {
			return nil, err
		}
	}
	if s.cert == nil && proxies == nil {
		return framing.Listener{Listener: bounded, Limit: limit}, nil
	}
	l := &preparing{Listener: bounded, ready: make(chan net.Conn), failed: make(chan error, 1), timeout: cfg.Limits.HeaderTimeout, proxies: proxies, limit: limit, log: s.log}
	if s.cert != nil {
		l.tls = s.cert.config()
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.work.Go(l.acceptAll)
	return l, nil
}

// A boundedListener accepts so many connections at a time; more wait in the
// kernel's queue.
type boundedListener struct {
	net.Listener
	slots chan struct{}
}

// Accept implements net.Listener.
func (l *boundedListener) Accept() (net.Conn, error) {
	l.slots <- struct{}{}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &boundedConn{Conn: c, slots: l.slots}, nil
}

type boundedConn struct {
	net.Conn
	slots chan struct{}
	once  sync.Once
}

// Close implements net.Conn.
func (c *boundedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { <-c.slots })
	return err
}

// CloseWrite ends this side's half of the connection.
func (c *boundedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

// preparing accepts connections and gets them ready, each on a goroutine of
// its own, so that a slow one holds up no other.
type preparing struct {
	net.Listener
	ready   chan net.Conn
	failed  chan error
	timeout time.Duration
	tls     *tls.Config
	proxies []netip.Prefix
	limit   int
	log     *slog.Logger
	ctx     context.Context
	cancel  context.CancelFunc
	work    sync.WaitGroup
}

func (l *preparing) acceptAll() {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			l.failed <- err
			return
		}
		l.work.Go(func() { l.prepare(c) })
	}
}

func (l *preparing) prepare(c net.Conn) {
	c.SetDeadline(time.Now().Add(l.timeout))
	stop := context.AfterFunc(l.ctx, func() { c.Close() })
	defer stop()
	out, err := l.open(c)
	if err != nil {
		l.log.Debug("connection refused", slog.String("client", c.RemoteAddr().String()), slog.Any("error", err))
		c.Close()
		return
	}
	c.SetDeadline(time.Time{})
	select {
	case l.ready <- out:
	case <-l.ctx.Done():
		out.Close()
	}
}

func (l *preparing) open(c net.Conn) (net.Conn, error) {
	if l.proxies != nil {
		p, err := proxyproto.Read(c, l.proxies)
		if err != nil {
			return nil, err
		}
		c = p
	}
	if l.tls == nil {
		return framing.Watch(c, l.limit), nil
	}
	t := tls.Server(c, l.tls)
	if err := t.HandshakeContext(l.ctx); err != nil {
		return nil, err
	}
	if t.ConnectionState().NegotiatedProtocol == "h2" {
		return t, nil // net/http knows it by its type; its framing is binary
	}
	return framing.Watch(t, l.limit), nil
}

// Accept implements net.Listener.
func (l *preparing) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case err := <-l.failed:
		l.failed <- err
		return nil, err
	}
}

// Close implements net.Listener.
func (l *preparing) Close() error {
	err := l.Listener.Close()
	l.cancel()
	l.work.Wait()
	return err
}
