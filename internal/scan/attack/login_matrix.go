package attack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// LoginMatrix tries every position and shape on the login s: does the
// attacker's name and password, sent from there, leave the victim's browser
// logged in as the attacker? It rides on no cookie; what counts is whether the
// answer's cookie gets into the browser's store.
func (t *Target) LoginMatrix(ctx context.Context, s *Subject) error {
	i := slices.IndexFunc(t.Logins, func(r actor.Route) bool { return r.Method == s.Ref.Method && r.Path == s.Ref.Path })
	if i < 0 {
		t.table(s, "no given account logs in by it")
		return nil
	}
	l := &loginMatrix{t: t, s: s, who: t.Attacker, route: t.Logins[i], said: map[ownLogin]ownAnswer{}}
	if l.who == nil {
		l.who = t.Victim
	}
	call, ok := loginCall(l.who.RequestBy(l.route, false), t.Base, l.route.Path)
	if !ok {
		t.table(s, "the login cannot be put into other shapes")
		return nil
	}
	s.Call = call
	l.matrix = t.table(s, undecided)
	for _, try := range s.Tries {
		if _, exists := Origin(try.Position, t.Base); exists {
			try.Reason = undecided
		}
	}
	reading, res, err := l.own(ctx, "", true)
	if errors.Is(err, client.ErrUnreachable) && ctx.Err() == nil {
		reading, res, err = l.own(ctx, "", true) // it may have been late once
	}
	if err != nil {
		if ctx.Err() == nil {
			l.settle(finding.NotTested, "", "the API gave no answer to the own page's login")
		}
		return err
	}
	if reading != Accepted {
		l.settle(finding.NotTested, "", fmt.Sprintf("the own page's login was answered %d without a cookie that authenticates", res.Status))
		if res.Status < 400 {
			l.settle(finding.Blocked, finding.ByNoAmbientCredential, "the login hands its token to the page that asks, and no cookie to the browser")
		}
		return nil
	}
	l.cookie, _ = l.t.handed(res)
	l.decide, l.public = l.cell, true
	return l.fill(ctx)
}

// A loginMatrix fills the table of a login.
type loginMatrix struct {
	*matrix
	t      *Target
	s      *Subject
	who    *actor.Actor
	route  actor.Route
	cookie client.Cookie // that the own page's login hands out
	said   map[ownLogin]ownAnswer
}

// An ownLogin is a login as the own page sends it. It is sent once: who logs
// in often is locked out.
type ownLogin struct {
	shape finding.Shape // empty: as documented
	with  bool          // what a visitor's page has
}

// An ownAnswer is what came of one.
type ownAnswer struct {
	reading Reading
	res     *client.Response
}

// settle gives all cells that are not decided one verdict.
func (l *loginMatrix) settle(v finding.Outcome, by finding.By, reason string) {
	for _, try := range l.s.Tries {
		if _, exists := Origin(try.Position, l.t.Base); exists {
			try.Verdict.Verdict, try.By, try.Reason, try.Proof = v, by, reason, finding.ByHTTP
		}
	}
}

// cell decides one cell.
func (l *loginMatrix) cell(ctx context.Context, try *Try) error {
	set := try.settle
	if try.Shape == finding.JSONCORS {
		p, err := l.t.preflight(ctx, l.s, try.Position)
		if err != nil {
			return err
		}
		if !p.Allowed {
			return set(finding.Blocked, finding.ByPreflight, p.Why)
		}
	}
	if !l.s.Call.IsJSON() && l.dropped(try) {
		return nil
	}
	r, ok := l.s.Call.Forged().Encode(try.Shape)
	if !ok {
		return set(finding.Blocked, finding.ByContentType, "the body cannot be put into this shape")
	}
	if l.doubtful(try.Shape) {
		reading, _, err := l.own(ctx, try.Shape, true)
		if err != nil {
			return err
		}
		if reading != Accepted {
			return set(finding.Blocked, finding.ByContentType, l.contentType(try.Shape))
		}
	}
	// It needs no cookie to get there: an untyped body that is not taken for
	// JSON is in the way before what comes back.
	if sibling := l.done(finding.SameSite, try.Shape); sibling != nil && sibling.By == finding.ByContentType {
		try.take(sibling, "")
		return nil
	}
	if l.dropped(try) {
		return nil
	}
	dress(r.Header, try.Position, try.Shape, r.Method, r.URL)
	res, err := l.t.Client.Do(ctx, r)
	if err != nil {
		return err
	}
	try.Seen, try.Call = res, l.s.Call
	if cookie, logged := l.t.handed(res); logged {
		return set(finding.Forged, "", "accepted, and the browser keeps the cookie "+cookie.Name)
	}
	reading, own, err := l.own(ctx, try.Shape, true)
	if err != nil {
		return err
	}
	if reading != Accepted {
		if denies(res) && denies(own) {
			return set(finding.Blocked, finding.ByToken, fmt.Sprintf("refused (%d): what only the own page's script can send is missing", res.Status))
		}
		return set(finding.Blocked, finding.ByContentType, l.contentType(try.Shape))
	}
	reading, _, err = l.own(ctx, try.Shape, false)
	if err != nil {
		return err
	}
	if reading == Accepted {
		try.By = finding.ByOrigin
		try.Verdict.Verdict, try.Reason, try.Proof = finding.Blocked, fmt.Sprintf("refused (%d): the same login is accepted from the own origin", res.Status), finding.ByHTTP
		return l.referred(try, func(edit func(http.Header)) (bool, error) {
			again, _ := l.s.Call.Forged().Encode(try.Shape)
			dress(again.Header, try.Position, try.Shape, again.Method, again.URL)
			edit(again.Header)
			res, err := l.t.Client.Do(ctx, again)
			if err != nil {
				return false, err
			}
			_, logged := l.t.handed(res)
			if logged {
				try.Seen = res
			}
			return logged, nil
		})
	}
	return set(finding.Blocked, finding.ByToken, fmt.Sprintf("refused (%d): the same login is refused from the own origin too, without what only the own page's script can send", res.Status))
}

// dropped settles a cell from which the browser would not keep the cookie, and
// reports whether it is one: a fetch from another site stores SameSite=None
// cookies only (RFC 6265bis §5.7, step 18), a navigation all.
func (l *loginMatrix) dropped(try *Try) bool {
	switch {
	case topLevel(try.Shape) || try.Position == finding.SameSite:
		return false
	case l.cookie.SameSite != client.SameSiteNone:
		_ = try.settle(finding.Blocked, finding.BySameSite, fmt.Sprintf("browsers take the cookie %s from the answer to a navigation only, as it is not SameSite=None", l.cookie.Name))
	case l.cookie.Partitioned:
		_ = try.settle(finding.Blocked, finding.ByThirdPartyCookie, fmt.Sprintf("the cookie %s is Partitioned, and the attacker's page is another partition", l.cookie.Name))
	default:
		return false
	}
	return true
}

func denies(r *client.Response) bool {
	return r.Status == http.StatusForbidden || r.Status == http.StatusUnauthorized
}

// own sends the login as the own page does, in that shape or, where it is
// empty, as documented; with what a visitor's page has, a CSRF token or a
// custom field, or without.
func (l *loginMatrix) own(ctx context.Context, shape finding.Shape, with bool) (Reading, *client.Response, error) {
	if a, done := l.said[ownLogin{shape, with}]; done {
		return a.reading, a.res, nil
	}
	call := l.s.Call
	var visitor actor.Credentials
	if with {
		visitor = l.who.Visit(ctx, l.route)
		call = call.WithToken(visitor.CSRFValue())
	} else {
		call = call.Forged()
	}
	r := call.Wire()
	if shape != "" {
		var ok bool
		if r, ok = call.Encode(shape); !ok {
			return Malformed, nil, nil
		}
		r.Bare = !with
	}
	Own(r.Header, r.Method, r.URL)
	if with {
		visitor.Put(r, cookieAlone)
	}
	res, err := l.t.Client.Do(ctx, r)
	if err != nil {
		return Unclear, nil, err
	}
	a := ownAnswer{Refused, res}
	if _, logged := l.t.handed(res); logged {
		a.reading = Accepted
	}
	l.said[ownLogin{shape, with}] = a
	return a.reading, res, nil
}

// handed returns the authenticating cookie that an answer gives to a browser
// that keeps every cookie it may. Where no operation was seen to run on
// cookies there is none: what counts visitors logs nobody in.
func (t *Target) handed(r *client.Response) (client.Cookie, bool) {
	if r.Status >= 400 || !slices.ContainsFunc(t.Subjects, takesCookie) {
		return client.Cookie{}, false
	}
	for _, c := range client.SetCookies(r) {
		if !c.Deleted() && len(c.Value) >= 8 && t.Authenticates(c.Name) && c.Refused(t.Base.Scheme) == "" {
			return c, true
		}
	}
	return client.Cookie{}, false
}

// loginCall makes a call of a login's request, so that it can be put into
// other shapes.
func loginCall(r *client.Request, base *url.URL, path string) (*Call, bool) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	req := &openapi.Request{Method: r.Method, Path: (&url.URL{Path: path}).EscapedPath(), Query: r.URL.Query(), Header: http.Header{}}
	call := &Call{Request: req, Base: base, TokenOptional: true}
	if err != nil || len(r.Body) == 0 {
		return call, true
	}
	switch {
	case strings.Contains(media, "json"):
		err = json.Unmarshal(r.Body, &req.Value)
	case media == string(actor.Form):
		var fields url.Values
		fields, err = url.ParseQuery(string(r.Body))
		values := map[string]any{}
		for name := range fields {
			values[name] = fields.Get(name)
		}
		req.Value = values
	case media == string(actor.Multipart):
		var values map[string]any
		values, err = multipartValues(r)
		req.Value = values
	default:
		return nil, false
	}
	if err == nil {
		err = req.Encode(media)
	}
	return call, err == nil
}

// multipartValues reads the fields of a multipart body.
func multipartValues(r *client.Request) (map[string]any, error) {
	in := &http.Request{Method: http.MethodPost, Header: r.Header, Body: http.NoBody}
	in.Body = readCloser{strings.NewReader(string(r.Body))}
	if err := in.ParseMultipartForm(1 << 20); err != nil {
		return nil, err
	}
	if in.MultipartForm == nil {
		return nil, errors.New("no form")
	}
	values := map[string]any{}
	for name, v := range in.MultipartForm.Value {
		if len(v) > 0 {
			values[name] = v[0]
		}
	}
	return values, nil
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
