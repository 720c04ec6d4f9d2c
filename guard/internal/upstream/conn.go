package upstream

import (
	"bufio"
	"crypto/tls"
	"net"
	"syscall"
	"time"
)

type conn struct {
	net.Conn
	r      *bufio.Reader
	since  time.Time // when it became unused
	reused bool
}

func newConn(c net.Conn) *conn { return &conn{Conn: c, r: bufio.NewReaderSize(c, 4<<10)} }

// alive reports whether the server has neither closed the connection nor sent
// something unasked, as far as the kernel knows. It is asked where a request
// could not be repeated.
func (k *conn) alive() bool {
	if k.r.Buffered() > 0 {
		return false
	}
	raw := k.Conn
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	s, ok := raw.(syscall.Conn)
	if !ok {
		return true
	}
	rc, err := s.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = rc.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = n <= 0 && (err == syscall.EAGAIN || err == syscall.EWOULDBLOCK)
		return true
	})
	return err == nil && quiet
}
