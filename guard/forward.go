package guard

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/http1"
	"github.com/d710e0ae/countersign/guard/internal/upstream"
	"github.com/d710e0ae/countersign/idempotency"
)

var heads = sync.Pool{New: func() any { b := make([]byte, 0, 2<<10); return &b }}

// forward sends the request to the API and its answer back.
func (g *Guard) forward(x *exchange) {
	r := x.r
	q := upstream.Request{Method: r.Method, Body: r.Body, Length: r.ContentLength, Upgrade: x.upgrade}
	if r.Body == nil || r.Body == http.NoBody {
		q.Body, q.Length = nil, 0
	}
	asBearer := false
	if x.session != nil && x.tokens.renewable() && g.refreshes(x) {
		if p := g.claimRenewal(x); p != nil {
			g.refuse(x, "refresh", p)
			return
		}
		defer g.releaseRenewal(x)
	}
	if x.session != nil && x.tokens.refresh != "" && g.refreshes(x) {
		var p *problem
		if asBearer, p = x.addRefresh(&q); p != nil {
			g.refuse(x, "refresh", p)
			return
		}
	}
	buf := heads.Get().(*[]byte)
	*buf = g.head((*buf)[:0], x, asBearer)
	q.Head = *buf
	ctx := r.Context()
	if q.Length != 0 {
		control := http.NewResponseController(x.w)
		q.Abort = func() { control.SetReadDeadline(time.Unix(1, 0)) }
		control.EnableFullDuplex() // an answer may begin before the request ends
		if q.Length < 0 {
			q.Trailer = func() http.Header { return g.requestTrailer(r) }
		}
	}
	q.Informational = func(status int, h http.Header) { earlyHints(x.w, status, h) }
	res, err := g.upstream.Do(ctx, &q)
	if cap(*buf) <= 64<<10 {
		heads.Put(buf)
	}
	if err != nil {
		g.failed(x, ctx, err)
		return
	}
	if res.Status == http.StatusSwitchingProtocols {
		g.tunnel(x, res)
		return
	}
	defer res.Body.Close()
	g.respond(x, res)
}

func (g *Guard) failed(x *exchange, ctx context.Context, err error) {
	if !errors.Is(err, upstream.ErrConnect) && !errors.Is(err, upstream.ErrRequestBody) {
		idempotency.MarkUncertain(ctx)
	}
	// A body that stops ends the context as well, and its client still reads.
	if ctx.Err() != nil && !errors.Is(err, upstream.ErrRequestBody) {
		x.status = 499 // nobody is there to be answered
		g.metrics.gone()
		// To return would be to answer 200.
		panic(http.ErrAbortHandler)
	}
	g.refuse(x, "upstream", upstreamProblem(err))
}

func upstreamProblem(err error) *problem {
	var large bodyTooLarge
	var why *http1.Refusal
	switch {
	case errors.As(err, &why):
		return &problem{status: why.Status, code: why.Code, detail: why.Detail, cause: err, hangUp: true}
	case errors.As(err, &large):
		return refusal(http.StatusRequestEntityTooLarge, "body-too-large", "the request's body is too large")
	case errors.Is(err, upstream.ErrRequestBody):
		return &problem{status: http.StatusBadRequest, code: "body-unreadable", detail: "the request's body did not come as announced", cause: err, hangUp: true}
	case errors.Is(err, upstream.ErrConnect):
		return refusal(http.StatusBadGateway, "upstream-unreachable", "the API cannot be reached").because(err)
	case errors.Is(err, upstream.ErrTimeout):
		return refusal(http.StatusGatewayTimeout, "upstream-timeout", "the API did not answer in time").because(err)
	case errors.Is(err, upstream.ErrMalformed):
		return refusal(http.StatusBadGateway, "upstream-malformed", "the API's answer is malformed").because(err)
	}
	return refusal(http.StatusBadGateway, "upstream-failed", "the API broke off").because(err)
}

// head writes the request line and every field that the API gets.
func (g *Guard) head(b []byte, x *exchange, refreshAsBearer bool) []byte {
	r := x.r
	b = append(append(b, r.Method...), ' ')
	if x.raw != "" {
		b = append(b, x.raw...)
	} else {
		b = append(b, x.target.Escaped...)
		if x.target.HasQuery {
			b = append(append(b, '?'), x.target.Query...)
		}
	}
	b = append(b, " HTTP/1.1\r\n"...)
	b = field(b, "Host", g.ownHost)
	plainAnswer := g.logsIn(x) || g.isDocs(x)
	for name, values := range r.Header {
		if g.hidden(name) && !g.forAPI(x, name) || plainAnswer && name == "Accept-Encoding" {
			continue
		}
		for _, v := range values {
			b = field(b, name, v)
		}
	}
	if plainAnswer {
		// To ask for nothing would be to take every coding (RFC 9110, section
		// 12.5.3).
		b = append(b, "Accept-Encoding: identity\r\n"...)
	}
	b = g.credentials(b, x, refreshAsBearer)
	if x.client.IsValid() {
		b = append(b, "X-Forwarded-For: "...)
		b = x.client.AppendTo(b)
		b = append(b, "\r\n"...)
	}
	b = field(b, "X-Forwarded-Proto", g.own.Scheme())
	b = field(b, "X-Forwarded-Host", g.ownHost)
	b = field(b, "X-Request-Id", x.id)
	if x.upgrade {
		b = append(b, "Connection: Upgrade\r\nUpgrade: websocket\r\n"...)
	}
	for name := range r.Trailer {
		if g.behindBody(name) {
			b = field(b, "Trailer", name)
		}
	}
	return b
}

func field(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	return append(append(b, value...), "\r\n"...)
}

// credentials writes what authenticates the request to the API.
func (g *Guard) credentials(b []byte, x *exchange, refreshAsBearer bool) []byte {
	cookies := x.cookies
	switch {
	case x.bearer != "":
		b = field(b, "Authorization", "Bearer "+x.bearer)
	case x.session != nil:
		token := x.tokens.access
		if refreshAsBearer {
			token = x.tokens.refresh
		}
		if token != "" {
			b = append(append(append(b, "Authorization: Bearer "...), token...), "\r\n"...)
		}
		cookies = x.withTokenCookies(cookies)
	default:
		if v := x.r.Header["Authorization"]; len(v) == 1 {
			b = field(b, "Authorization", v[0]) // another scheme, such as a client's Basic at /token
		}
	}
	if token := x.apiToken(); token != "" {
		b = field(b, g.cookie.Header(), token)
	}
	if cookies != "" {
		b = field(b, "Cookie", cookies)
	}
	return b
}

// withTokenCookies adds the API's own cookies. A client's cookie of the same
// name is dropped: the API must not be made to choose.
func (x *exchange) withTokenCookies(cookies string) string {
	if len(x.tokens.cookies) == 0 {
		return cookies
	}
	var b strings.Builder
	add := func(pair string) {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(pair)
	}
	for cookies != "" {
		var pair string
		pair, cookies, _ = strings.Cut(cookies, "; ")
		if name, _, _ := strings.Cut(pair, "="); !x.tokens.has(name) {
			add(pair)
		}
	}
	for _, c := range x.tokens.cookies {
		if c.sentTo(x.target.Path) {
			add(c.name + "=" + c.value)
		}
	}
	return b.String()
}

// maxRefreshBody bounds the body of a request that renews tokens, in bytes.
const maxRefreshBody = 16 << 10

// addRefresh rewrites the body of a request that renews tokens.
func (x *exchange) addRefresh(q *upstream.Request) (asBearer bool, p *problem) {
	var body []byte
	if q.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(q.Body, maxRefreshBody+1)); err != nil {
			return false, upstreamProblem(errors.Join(upstream.ErrRequestBody, err))
		}
		if len(body) > maxRefreshBody {
			return false, refusal(http.StatusRequestEntityTooLarge, "body-too-large", "the request's body is too large")
		}
	}
	body, asBearer = x.withRefresh(body)
	q.Body, q.Length = strings.NewReader(string(body)), int64(len(body))
	return asBearer, nil
}

func setFormField(body []byte, name, value string) []byte {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return body
	}
	form.Set(name, value)
	return []byte(form.Encode())
}

// requestTrailer are the fields after a body, without those that must not
// stand there: some servers take them for header fields, and these say how the
// request is to be read, who sent it, or under which condition it is carried
// out (RFC 9110, section 6.5.1).
func (g *Guard) requestTrailer(r *http.Request) http.Header {
	out := http.Header{}
	for name, values := range r.Trailer {
		if len(values) > 0 && g.behindBody(name) {
			out[name] = values
		}
	}
	return out
}

func (g *Guard) behindBody(name string) bool { return !g.hidden(name) && !ofHead(name) }

// ofHead reports whether a field has a meaning in the head of a request that
// it must not get behind the body.
func ofHead(name string) bool {
	name = canonicalName(name)
	switch name {
	case "Origin", "Referer", "Range", "Cache-Control", "Pragma", "Max-Forwards", "Idempotency-Key", "Prefer", "Date", "Location", "Vary", "Retry-After",
		"Www-Authenticate", "Authentication-Info", "Set-Cookie", "User-Agent", "Early-Data", "Priority", "Last-Event-Id":
		return true
	}
	for _, p := range []string{"Accept", "Content-", "If-", "Sec-", "Access-Control-"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// earlyHints passes 103 on with its links alone; other interim answers are
// between the API and the guard.
func earlyHints(w http.ResponseWriter, status int, h http.Header) {
	links := h["Link"]
	if status != http.StatusEarlyHints || len(links) == 0 {
		return
	}
	own := w.Header()
	saved := own.Clone()
	clear(own)
	own["Link"] = links
	w.WriteHeader(http.StatusEarlyHints)
	clear(own)
	for name, values := range saved {
		own[name] = values
	}
}
