package attack

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// csrfTokens tests the CSRF token of each operation that runs on cookies, if
// the API hands any out: left out, emptied, another one's, a made-up pair,
// and beside a junk credential. It finds csrf-token-ignored,
// csrf-token-unbound and csrf-check-skipped-by-header. Every probe comes from
// the own page, so that the token alone is on trial; the control is the same
// request with the token, accepted.
func csrfTokens(ctx context.Context, t *Target) error {
	if t.Attacker != nil {
		t.Attacker.ReadTokens(ctx, t.Victim.TokenPages())
	}
	for _, s := range t.Subjects {
		if !s.ChangesState || !s.Exercised || !takesCookie(s) || safe(s.Ref.Method) || s.Login || t.ReadOnly {
			continue
		}
		creds := t.Victim.Credentials()
		if creds.CSRFValue() == "" {
			if creds.Custom != nil {
				if err := t.skipped(ctx, tokenTrial{t, s, creds}); err != nil {
					return err
				}
			}
			continue
		}
		if !s.Call.HasToken() && !slices.ContainsFunc(creds.CSRF, func(k actor.CSRFToken) bool { return !actor.OfOneForm(k.Name) }) {
			continue // the tokens are other forms'
		}
		if err := t.csrfToken(ctx, s, creds); err != nil {
			return err
		}
	}
	return nil
}

// tokenTrial is one request whose CSRF token is not what it should be.
type tokenTrial struct {
	t     *Target
	s     *Subject
	creds actor.Credentials
}

// send makes the request with the given cookies, tokens and further fields.
func (c tokenTrial) send(ctx context.Context, creds actor.Credentials, token *string, more http.Header) (Reading, *client.Response, error) {
	call, err := c.s.fresh(ctx)
	if err != nil {
		return Unclear, nil, ctx.Err()
	}
	value := ""
	if c.t.IsLogout(c.s) { // each call has a session of its own
		creds, token = anew(creds, c.creds, c.t.Victim.Credentials(), token)
	}
	if token != nil {
		value = *token
		call = call.WithToken(value)
	} else {
		call = call.WithoutToken()
	}
	r := call.Wire()
	Own(r.Header, r.Method, r.URL)
	creds.Put(r, actor.Use{Cookie: true})
	for k := range r.Header {
		if actor.IsCSRFHeader(k) {
			delete(r.Header, k)
		}
	}
	if token != nil {
		told := c.creds.CSRFFields()
		tmp := actor.Credentials{Jar: &client.Jar{}, CSRF: []actor.CSRFToken{{Value: value}}, Told: told}
		tmp.Put(r, actor.Use{CSRF: true})
		if value == "" {
			for _, k := range append(told, "X-Csrf-Token", "X-Xsrf-Token", "X-Csrftoken") {
				r.Header[http.CanonicalHeaderKey(k)] = []string{""}
			}
		}
	}
	for k, v := range more {
		r.Header[k] = v
	}
	res, err := c.t.Client.Do(ctx, r)
	if err != nil {
		return Unclear, nil, err
	}
	return c.s.Judge.Read(res), res, nil
}

// anew returns what a trial sends in a new session: what it took of the old
// one is the new one's, and what it put in place of that stays.
func anew(creds, old, now actor.Credentials, token *string) (actor.Credentials, *string) {
	out := creds.Clone()
	out.Jar = client.NewJar()
	for _, k := range creds.Jar.Cookies() {
		if was, held := old.Jar.Get(k.Name); held && was.Value == k.Value {
			if is, ok := now.Jar.Get(k.Name); ok {
				k = is
			}
		}
		out.Jar.Put(k)
	}
	if token != nil && *token == old.CSRFValue() {
		fresh := now.CSRFValue()
		token = &fresh
	}
	return out, token
}

func (t *Target) csrfToken(ctx context.Context, s *Subject, creds actor.Credentials) error {
	c := tokenTrial{t, s, creds}
	left, res, err := c.send(ctx, creds, nil, nil)
	if err != nil {
		return err
	}
	if left == Accepted {
		if len(s.Forged("")) == 0 || t.IsLogout(s) {
			return nil // something else protects it, and the token is another's; or it is logout-forgeable
		}
		if _, renews := t.handed(res); renews && s.Renews {
			return nil // what it gives is the victim's own session anew, which the forgery says
		}
		t.report("csrf-token-ignored", s, t.sayf("The API hands out a CSRF token, and %s runs without it.", s.Ref),
			evidence(t.labelled("no token, accepted", res)...))
		return nil
	}
	creds = t.Victim.Current(creds)
	token := creds.CSRFValue()
	good, control, err := c.send(ctx, creds, &token, nil)
	if err == nil && control != nil && good != Accepted {
		if next, ok := t.Victim.Answered(ctx, creds, control); ok {
			creds, token = next, next.CSRFValue()
			good, control, err = c.send(ctx, creds, &token, nil)
		}
	}
	if err != nil || good != Accepted {
		return err
	}
	t.Victim.Answered(ctx, creds, control)
	c.creds = creds
	none := ""
	empty := creds.Clone()
	empty.Jar = emptied(creds.Jar)
	for _, jar := range []actor.Credentials{creds, empty} {
		reading, res, err := c.send(ctx, jar, &none, nil)
		if err != nil {
			return err
		}
		if reading == Accepted {
			t.report("csrf-token-ignored", s, t.sayf("%s runs with an empty CSRF token.", s.Ref),
				evidence(t.labelled("control: the victim's token, accepted", control)...),
				evidence(t.labelled("an empty token, accepted", res)...))
			return nil
		}
	}
	if found, err := t.byGET(ctx, c); found || err != nil {
		return err
	}
	if err := t.skipped(ctx, c); err != nil {
		return err
	}
	return t.unbound(ctx, c, control)
}

// byGET sends the call as a GET without any token: a check that looks at POST
// alone does not see it, and a handler that takes both does the same. That it
// does shows in the state, which the control, the POST without a token, left
// as it was.
func (t *Target) byGET(ctx context.Context, c tokenTrial) (bool, error) {
	s := c.s
	if s.State == nil || s.Ref.Method != http.MethodPost || s.Call.IsJSON() ||
		slices.ContainsFunc(t.Subjects, func(o *Subject) bool { return o.Ref.Method == http.MethodGet && o.Ref.Path == s.Ref.Path }) {
		return false, nil
	}
	call, err := s.fresh(ctx)
	if err != nil {
		return false, ctx.Err()
	}
	r := call.WithoutToken().Wire()
	switch kind := r.Header.Get("Content-Type"); {
	case kind == string(actor.Form):
		r.URL.RawQuery = string(r.Body)
	case kind != "":
		return false, nil // an upload fits into no address
	}
	r.Method, r.Body = http.MethodGet, nil
	r.Header.Del("Content-Type")
	Own(r.Header, r.Method, r.URL)
	c.creds.Put(r, actor.Use{Cookie: true})
	for k := range r.Header {
		if actor.IsCSRFHeader(k) {
			delete(r.Header, k)
		}
	}
	before, err := s.State(ctx)
	if err != nil {
		return false, ctx.Err()
	}
	res, err := t.Client.Do(ctx, r)
	if err != nil || s.Judge.Read(res) != Accepted {
		return false, err
	}
	after, err := s.State(ctx)
	if err != nil || before == after {
		return false, ctx.Err()
	}
	t.report("csrf-token-ignored", s, t.sayf("%s asks for a CSRF token, and the same call as a GET does not.", s.Ref),
		evidence(t.labelled("the call as GET without a token, accepted", res)...), evidence(t.state("state before (-) and after (+) that GET", before, after)))
	return true, nil
}

// skipped tries worthless credentials in headers, in place of the token or of
// the field that the API wants to see from its own scripts. The control is the
// same request without either, refused.
func (t *Target) skipped(ctx context.Context, c tokenTrial) error {
	bare, control, err := c.send(ctx, c.creds, nil, nil)
	if err != nil || bare == Accepted {
		return err
	}
	for _, h := range []http.Header{{"Authorization": {"Bearer " + junk}}, {"Authorization": {"Basic Y291bnRlcnNpZ246anVuaw=="}}, {"X-Api-Key": {junk}}} {
		reading, res, err := c.send(ctx, c.creds, nil, h)
		if err != nil {
			return err
		}
		if reading == Accepted {
			t.report("csrf-check-skipped-by-header", c.s, t.sayf("A worthless credential in a header turns the CSRF check of %s off, while the cookie authenticates.", c.s.Ref),
				evidence(t.labelled("control: neither token nor header, refused", control)...),
				evidence(t.labelled("no token beside a junk header, accepted", res)...))
			return nil
		}
	}
	return nil
}

// unbound tries tokens that are not of the victim's session.
func (t *Target) unbound(ctx context.Context, c tokenTrial, control *client.Response) error {
	s := c.s
	junkToken := "countersign-not-a-token"
	reading, res, err := c.send(ctx, c.creds, &junkToken, nil)
	if err != nil {
		return err
	}
	if reading == Accepted {
		t.report("csrf-token-ignored", s, t.sayf("%s takes any text for a CSRF token.", s.Ref),
			evidence(t.labelled("a made-up token, accepted", res)...))
		return nil
	}
	report := func(what prose, res *client.Response) {
		t.report("csrf-token-unbound", s, t.sayf("The CSRF token of %s is not bound to the session: %s.", s.Ref, what),
			evidence(t.labelled("control: the victim's token, accepted", control)...),
			evidence(t.labelled(string(what), res)...))
	}
	// A made-up pair of cookie and token: what a sibling domain can plant,
	// unless the cookie's name forbids it.
	if pair, ok := tossed(c.creds.Jar, junkToken); ok {
		creds := c.creds.Clone()
		creds.Jar = pair
		reading, res, err := c.send(ctx, creds, &junkToken, nil)
		if err != nil {
			return err
		}
		if reading == Accepted {
			report("a made-up pair of cookie and token is accepted", res)
			return nil
		}
	}
	if t.Attacker == nil {
		t.Note("whether CSRF tokens are bound to their session was tested with made-up ones only: no attacker account was given")
		return nil
	}
	theirs := t.Attacker.Credentials()
	token := theirs.CSRFValue()
	if token == "" || token == c.creds.CSRFValue() {
		return nil
	}
	reading, res, err = c.send(ctx, c.creds, &token, nil)
	if err != nil {
		return err
	}
	if reading == Accepted {
		report("the attacker's own token is accepted with the victim's cookie", res)
		return nil
	}
	creds := c.creds.Clone()
	tossable := false
	for _, k := range theirs.Jar.Cookies() {
		if actor.IsCSRFName(k.Name) && !strings.HasPrefix(strings.ToLower(k.Name), "__host-") {
			creds.Jar.Put(k)
			tossable = true
		}
	}
	if !tossable {
		return nil
	}
	reading, res, err = c.send(ctx, creds, &token, nil)
	if err != nil {
		return err
	}
	if reading == Accepted {
		report("the attacker's own pair of cookie and token is accepted beside the victim's session", res)
	}
	return nil
}

// emptied returns the jar with its CSRF cookies emptied.
func emptied(j *client.Jar) *client.Jar {
	out := client.NewJar()
	for _, c := range j.Cookies() {
		if actor.IsCSRFName(c.Name) {
			c.Value = ""
		}
		out.Put(c)
	}
	return out
}

// tossed returns the jar with every CSRF cookie that another origin could
// plant set to value; ok is false where there is none.
func tossed(j *client.Jar, value string) (out *client.Jar, ok bool) {
	out = client.NewJar()
	for _, c := range j.Cookies() {
		if actor.IsCSRFName(c.Name) && !strings.HasPrefix(strings.ToLower(c.Name), "__host-") {
			c.Value, ok = value, true
		}
		out.Put(c)
	}
	return out, ok
}

// noIdempotencyKey repeats a forged write to the byte. It is a remark on
// operations that were forged, where state shows that both were applied.
func noIdempotencyKey(ctx context.Context, t *Target) error {
	for _, s := range t.Subjects {
		if safe(s.Ref.Method) || s.Ref.Method == http.MethodDelete || !s.Sensitive || len(s.Forged("")) == 0 || t.ReadOnly {
			continue
		}
		try := s.Forged("")[0]
		if try.Seen == nil {
			continue
		}
		var states []string
		var last *client.Response
		for range 3 {
			st, err := s.State(ctx)
			if err != nil {
				return ctx.Err()
			}
			states = append(states, st)
			if len(states) == 3 {
				break
			}
			r := try.Seen.Request.Clone()
			// The session may have been renewed since.
			jar, _ := t.travelling(t.Victim.Credentials(), s, try.Position, try.Shape)
			r.Header.Del("Cookie")
			actor.AddCookies(r.Header, jar.Header(r.URL))
			res, err := t.Client.Do(ctx, r)
			if err != nil {
				return err
			}
			if s.Judge.Read(res) != Accepted {
				break
			}
			last = res
		}
		if len(states) == 3 && states[0] != states[1] && states[1] != states[2] {
			t.report("no-idempotency-key", s, t.sayf("%s applies the same write twice: a forged or repeated request counts each time.", s.Ref),
				evidence(t.labelled("the repetition, accepted", last)...),
				evidence(t.state("state before (-) and after (+) the repetition", states[1], states[2])))
			return nil
		}
	}
	return nil
}
