package client

import (
	"context"
	"net"
	"strings"
)

// dial opens a connection to an address. Names below localhost are this
// machine, whatever the resolver knows of them (RFC 6761 §6.3), as browsers
// take them.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: dialTime}
	if host, port, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(strings.ToLower(host), ".localhost") {
		address = net.JoinHostPort("localhost", port)
	}
	return d.DialContext(ctx, network, address)
}
