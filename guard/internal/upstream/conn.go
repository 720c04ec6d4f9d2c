package upstream

import (
	"bufio"
	"crypto/tls"
	"net"
	"syscall"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/pulse"
)

// A conn is one connection. What its exchanges need and the next one can use
// again stays with it.
type conn struct {
	net.Conn
	entry    pulse.Entry
	deadline pulse.Deadline // for the head of an answer
	stall    pulse.Deadline // for a part of a request's body to be taken
	client   *Client
	r        *bufio.Reader
	since    time.Time // when it became unused
	reused   bool
	cancel   func() // ends what is under way

	raw   syscall.RawConn // nil where its kind has none
	quiet bool            // what peek found
	peek  func(fd uintptr) bool
}

// past is a deadline that ends what is pending.
var past = time.Unix(1, 0)

func (c *Client) newConn(n net.Conn) (*conn, error) {
	k := &conn{Conn: n, client: c, r: bufio.NewReaderSize(n, 4<<10)}
	k.cancel = func() { n.SetDeadline(past) }
	k.peek = func(fd uintptr) bool {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		k.quiet = n <= 0 && (err == syscall.EAGAIN || err == syscall.EWOULDBLOCK)
		return true
	}
	if t, ok := n.(*tls.Conn); ok {
		n = t.NetConn()
	}
	if s, ok := n.(syscall.Conn); ok {
		var err error
		if k.raw, err = s.SyscallConn(); err != nil {
			k.Conn.Close()
			return nil, err
		}
	}
	c.conns.Add(&k.entry, k)
	return k, nil
}

// Close closes the connection. To close again does nothing.
func (k *conn) Close() error {
	k.client.conns.Remove(&k.entry)
	return k.Conn.Close()
}

// Pulse implements pulse.Member.
func (k *conn) Pulse(now pulse.Time) {
	if k.deadline.Pass(now) {
		k.SetReadDeadline(past)
	}
	if k.stall.Pass(now) {
		k.SetWriteDeadline(past)
	}
}

// alive reports whether the server has neither closed the connection nor sent
// something unasked, as far as the kernel knows. A request on a closed one may
// not be one that can be repeated; and bytes that an earlier answer left behind
// would be taken for the answer to this one, which is another user's.
func (k *conn) alive() bool {
	if k.r.Buffered() > 0 {
		return false
	}
	if k.raw == nil {
		return true
	}
	k.quiet = false
	err := k.raw.Read(k.peek)
	return err == nil && k.quiet
}
