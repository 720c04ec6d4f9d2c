package http1

import (
	"fmt"
	"net/http"
	"time"
)

// refuse answers what is no request, and ends the connection: where one ends,
// and whether another follows, cannot be told.
func (c *conn) refuse(why *Refusal) {
	if c.server.Refused != nil {
		c.server.Refused(c.address(), why)
	}
	body := fmt.Sprintf(`{"type":"about:blank","title":%q,"status":%d,"detail":%q,"code":%q}`, http.StatusText(why.Status), why.Status, why.Detail, why.Code)
	c.net.SetWriteDeadline(time.Now().Add(lingerFor))
	_, err := fmt.Fprintf(c.net, "HTTP/1.1 %d %s\r\n%sContent-Type: application/problem+json\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		why.Status, http.StatusText(why.Status), c.server.today.date(), len(body), body)
	if err == nil {
		c.linger()
	}
}
