package guard_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"
)

// A body that stops must neither hold its connection nor be answered as if the
// API had accepted it.
func TestAttack_71_ABodyThatStops(t *testing.T) {
	b := newBank(t)
	s := start(t, b.URL, "limits: {body_timeout: 1s}")
	for name, c := range map[string]struct {
		fields, sent string
		status       int
	}{
		"control: it comes": {"Content-Length: 3\r\n", "abc", 200},
		"short":             {"Content-Length: 100\r\n", "abc", 400},
		"chunked":           {"Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n", 400},
		"of a refused one":  {"Content-Length: 100\r\nSec-Fetch-Site: cross-site\r\n", "abc", 403},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(30 * time.Second))
			fmt.Fprintf(conn, "POST /anything HTTP/1.1\r\nHost: %s\r\n%s\r\n%s", servedHost, c.fields, c.sent)
			r := bufio.NewReader(conn)
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatalf("no answer: %v", err)
			}
			defer res.Body.Close()
			if res.StatusCode != c.status || c.status != 200 && res.Header.Get("Content-Type") != "application/problem+json" {
				t.Fatalf("answered with %s, %v", res.Status, res.Header)
			}
			if c.status != 200 && !res.Close {
				t.Error("the connection stays open")
			}
		})
	}
}
