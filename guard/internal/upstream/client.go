// Package upstream sends requests to one HTTP/1.1 server and reads its answers
// on the caller's own goroutine: a connection has no goroutines of its own,
// which are most of what http.Transport costs a proxy.
package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/pulse"
)

// A Config says where the server is. All fields but TLS and Dial are
// required.
type Config struct {
	// Address is host and port.
	Address string
	// TLS is set for https.
	TLS *tls.Config
	// ConnectTimeout bounds dialling with its TLS handshake; ResponseTimeout
	// the time from the end of the request until the head of the answer;
	// IdleTimeout how long an unused connection is kept.
	ConnectTimeout, ResponseTimeout, IdleTimeout time.Duration
	// MaxIdle is the most unused connections.
	MaxIdle int
	// MaxHeader is the longest head of an answer, in bytes.
	MaxHeader int
	// Dial replaces net.Dialer in tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// A Client is safe for concurrent use.
type Client struct {
	cfg   Config
	conns pulse.Group // all that are open, but those that became tunnels

	mu     sync.Mutex
	idle   []*conn // the latest used is last, and used first
	closed bool
}

// New returns a client. It does not connect.
func New(cfg Config) *Client {
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{}).DialContext
	}
	return &Client{cfg: cfg}
}

// Close closes unused connections, and those in use when they become unused.
func (c *Client) Close() {
	c.mu.Lock()
	idle := c.idle
	c.idle, c.closed = nil, true
	c.mu.Unlock()
	for _, k := range idle {
		k.Close()
	}
}

// Idle returns the number of unused connections.
func (c *Client) Idle() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.idle)
}

// Errors of Do. Others come from the network.
var (
	// ErrConnect wraps errors before a connection was there.
	ErrConnect = errors.New("cannot connect to the API")
	// ErrMalformed wraps what is wrong with an answer.
	ErrMalformed = errors.New("the API's answer is malformed")
	// ErrTimeout says that the head of the answer did not come in time.
	ErrTimeout = errors.New("the API did not answer in time")
	// ErrRequestBody wraps errors of reading the request's body.
	ErrRequestBody = errors.New("cannot read the request's body")
)

// take returns an unused connection, or nil.
func (c *Client) take(now time.Time) *conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := len(c.idle) - 1; n >= 0; n-- {
		k := c.idle[n]
		c.idle[n] = nil
		c.idle = c.idle[:n]
		if now.Sub(k.since) < c.cfg.IdleTimeout {
			return k
		}
		k.Close()
	}
	return nil
}

// put keeps a connection for another request.
func (c *Client) put(k *conn, now time.Time) {
	c.mu.Lock()
	if c.closed || len(c.idle) >= c.cfg.MaxIdle {
		c.mu.Unlock()
		k.Close()
		return
	}
	k.since, k.reused = now, true
	c.idle = append(c.idle, k)
	// The oldest have waited longest; a few are dropped as others come back,
	// so that no timer is needed.
	var old [2]*conn
	n := 0
	for n < len(old) && n < len(c.idle)-1 && now.Sub(c.idle[n].since) >= c.cfg.IdleTimeout {
		old[n] = c.idle[n]
		n++
	}
	if n > 0 {
		c.idle = append(c.idle[:0], c.idle[n:]...)
	}
	c.mu.Unlock()
	for _, k := range old[:n] {
		k.Close()
	}
}

func (c *Client) dial(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.ConnectTimeout)
	defer cancel()
	raw, err := c.cfg.Dial(ctx, "tcp", c.cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnect, err)
	}
	if c.cfg.TLS != nil {
		t := tls.Client(raw, c.cfg.TLS)
		if err := t.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, fmt.Errorf("%w: %w", ErrConnect, err)
		}
		raw = t
	}
	return c.newConn(raw)
}

// Ready reports whether a connection can be made now.
func (c *Client) Ready(ctx context.Context) error {
	k, err := c.dial(ctx)
	if err != nil {
		return err
	}
	return k.Close()
}
