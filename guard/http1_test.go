package guard_test

import (
	"strings"
	"testing"
)

// What is no request is refused with a problem document as all else is, logged
// and counted, and does not reach the API.
func TestWhatIsNoRequestIsRefusedLikeAllElse(t *testing.T) {
	b := newBank(t)
	s := start(t, b.URL, "")
	for code, text := range map[string]string{
		"malformed-line-end": "GET / HTTP/1.1\nHost: " + servedHost + "\n\n",
		"two-lengths":        head("POST / HTTP/1.1", "Host: "+servedHost, "Content-Length: 4", "Transfer-Encoding: chunked", ""),
		"malformed-chunk":    head("POST /anything HTTP/1.1", "Host: "+servedHost, "Origin: http://"+servedHost, "Transfer-Encoding: chunked", "", "5;a=b", "hello", "0", ""),
		"forbidden-trailer":  head("POST /anything HTTP/1.1", "Host: "+servedHost, "Origin: http://"+servedHost, "Transfer-Encoding: chunked", "", "0", "Host: b", ""),
	} {
		before := b.requests()
		res, body := raw(t, s.addr, text)
		if res == nil || res.StatusCode != 400 || res.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, `"code":"`+code+`"`) || !res.Close {
			t.Errorf("%s: %v %s", code, res, body)
		}
		if !strings.Contains(s.log.String(), `"code":"`+code+`"`) {
			t.Errorf("%s is not in the log", code)
		}
		if b.requests() != before {
			t.Errorf("%s: the API was asked", code)
		}
	}
	_, metrics := raw(t, s.admin, head("GET /metrics HTTP/1.1", "Host: "+s.admin, "Connection: close", ""))
	if !strings.Contains(metrics, `countersign_refusals_total{code="two-lengths",refused="true",step="http"} 1`) {
		t.Error("the refusal is not counted")
	}
}
