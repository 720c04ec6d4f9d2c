package actor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// A Flow is a login as the user tells it: requests that are sent one after
// the other, and how what they hand out is used.
type Flow struct {
	Steps []Step      // none: Fixed is all that there is
	Token Place       // where the last answer has the token; zero: it is looked for
	Send  *Sending    // how the token is sent; nil: in "Authorization: Bearer"
	Fixed http.Header // credentials that need no login
	TOTP  *TOTP       // makes {totp}
}

// A Step is one request of a login. In its path, fields and texts {username},
// {password} and {totp} stand for the account's, and further names for what
// earlier steps kept.
type Step struct {
	Method, Path string
	Header       map[string]string
	Encoding     Encoding       // of Fields
	Fields       map[string]any // of the body, with texts at the leaves
	Raw          string         // the body as it is, in place of Fields
	ContentType  string         // of Raw
	Keep         map[string]Place
}

func (s Step) String() string { return s.Method + " " + s.Path }

// String returns the requests of the flow, in their order.
func (f *Flow) String() string {
	var steps []string
	for _, s := range f.Steps {
		steps = append(steps, s.String())
	}
	return strings.Join(steps, ", then ")
}

// A Place is where an answer has a value: a JSON pointer (RFC 6901) into its
// body, the name of a field, or the name of a member of the body, wherever in
// it that stands.
type Place struct{ Pointer, Header, Member string }

// Zero reports whether no place is named.
func (p Place) Zero() bool { return p == Place{} }

func (p Place) String() string {
	if p.Header != "" {
		return "the field " + p.Header
	}
	if p.Member != "" {
		return "a member " + p.Member
	}
	return p.Pointer
}

// in returns the value that an answer has there.
func (p Place) in(r *client.Response) (string, bool) {
	if p.Header != "" {
		v := r.Header.Get(p.Header)
		return v, v != ""
	}
	var v any
	if json.Unmarshal(r.Body, &v) != nil {
		return "", false
	}
	if p.Member != "" {
		found := ""
		walk(v, "", 0, func(_, key, text string) {
			if found == "" && key == p.Member {
				found = text
			}
		})
		return found, found != ""
	}
	if p.Pointer != "" {
		for part := range strings.SplitSeq(strings.TrimPrefix(p.Pointer, "/"), "/") {
			part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
			switch at := v.(type) {
			case map[string]any:
				v = at[part]
			case []any:
				var i int
				if _, err := fmt.Sscanf(part, "%d", &i); err != nil || i < 0 || i >= len(at) {
					return "", false
				}
				v = at[i]
			default:
				return "", false
			}
		}
	}
	switch v := v.(type) {
	case string:
		return v, v != ""
	case float64, bool:
		b, err := json.Marshal(v)
		return string(b), err == nil
	}
	return "", false
}

// Sending says how a token goes with requests.
type Sending struct {
	Header   string // name of the field, or
	Query    string // of the parameter
	Template string // with {token}; empty: the token alone
}

func (s *Sending) put(r *client.Request, token string) {
	value := token
	if s.Template != "" {
		value = strings.ReplaceAll(s.Template, "{token}", token)
	}
	if s.Query != "" {
		q := r.URL.Query()
		q.Set(s.Query, value)
		r.URL.RawQuery = q.Encode()
		return
	}
	r.Header.Set(s.Header, value)
}

// expand replaces the names in a text. Those that stand for nothing stay.
func expand(text string, values map[string]string, escape func(string) string) string {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text = strings.ReplaceAll(text, "{"+name+"}", escape(values[name]))
	}
	return text
}

func asIs(s string) string { return s }

// inJSON writes a text as it stands within the quotes of a JSON string.
func inJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(b[1 : len(b)-1])
}

func fillValue(v any, values map[string]string) any {
	switch v := v.(type) {
	case string:
		return expand(v, values, asIs)
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = fillValue(e, values)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = fillValue(e, values)
		}
		return l
	}
	return v
}

// request makes the step's request.
func (s Step) request(base *url.URL, values map[string]string) (*client.Request, error) {
	u, err := url.Parse(strings.TrimSuffix(base.EscapedPath(), "/") + expand(s.Path, values, url.PathEscape))
	if err != nil {
		return nil, err
	}
	u.Scheme, u.Host = base.Scheme, base.Host
	r := &client.Request{Method: s.Method, URL: u, Header: http.Header{}}
	for name, v := range s.Header {
		r.Header.Set(name, expand(v, values, asIs))
	}
	body, _ := fillValue(s.Fields, values).(map[string]any)
	switch {
	case s.Raw != "":
		escape := asIs
		switch {
		case strings.Contains(s.ContentType, "json"):
			escape = inJSON
		case s.ContentType == string(Form):
			escape = url.QueryEscape
		}
		r.Body = []byte(expand(s.Raw, values, escape))
		r.Header.Set("Content-Type", s.ContentType)
	case len(body) == 0:
	case s.Encoding == JSON:
		if r.Body, err = json.Marshal(body); err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", string(JSON))
	default:
		form := url.Values{}
		for name, v := range body {
			form.Set(name, fmt.Sprint(v))
		}
		if s.Encoding == Query {
			r.URL.RawQuery = form.Encode()
		} else {
			r.Body = []byte(form.Encode())
			r.Header.Set("Content-Type", string(Form))
		}
	}
	return r, nil
}

// names returns which field of a step bears the account's name, and which
// its password.
func (s Step) names() (user, pass string) {
	for name, v := range s.Fields {
		switch v {
		case "{username}":
			user = name
		case "{password}":
			pass = name
		}
	}
	return user, pass
}

// Route returns the login as one request, where it is one: what another site
// may send, too.
func (f *Flow) Route() (Route, bool) {
	if len(f.Steps) != 1 || f.TOTP != nil {
		return Route{}, false
	}
	s := f.Steps[0]
	r := Route{Method: s.Method, Path: s.Path, Encoding: s.Encoding, told: &s}
	r.UserField, r.PassField = s.names()
	if s.Raw != "" {
		r.Encoding = Form
		if strings.Contains(s.ContentType, "json") {
			r.Encoding = JSON
		}
	}
	return r, true
}

// values are what stands for the names in a login of that account.
func (acc Account) values() map[string]string {
	return map[string]string{"username": acc.Name, "password": acc.Password.Reveal()}
}

// follow logs in by the flow. why is empty on success.
func (a *Actor) follow(ctx context.Context) (c Credentials, last *client.Response, why string, err error) {
	f := a.Flow
	c = Credentials{Jar: &client.Jar{}, Send: f.Send}
	a.fixed(&c, f)
	values := a.Account.values()
	for i, s := range f.Steps {
		if f.TOTP != nil && s.uses("totp") {
			if values["totp"], err = a.code(ctx); err != nil {
				return c, nil, "", err
			}
		}
		req, err := s.request(a.Base, values)
		if err != nil {
			return c, nil, "", fmt.Errorf("step %d of the login, %s: %w", i+1, s, err)
		}
		a.Redactor.Add(s.secrets()...)
		a.Page(req.Header, req.Method, req.URL)
		AddCookies(req.Header, c.Jar.Header(req.URL))
		if t := c.CSRFValue(); t != "" {
			putCSRF(req.Header, t, a.Told)
		}
		if last, err = a.Client.Do(ctx, req); err != nil {
			return c, nil, "", err
		}
		a.take(&c, last)
		if !success(last) {
			return c, last, fmt.Sprintf("step %d, %s, answered %d", i+1, s, last.Status), nil
		}
		for _, name := range slices.Sorted(maps.Keys(s.Keep)) {
			v, ok := s.Keep[name].in(last)
			if !ok {
				return c, last, fmt.Sprintf("step %d, %s: the answer has nothing at %s to keep as %s", i+1, s, s.Keep[name], name), nil
			}
			a.Redactor.Add(v)
			values[name] = v
		}
	}
	if !f.Token.Zero() {
		token, ok := f.Token.in(last)
		if !ok {
			return c, last, "the answer has no token at " + f.Token.String(), nil
		}
		a.Redactor.Add(token)
		where := Token{Value: token, Where: "body", Name: f.Token.Pointer}
		if f.Token.Header != "" {
			where = Token{Value: token, Where: "header", Name: f.Token.Header}
		}
		c.Tokens = append([]Token{where}, slices.DeleteFunc(c.Tokens, func(t Token) bool { return t.Value == token || !t.Refresh })...)
	}
	if !gained(c) && len(f.Fixed) == 0 {
		return c, last, "the answers hold neither a token nor a cookie", nil
	}
	return c, last, "", nil
}

func (s Step) uses(name string) bool {
	text, err := json.Marshal(s.Fields)
	return err == nil && strings.Contains(string(text)+s.Raw+s.Path+fmt.Sprint(s.Header), "{"+name+"}")
}

// secrets are the texts of a step that must not be shown: what the user wrote
// into a body or field that bears a password.
func (s Step) secrets() []string {
	var out []string
	for name, v := range s.Header {
		if !strings.Contains(v, "{") && !strings.EqualFold(name, "Accept") && !strings.EqualFold(name, "Content-Type") {
			out = append(out, v)
		}
	}
	var v any = s.Fields
	if s.Raw != "" {
		if json.Unmarshal([]byte(s.Raw), &v) != nil {
			form, err := url.ParseQuery(s.Raw)
			if err != nil {
				return append(out, s.Raw)
			}
			for name := range form {
				if slices.Contains(passNames, strings.ToLower(name)) {
					out = append(out, form.Get(name))
				}
			}
			return out
		}
	}
	walk(v, "", 0, func(_, key, text string) {
		if slices.Contains(passNames, strings.ToLower(key)) && !strings.Contains(text, "{") {
			out = append(out, text)
		}
	})
	return out
}

// code returns a one-time code. Servers take each one once, so that a second
// login within one period waits for the next.
func (a *Actor) code(ctx context.Context) (string, error) {
	t := a.Flow.TOTP
	if step := t.step(time.Now()); step <= a.lastStep {
		wait := time.NewTimer(time.Until(time.Unix((a.lastStep+1)*int64(t.Period), 0)))
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	now := time.Now()
	a.lastStep = t.step(now)
	code := t.Code(now)
	a.Redactor.Add(code)
	return code, nil
}

// toldRequest makes the request of a route that the user told as a step.
func (r Route) toldRequest(base *url.URL, acc Account) *client.Request {
	req, err := r.told.request(base, acc.values())
	if err != nil { // the same step was sent before
		return &client.Request{Method: r.Method, URL: base, Header: http.Header{}}
	}
	return req
}

// fixed takes credentials that need no login over: a cookie into the jar, a
// bearer to the tokens.
func (a *Actor) fixed(c *Credentials, f *Flow) {
	c.Fixed = http.Header{}
	for name, values := range f.Fixed {
		a.Redactor.Add(values...)
		for _, v := range values {
			bearer, isBearer := strings.CutPrefix(v, "Bearer ")
			switch {
			case name == "Cookie":
				r := http.Request{Header: http.Header{"Cookie": {v}}}
				for _, k := range r.Cookies() {
					c.Jar.Put(client.Cookie{Name: k.Name, Value: k.Value, Host: a.Base.Hostname(), Path: "/", SetAt: time.Now()})
				}
			case name == "Authorization" && isBearer:
				c.Tokens = append(c.Tokens, Token{Value: bearer, Where: "header", Name: name})
			default:
				c.Fixed.Add(name, v)
			}
		}
	}
	a.Redactor.Add(c.Secrets()...)
}
