// Package proxyproto reads the PROXY protocol's header, versions 1 and 2
// (HAProxy, doc/proxy-protocol.txt), by which a proxy tells whose connection
// it passes on.
package proxyproto

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Why a connection is refused.
var (
	ErrNotTrusted = errors.New("the connection does not come from a trusted proxy")
	ErrMalformed  = errors.New("the PROXY header is malformed")
)

var signature = []byte("\r\n\r\n\x00\r\nQUIT\n")

const (
	maxV1 = 107      // bytes, with CRLF
	maxV2 = 16 + 512 // bytes: the fixed part, the addresses, some TLVs
)

// Read reads the header of a connection, which must come from one of the
// networks, and returns the address of the peer that it names. It reads no
// byte beyond it. The caller sets a deadline.
func Read(c net.Conn, from []netip.Prefix) (net.Addr, error) {
	peer, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil || !within(peer.Addr().Unmap(), from) {
		return nil, ErrNotTrusted
	}
	var head [16]byte
	if _, err := io.ReadFull(c, head[:12]); err != nil {
		return nil, err
	}
	var remote net.Addr
	if bytes.Equal(head[:12], signature) {
		remote, err = readV2(c, head[:])
	} else {
		remote, err = readV1(c, head[:12])
	}
	if err != nil {
		return nil, err
	}
	if remote == nil {
		remote = c.RemoteAddr() // the proxy speaks for itself, as in its health checks
	}
	return remote, nil
}

func within(a netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// readV1 reads "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", a byte at a
// time since what follows it is not ours.
func readV1(c net.Conn, line []byte) (net.Addr, error) {
	line = append(make([]byte, 0, maxV1), line...)
	if !bytes.HasPrefix(line, []byte("PROXY ")) {
		return nil, ErrMalformed
	}
	var b [1]byte
	for !bytes.HasSuffix(line, []byte("\r\n")) {
		if len(line) >= maxV1 {
			return nil, ErrMalformed
		}
		if _, err := io.ReadFull(c, b[:]); err != nil {
			return nil, err
		}
		line = append(line, b[0])
	}
	f := strings.Split(string(line[:len(line)-2]), " ")
	if len(f) >= 2 && f[1] == "UNKNOWN" {
		return nil, nil
	}
	if len(f) != 6 || f[1] != "TCP4" && f[1] != "TCP6" {
		return nil, ErrMalformed
	}
	a, err := netip.ParseAddr(f[2])
	port, portErr := strconv.ParseUint(f[4], 10, 16)
	if err != nil || portErr != nil || a.Is4() != (f[1] == "TCP4") || a.Zone() != "" {
		return nil, ErrMalformed
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, uint16(port))), nil
}

func readV2(c net.Conn, head []byte) (net.Addr, error) {
	if _, err := io.ReadFull(c, head[12:16]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(head[14:16]))
	if head[12]>>4 != 2 || head[12]&15 > 1 || n > maxV2-16 {
		return nil, ErrMalformed
	}
	rest := make([]byte, n)
	if _, err := io.ReadFull(c, rest); err != nil {
		return nil, err
	}
	if head[12]&15 == 0 {
		return nil, nil // LOCAL
	}
	switch head[13] {
	case 0x11: // TCP over IPv4
		if n < 12 {
			return nil, ErrMalformed
		}
		a := netip.AddrFrom4([4]byte(rest[:4]))
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, binary.BigEndian.Uint16(rest[8:10]))), nil
	case 0x21: // TCP over IPv6
		if n < 36 {
			return nil, ErrMalformed
		}
		a := netip.AddrFrom16([16]byte(rest[:16]))
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, binary.BigEndian.Uint16(rest[32:34]))), nil
	}
	return nil, ErrMalformed
}
