package guard

import (
	"bufio"
	"io"
	"net"
	"net/http"

	"github.com/d710e0ae/countersign/guard/internal/ascii"
	"github.com/d710e0ae/countersign/guard/internal/upstream"
)

// tunnel joins a client and the API after a WebSocket handshake.
func (g *Guard) tunnel(x *exchange, res *upstream.Response) {
	api, ahead := res.Conn()
	if !ascii.EqualFold(first(res.Header["Upgrade"]), "websocket") {
		api.Close()
		g.refuse(x, "upstream", refusal(http.StatusBadGateway, "upstream-malformed", "the API switched to another protocol"))
		return
	}
	if !g.open(api) {
		api.Close()
		g.refuse(x, "guard", refusal(http.StatusServiceUnavailable, "shutting-down", "the guard is shutting down"))
		return
	}
	defer g.shut(api)
	client, rw, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		g.refuse(x, "guard", refusal(http.StatusBadGateway, "no-upgrade", "this connection cannot be upgraded").because(err))
		return
	}
	defer client.Close()
	x.status = http.StatusSwitchingProtocols
	if err := handshake(rw.Writer, x.id, res.Header); err != nil {
		return
	}
	// Each direction ends by itself; when both have, the tunnel has.
	done := make(chan struct{})
	go func() {
		pipe(client, io.MultiReader(io.LimitReader(ahead, int64(ahead.Buffered())), api))
		close(done)
	}()
	pipe(api, io.MultiReader(io.LimitReader(rw.Reader, int64(rw.Reader.Buffered())), client))
	<-done
}

// handshake writes the API's 101 with the fields of RFC 6455, section 4.2.2,
// and none besides.
func handshake(w *bufio.Writer, id string, h http.Header) error {
	w.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")
	w.WriteString("X-Request-Id: " + id + "\r\n")
	for _, name := range []string{"Sec-Websocket-Accept", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions"} {
		for _, v := range h[name] {
			w.WriteString(name + ": " + v + "\r\n")
		}
	}
	w.WriteString("\r\n")
	return w.Flush()
}

// pipe copies until the source ends, and passes that end on.
func pipe(to net.Conn, from io.Reader) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		half.CloseWrite()
		return
	}
	to.Close()
}

// open notes a tunnel, so that Close can end it.
func (g *Guard) open(t io.Closer) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.tunnels[t] = struct{}{}
	return true
}

func (g *Guard) shut(t io.Closer) {
	t.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.tunnels, t)
}
