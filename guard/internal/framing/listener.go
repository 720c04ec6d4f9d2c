package framing

import "net"

// Listener watches every connection that it accepts.
type Listener struct {
	net.Listener
	// Limit is the longest head of a request, in bytes.
	Limit int
}

// Accept implements net.Listener.
func (l Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Watch(c, l.Limit), nil
}
