package http1

import (
	"net"
	"time"
)

// nobody is the rest of a net.Conn that only reads.
type nobody struct{}

func (nobody) Write(p []byte) (int, error)      { return len(p), nil }
func (nobody) Close() error                     { return nil }
func (nobody) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (nobody) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (nobody) SetDeadline(time.Time) error      { return nil }
func (nobody) SetReadDeadline(time.Time) error  { return nil }
func (nobody) SetWriteDeadline(time.Time) error { return nil }
