package guard

import (
	"net"

	"github.com/d710e0ae/countersign/guard/internal/proxyproto"
)

// openProxied returns what reads the PROXY header of a connection, and refuses
// those that do not come from a trusted proxy.
func openProxied(trusted []string) (func(net.Conn) (net.Addr, error), error) {
	proxies, err := parseProxies(trusted)
	if err != nil {
		return nil, err
	}
	return func(c net.Conn) (net.Addr, error) { return proxyproto.Read(c, proxies) }, nil
}
