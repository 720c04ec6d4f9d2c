//go:build !linux || race

package client

import "net"

// newQuick returns the connection as it is: see quick. Only Linux has it, and
// not where races are looked for: the detector knows that what was written
// comes before what is read by net's own calls alone.
func newQuick(c net.Conn) net.Conn { return c }
