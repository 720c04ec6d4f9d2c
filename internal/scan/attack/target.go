package attack

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/secret"
	"github.com/d710e0ae/countersign/internal/weakness"
)

// A Target is the API under attack, with all that the scan has learnt of it.
type Target struct {
	Client   *client.Client
	Base     *url.URL // where the API's paths begin
	Victim   *actor.Actor
	Attacker *actor.Actor // nil where there is no second account
	Redactor *secret.Redactor
	Handler  finding.Handler
	Note     func(string) // a remark for the report

	ReadOnly bool
	Wordlist string // file of further secrets to try, one a line
	Title    string // of the API's document
	Paths    []string
	Frontend *url.URL
	Document *url.URL // of the API's document, where the target serves it
	Sockets  []string // paths that may serve a WebSocket
	Origins  []string // further origins that the API may trust

	// AuthCookies are the names of the cookies without which the victim is
	// not authenticated, or with AnyAuthCookie those each of which is enough;
	// nil until tested.
	AuthCookies   []string
	AnyAuthCookie bool
	Subjects      []*Subject
	Logins        []actor.Route // those that work
	Logouts       []*Subject    // operations that end the session
	// NoBrowser completes "no browser has sent it": why none has.
	NoBrowser string
	Browser   Prover // nil where there is none
	Refresh   bool   // the API hands out refresh tokens

	LoggedIn     time.Time      // when the victim's token was handed out
	noOverride   map[string]int // operations by method that refuse one
	bodies       map[finding.Shape]reads
	tokensTested []holder // copies whose controls held
	unverified   bool     // signatures are not looked at
	// referrersVain counts operations on which no referrer policy helped.
	referrersVain int
	secret        []byte // of the tokens' HMAC, once found
}

// A Subject is one operation with all that its controls have taught.
type Subject struct {
	Ref          finding.OperationRef
	ChangesState bool
	Exercised    bool
	Reason       string
	Query        []string // names of declared query parameters
	Login        bool     // logs in: judged by login-forgeable
	Renews       bool     // is called as those are that renew a session

	Credential finding.Credential
	Gate       Gate
	Judge      Judge

	// Call is the last one that succeeded.
	Call *Call
	// Fresh makes a new call that ought to succeed, with new resources where
	// the operation uses them up.
	Fresh func(ctx context.Context) (*Call, error)
	// UsesUp is set where each call uses its resource up, and has a new one.
	UsesUp bool
	// Renew makes later calls of Fresh use a new resource each, where one
	// call uses it up; false where that cannot be had.
	Renew func(refusal *client.Response) bool
	// State reads back what the operation changes; nil where nothing does.
	State func(ctx context.Context) (string, error)
	// Sensitive reports whether State was seen to differ after a legitimate
	// call.
	Sensitive bool

	Refusal *client.Response // of the request without credential
	Success *client.Response // of a legitimate request
	// Reached is what a call with everything was answered, where none succeeded
	// and a visitor is turned away before; nil where that is not known.
	Reached *client.Response

	Tries []*Try // the matrix

	noPreflight bool // OPTIONS is not answered at all
	revived     bool // the session was looked after when nothing was accepted
}

// A Try is one cell of the matrix.
type Try struct {
	finding.Verdict
	Fresh bool // rests on Chromium's two minutes
	// Undeclared: the cookie that went along says nothing of SameSite.
	Undeclared bool
	Policy     string
	Seen       *client.Response // what the server answered to the forged request
	Before     string           // state read back, where it was
	After      string
	Call       *Call
	// Inferred: not sent itself, but not told by the server from one that was.
	Inferred bool
	Custom   bool // bears fields that a page must ask leave for
	// Referrer is the referrer policy of the attacker's page on which it
	// rests; empty where any will do.
	Referrer string

	Evidence []finding.Evidence // of the browser
	PoC      string             // path of the page that proves it
}

// IsLogout reports whether s ends the session.
func (t *Target) IsLogout(s *Subject) bool { return slices.Contains(t.Logouts, s) }

// Verdict returns the try of that cell.
func (s *Subject) Verdict(p finding.Position, sh finding.Shape) *Try {
	for _, t := range s.Tries {
		if t.Position == p && t.Shape == sh {
			return t
		}
	}
	return nil
}

// Forged returns the tries from that position that got through, in the order
// of shapes; every position where p is empty.
func (s *Subject) Forged(p finding.Position) []*Try {
	var out []*Try
	for _, t := range s.Tries {
		if t.Verdict.Verdict == finding.Forged && (p == "" || t.Position == p) {
			out = append(out, t)
		}
	}
	return out
}

// An option changes a finding that Target.finding makes.
type option func(*finding.Finding)

func severity(s weakness.Severity) option { return func(f *finding.Finding) { f.Severity = s } }

func confidence(c finding.Confidence) option { return func(f *finding.Finding) { f.Confidence = c } }

func evidence(e ...finding.Evidence) option {
	return func(f *finding.Finding) { f.Evidence = append(f.Evidence, e...) }
}

// finding makes a finding of that weakness; ref is nil for one of the whole
// API. Confidence is observed unless an option says otherwise.
func (t *Target) finding(id string, ref *finding.OperationRef, message prose, opts ...option) finding.Finding {
	w, ok := weakness.ByID(id)
	if !ok {
		panic("attack: no such weakness: " + id)
	}
	f := finding.Finding{
		Weakness: id, Severity: w.Severity, Confidence: finding.Observed,
		Message: string(message), Operation: ref, Remedy: w.Remedy,
	}
	parts := []string{"", ""}
	if ref != nil {
		parts = []string{ref.Method, ref.Path}
	}
	for _, o := range opts {
		o(&f)
	}
	f.Fingerprint = finding.Fingerprint(id, parts...)
	return f
}

// report says a finding.
func (t *Target) report(id string, s *Subject, message prose, opts ...option) {
	var ref *finding.OperationRef
	if s != nil {
		r := s.Ref
		ref = &r
	}
	t.Handler.Finding(t.finding(id, ref, message, opts...))
}

// exchange is the evidence of one request and its answer.
func (t *Target) exchange(r *client.Response) []finding.Evidence {
	if r == nil {
		return nil
	}
	t.Redactor.Add(actor.SecretsIn(r)...)
	return []finding.Evidence{
		{Kind: finding.RequestEvidence, Text: r.Request.Dump(t.Redactor)},
		{Kind: finding.ResponseEvidence, Text: r.Dump(t.Redactor)},
	}
}

// labelled is exchange with a word on what the exchange shows.
func (t *Target) labelled(label string, r *client.Response) []finding.Evidence {
	e := t.exchange(r)
	for i := range e {
		e[i].Text = label + "\n" + e[i].Text
	}
	return e
}

// state is the evidence of a change.
func (t *Target) state(label, before, after string) finding.Evidence {
	return finding.Evidence{Kind: finding.StateEvidence, Text: label + "\n" + t.Redactor.Redact(diff(before, after))}
}

// diff shows the pieces in which two states differ.
func diff(before, after string) string {
	a, b := pieces(before), pieces(after)
	var out strings.Builder
	for _, l := range a {
		if !slices.Contains(b, l) {
			out.WriteString("- " + l + "\n")
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			out.WriteString("+ " + l + "\n")
		}
	}
	s := out.String()
	if len(s) > 2000 {
		s = strings.ToValidUTF8(s[:2000], "") + "…\n"
	}
	return s
}

// maxLine bounds the lines of a state that are shown as they are.
const maxLine = 100

// pieces breaks a state into lines that people can compare: pages are broken
// between tags, JSON between members.
func pieces(state string) []string {
	var out []string
	for line := range strings.Lines(state) {
		line = strings.TrimRight(line, "\r\n")
		switch text := strings.TrimSpace(line); {
		case len(line) <= maxLine:
		case strings.HasPrefix(text, "<"):
			line = strings.ReplaceAll(line, "><", ">\n<")
		case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
			line = strings.NewReplacer(`,"`, ",\n\"", `},{`, "},\n{").Replace(line)
		}
		out = append(out, strings.Split(line, "\n")...)
	}
	return out
}

// legit sends a call as the victim's own page would, with the credentials of
// use and nothing else.
func (t *Target) legit(ctx context.Context, c *Call, creds actor.Credentials, use actor.Use) (*client.Response, error) {
	return t.renewing(ctx, creds, use, func(creds actor.Credentials) *client.Request { return legitimate(c, creds, use) })
}

// renewing sends what build makes of the credentials, with the CSRF token that
// is good now: where the token served for one request and that is over, again
// with the next.
func (t *Target) renewing(ctx context.Context, creds actor.Credentials, use actor.Use, build func(actor.Credentials) *client.Request) (*client.Response, error) {
	if use.CSRF {
		creds = t.Victim.Current(creds)
	}
	res, err := t.Client.Do(ctx, build(creds))
	if err != nil {
		return nil, err
	}
	if use.Cookie {
		t.Victim.Rotated(creds, res)
	}
	if !use.CSRF {
		return res, nil
	}
	if next, ok := t.Victim.Answered(ctx, creds, res); ok {
		if res, err = t.Client.Do(ctx, build(next)); err == nil {
			t.Victim.Answered(ctx, next, res)
		}
	}
	return res, err
}

func legitimate(c *Call, creds actor.Credentials, use actor.Use) *client.Request {
	if use.CSRF {
		c = c.WithToken(creds.CSRFValue())
	}
	r := c.Wire()
	Own(r.Header, r.Method, r.URL)
	creds.Put(r, use)
	return r
}

// fresh returns a new call for s.
func (s *Subject) fresh(ctx context.Context) (*Call, error) {
	c, err := s.Fresh(ctx)
	if err != nil {
		return nil, fmt.Errorf("no further call could be made: %w", err)
	}
	return c, nil
}

// safe reports whether a method is one that HTTP calls safe (RFC 9110 §9.2.1).
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func days(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.0f days", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f minutes", d.Minutes())
}
