package guard

import (
	"log/slog"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
)

// A problem is a refusal, to be answered as RFC 9457 has it.
type problem struct {
	status int
	code   string // stable, kebab-case
	detail string // one sentence for people, without a full stop
	cause  error  // for the log only
	// challenge asks for a bearer.
	challenge bool
	// asked says that this is the answer to a question, and no refusal to log.
	asked bool
	// hangUp closes the connection, whose bytes are no longer understood.
	hangUp bool
}

func refusal(status int, code, detail string) *problem {
	return &problem{status: status, code: code, detail: detail}
}

func (p *problem) because(err error) *problem { p.cause = err; return p }

// refuse answers with a problem and writes one line to the audit log.
func (g *Guard) refuse(x *exchange, step string, p *problem) {
	if !p.asked {
		g.audit(x, step, p, true)
	}
	h := x.w.Header()
	for name := range h {
		if name != "X-Request-Id" && name != "Vary" && name != "Set-Cookie" && name != "Clear-Site-Data" && !isCORS(name) {
			delete(h, name)
		}
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if p.challenge {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if p.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	if p.hangUp || p.status == http.StatusRequestEntityTooLarge {
		h.Set("Connection", "close")
	}
	body, err := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Code   string `json:"code"`
		ID     string `json:"request_id"`
	}{"about:blank", http.StatusText(p.status), p.status, p.detail, p.code, x.id})
	if err != nil {
		body = []byte("{}")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(p.status)
	if x.r.Method != http.MethodHead {
		x.w.Write(body)
	}
	x.status = p.status
}

// audit writes which step refused, or would have, and why. It never writes a
// query, a cookie or a token.
func (g *Guard) audit(x *exchange, step string, p *problem, refused bool) {
	g.metrics.refused(step, p.code, refused)
	level, message := slog.LevelWarn, "refused"
	if !refused {
		message = "would be refused"
	}
	attrs := []slog.Attr{
		slog.String("step", step), slog.String("code", p.code), slog.Int("status", p.status), slog.String("reason", p.detail),
		slog.String("method", loggable(x.r.Method)), slog.String("path", loggable(x.path())), slog.String("client", x.client.String()), slog.String("request_id", x.id),
	}
	if x.session != nil {
		attrs = append(attrs, slog.String("user", loggable(x.session.User())))
	}
	if o := x.r.Header["Origin"]; len(o) > 0 {
		attrs = append(attrs, slog.String("origin", loggable(o[0])))
	}
	if p.cause != nil {
		attrs = append(attrs, slog.String("cause", p.cause.Error()))
	}
	g.log.LogAttrs(x.r.Context(), level, message, attrs...)
}

// maxLogged bounds what a client can put into one field of a log, in bytes.
const maxLogged = 256

func loggable(s string) string {
	if len(s) > maxLogged {
		return s[:maxLogged] + "…"
	}
	return s
}
