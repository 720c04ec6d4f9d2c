package guard

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/d710e0ae/countersign/guard/internal/upstream"
	"github.com/d710e0ae/countersign/idempotency"
)

// notReturned are fields of an answer that go no further: those of one
// connection, and what lets caches or other origins at a session's answers.
var notReturned = headerSet(
	"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade", "Trailer", "Proxy-Authenticate",
	"X-Request-Id", "Alt-Svc", "X-Accel-Redirect", "X-Accel-Expires", "X-Sendfile", "Sourcemap-Authorization", "Set-Cookie2",
)

// ofSession are fields that an answer to a session loses: shared caches obey
// them over Cache-Control.
var ofSession = headerSet("Expires", "Pragma", "Surrogate-Control", "Cdn-Cache-Control", "Cloudflare-Cdn-Cache-Control", "Vercel-Cdn-Cache-Control", "Age")

// isCORS: the guard alone says which origins may read (a Starlette that
// reflects any origin is harmless behind it).
func isCORS(name string) bool {
	return strings.HasPrefix(name, "Access-Control-") || name == "Timing-Allow-Origin"
}

// respond sends the API's answer on.
func (g *Guard) respond(x *exchange, res *upstream.Response) {
	if p := g.redirect(x, res); p != nil {
		if !g.report {
			g.refuseAnswer(x, "redirect", p)
			return
		}
		g.audit(x, "redirect", p, false)
	}
	var c capture
	g.captureCookies(x, res, &c)
	g.captureHeaders(x, res, &c)
	if p := g.captureLocation(x, res, &c); p != nil {
		g.refuseAnswer(x, "login", p)
		return
	}
	if p := g.captureBody(x, res, &c); p != nil {
		g.refuseAnswer(x, "login", p)
		return
	}
	if p := g.docs(x, res, &c); p != nil {
		g.refuseAnswer(x, "docs", p)
		return
	}
	if c.cleared || g.logsOut(x) && res.Status < 400 && !g.paths[x.target.Escaped] {
		if err := g.sessions.End(x.w, x.r); err != nil {
			g.refuseAnswer(x, "logout", refusal(http.StatusServiceUnavailable, "session-store-unavailable", "the session could not be ended on the server").because(err))
			return
		}
	} else if p := g.keep(x, &c, res.Status); p != nil {
		g.refuseAnswer(x, "login", p)
		return
	}
	whole := c.read && !c.more
	bp := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(bp)
	began, err := 0, error(nil)
	if !c.read && res.Length != 0 && x.r.Method != http.MethodHead && !isEventStream(res) {
		if began, err = ahead(res, *bp); err != nil && err != io.EOF {
			g.refuseAnswer(x, "upstream", upstreamProblem(err))
			return
		}
	}
	h := x.w.Header()
	g.copyHeader(x, h, res)
	if whole {
		h["Content-Length"] = []string{strconv.Itoa(len(c.body))}
		delete(h, "Etag")
		delete(h, "Content-Md5")
		delete(h, "Digest")
		delete(h, "Content-Digest")
	}
	x.status = res.Status
	x.w.WriteHeader(res.Status)
	if c.read {
		x.w.Write(c.body)
	}
	if !whole {
		g.copyBody(x, res, *bp, began, err)
	}
}

// refuseAnswer refuses a request that the API has carried out. It must not run
// again under its Idempotency-Key.
func (g *Guard) refuseAnswer(x *exchange, step string, p *problem) {
	idempotency.MarkUncertain(x.r.Context())
	g.refuse(x, step, p)
}

func isEventStream(res *upstream.Response) bool {
	return mediaType(first(res.Header["Content-Type"])) == "text/event-stream"
}

// ahead reads the beginning of an answer's body before its head is sent on, and
// all of one that is short: an API that breaks off then is answered for with a
// problem document, and not with a connection that breaks.
func ahead(res *upstream.Response, p []byte) (n int, err error) {
	short := res.Length > 0 && res.Length <= int64(len(p))
	for n < len(p) && err == nil && (n == 0 || short || res.Ready()) {
		var more int
		more, err = res.Body.Read(p[n:])
		n += more
	}
	return n, err
}

func (g *Guard) copyHeader(x *exchange, h http.Header, res *upstream.Response) {
	dropped := res.Header["Connection"]
	for name, values := range res.Header {
		if notReturned[name] || isCORS(name) || name == "Content-Length" || x.session != nil && ofSession[name] || nominated(dropped, name) {
			continue
		}
		switch name {
		case "Set-Cookie":
			// On 304 a cache would add it to an answer that it gives to everybody.
			if res.Status != http.StatusNotModified {
				h[name] = append(h[name], values...)
			}
		case "Vary", "Clear-Site-Data":
			h[name] = append(h[name], values...)
		case "Cache-Control":
			if _, ours := h[name]; !ours {
				h[name] = values
			}
		default:
			h[name] = values
		}
	}
	if res.Length >= 0 && res.Status != http.StatusNoContent {
		h["Content-Length"] = []string{strconv.FormatInt(res.Length, 10)}
	}
	if len(res.Header["Trailer"]) > 0 {
		for _, line := range res.Header["Trailer"] {
			for name := range strings.SplitSeq(line, ",") {
				if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); trailerPasses(name) {
					h.Add("Trailer", name)
				}
			}
		}
	}
	// What was answered as if nobody were logged in is not for the user's own
	// pages either, whose requests differ in no field of Vary.
	if x.session != nil || x.withheld || x.bearer != "" || len(h["Set-Cookie"]) > 0 {
		private(h)
	}
	vary(h, "Cookie")
}

// private keeps an answer that is one user's out of shared caches. What the API says beyond that stands.
func private(h http.Header) {
	for _, line := range h["Cache-Control"] {
		l := strings.ToLower(line)
		if strings.Contains(l, "no-store") || strings.Contains(l, "private") && !strings.Contains(l, "public") && !strings.Contains(l, "s-maxage") {
			return
		}
	}
	h["Cache-Control"] = []string{"private, no-store"}
}

// vary adds a name to Vary, unless it stands there or everything does.
func vary(h http.Header, name string) {
	for _, line := range h["Vary"] {
		for v := range strings.SplitSeq(line, ",") {
			v = strings.TrimSpace(v)
			if v == "*" || strings.EqualFold(v, name) {
				return
			}
		}
	}
	h["Vary"] = append(h["Vary"], name)
}

func nominated(lines []string, name string) bool {
	for _, line := range lines {
		for option := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(option), name) {
				return true
			}
		}
	}
	return false
}

func trailerPasses(name string) bool {
	return name != "" && !isCORS(name) && !notReturned[name] && name != "Set-Cookie" && name != "Content-Length" && name != "Cache-Control" &&
		name != "Content-Type" && name != "Content-Encoding" && name != "Location" && name != "Www-Authenticate" && name != "Clear-Site-Data"
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// copyBody streams; the first n bytes are in buf, and reading them ended with
// err. What the API has sent goes out before the next waiting, so that event
// streams and long polls are not held back.
func (g *Guard) copyBody(x *exchange, res *upstream.Response, buf []byte, n int, err error) {
	if res.Length == 0 || x.r.Method == http.MethodHead {
		return
	}
	var control *http.ResponseController
	if res.Length < 0 || res.Length > int64(len(buf)) {
		control = http.NewResponseController(x.w)
	}
	if n == 0 && control != nil && !res.Ready() {
		control.Flush() // a page waits for the head of its event stream
	}
	for {
		if n > 0 {
			if _, werr := x.w.Write(buf[:n]); werr != nil {
				g.metrics.gone()
				return
			}
			// A last short part goes out with the end of the answer.
			if err == nil && control != nil && !res.Ready() {
				control.Flush()
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			if x.r.Context().Err() == nil {
				g.audit(x, "upstream", upstreamProblem(err), true)
			}
			// The client must not take the part for the whole.
			panic(http.ErrAbortHandler)
		}
		n, err = res.Body.Read(buf)
	}
	for name, values := range res.Trailer {
		if trailerPasses(name) {
			x.w.Header()[http.TrailerPrefix+name] = values
		}
	}
}

// docsScript is put into Swagger UI's page, so that what it sends bears the
// CSRF token.
const docsScript = `<script src="/.countersign/client.js"></script>`

// isDocs reports whether the request is for a page that may be Swagger UI's.
func (g *Guard) isDocs(x *exchange) bool {
	return x.r.Method == http.MethodGet && lastSegment(x.target.Path) == "docs"
}

// docs puts the client script into Swagger UI's page.
func (g *Guard) docs(x *exchange, res *upstream.Response, c *capture) *problem {
	if !g.isDocs(x) || res.Status != http.StatusOK || !strings.HasPrefix(first(res.Header["Content-Type"]), "text/html") ||
		first(res.Header["Content-Encoding"]) != "" || res.Length < 0 || res.Length > maxLoginAnswer {
		return nil
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return upstreamProblem(err)
	}
	c.body, c.read = body, true
	head := bytes.Index(body, []byte("<head>"))
	if head < 0 || !bytes.Contains(body, []byte("SwaggerUIBundle")) {
		return nil
	}
	at := head + len("<head>")
	out := append([]byte(nil), body[:at]...)
	out = append(out, docsScript...)
	c.body = append(out, body[at:]...)
	return nil
}
