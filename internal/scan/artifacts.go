package scan

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/browser"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// evidence is what the browser showed.
func (p *prover) evidence(t *browser.Trace, a browser.Attack) []finding.Evidence {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s\n", p.b.Version(), t.Policy)
	switch {
	case p.since.IsZero():
		b.WriteString("The browser held no cookie of the API before.\n")
	case p.own:
		b.WriteString("The victim logged in in this browser; it holds the cookies that the server set there.\n")
	default:
		b.WriteString("The browser was given the cookies of a login outside of it.\n")
	}
	sent := cmp.Or(strings.Join(t.CookiesSent, ", "), "none")
	if a.Shape == finding.WebSocket && len(t.CookiesSent) == 0 {
		sent = "the browser does not tell for a WebSocket; without the cookie the upgrade is refused"
	}
	fmt.Fprintf(&b, "attacker's page: %s\ncookies sent: %s\n", t.PageURL, sent)
	for _, c := range t.CookiesBlocked {
		fmt.Fprintf(&b, "cookie kept back: %s (%s)\n", c.Name, c.Reason)
	}
	if t.PreflightSent {
		fmt.Fprintf(&b, "preflight allowed: %v\n", t.PreflightAllowed)
	}
	fmt.Fprintf(&b, "status: %d\n", t.Status)
	if t.Transcript != "" {
		b.WriteString("\n" + t.Transcript)
	}
	out := []finding.Evidence{{Kind: finding.BrowserEvidence, Text: p.s.red.Redact(b.String())}}
	if file := p.keepShot(t.Screenshot, a); file != "" {
		out = append(out, finding.Evidence{Kind: finding.ScreenshotEvidence, Text: "the victim's tab after the attack", File: file})
	}
	return out
}

// shown returns the credentials in a text that a page shows: an answer in
// JSON, by itself or behind a sentence of the attacker's page.
func shown(text string) []string {
	i := strings.IndexAny(text, "{[")
	if i < 0 {
		return nil
	}
	return actor.SecretsIn(&client.Response{Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(text[i:])})
}

// slug is a file name for an attempt.
func slug(parts ...string) string {
	s := strings.ToLower(strings.Join(parts, "-"))
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, s), "-")
}

func (p *prover) keepShot(png []byte, a browser.Attack) string {
	if len(png) == 0 {
		return ""
	}
	p.shots++
	return p.keep(slug(a.Operation, string(a.Position), string(a.Shape))+".png", png)
}

func (p *prover) keepPoC(a browser.Attack) string {
	if p.s.cfg.Artifacts == "" {
		return ""
	}
	page, err := browser.ProofOfConcept(a)
	if err != nil {
		return ""
	}
	return p.keep(slug(a.Operation, string(a.Position), string(a.Shape))+".html", []byte(p.s.red.Redact(string(page))))
}

// keep writes an artifact and returns its path, or nothing where none are
// kept.
func (p *prover) keep(name string, data []byte) string {
	dir := p.s.cfg.Artifacts
	if dir == "" {
		return ""
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.s.c.Note("artifacts could not be kept: " + err.Error())
		return ""
	}
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		p.s.c.Note("artifacts could not be kept: " + err.Error())
		return ""
	}
	return file
}
