package actor

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/d710e0ae/countersign/internal/secret"
)

// WFC is a file of the Web Fuzzing Commons' authentication format, as written
// for EvoMaster and others (github.com/WebFuzzing/Commons,
// src/main/resources/wfc/schemas/auth.yaml). Tokens are described as its
// schema does now (extractFrom, sendIn) or did before (extractFromField,
// httpHeaderName).
type WFC struct {
	SchemaVersion string            `yaml:"schemaVersion"`
	Auth          []WFCAuth         `yaml:"auth"`
	AuthTemplate  *WFCAuth          `yaml:"authTemplate"`
	Configs       map[string]string `yaml:"configs"`
}

// WFCAuth is one user.
type WFCAuth struct {
	Name                string       `yaml:"name"`
	RequireMockHandling bool         `yaml:"requireMockHandling"`
	FixedHeaders        []WFCHeader  `yaml:"fixedHeaders"`
	LoginEndpointAuth   *WFCLogin    `yaml:"loginEndpointAuth"`
	CreateUsers         *WFCNewUsers `yaml:"createUsers"`
}

// WFCHeader is a field of a request.
type WFCHeader struct {
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
}

// WFCLogin is a request that logs in.
type WFCLogin struct {
	Endpoint            string      `yaml:"endpoint"`
	ExternalEndpointURL string      `yaml:"externalEndpointURL"`
	PayloadRaw          string      `yaml:"payloadRaw"`
	PayloadUserPwd      *WFCUserPwd `yaml:"payloadUserPwd"`
	Headers             []WFCHeader `yaml:"headers"`
	Verb                string      `yaml:"verb"`
	ContentType         string      `yaml:"contentType"`
	Token               *WFCToken   `yaml:"token"`
	ExpectCookies       bool        `yaml:"expectCookies"`
}

// WFCUserPwd is the body of a login by name and password.
type WFCUserPwd struct {
	Username      string `yaml:"username"`
	Password      string `yaml:"password"`
	UsernameField string `yaml:"usernameField"`
	PasswordField string `yaml:"passwordField"`
}

// WFCToken says where a token comes from and goes to.
type WFCToken struct {
	ExtractFrom     string `yaml:"extractFrom"`
	ExtractSelector string `yaml:"extractSelector"`
	SendIn          string `yaml:"sendIn"`
	SendName        string `yaml:"sendName"`
	SendTemplate    string `yaml:"sendTemplate"`

	ExtractFromField string `yaml:"extractFromField"`
	HTTPHeaderName   string `yaml:"httpHeaderName"`
	HeaderPrefix     string `yaml:"headerPrefix"`
}

// WFCNewUsers makes users by a request.
type WFCNewUsers struct {
	Endpoint            string         `yaml:"endpoint"`
	ExternalEndpointURL string         `yaml:"externalEndpointURL"`
	PayloadRaw          string         `yaml:"payloadRaw"`
	Verb                string         `yaml:"verb"`
	ContentType         string         `yaml:"contentType"`
	Generators          []WFCGenerator `yaml:"generators"`
}

// WFCGenerator makes unique texts for a placeholder.
type WFCGenerator struct {
	PlaceHolder string `yaml:"placeHolder"`
	MinLength   int    `yaml:"minLength"`
	MaxLength   int    `yaml:"maxLength"`
	Prefix      string `yaml:"prefix"`
	Postfix     string `yaml:"postfix"`
}

// A WFCUser is one user of the file, ready to log in.
type WFCUser struct {
	Account Account
	Flow    *Flow
}

// Users returns the file's users in their order, or all that is wrong with
// it, each with its key. The errors never repeat a credential.
func (w *WFC) Users() ([]WFCUser, error) {
	var errs []error
	var out []WFCUser
	for i := range w.Auth {
		a := w.Auth[i]
		a.take(w.AuthTemplate)
		key := fmt.Sprintf("auth[%d]", i)
		u, err := a.user()
		for _, e := range err {
			errs = append(errs, fmt.Errorf("%s.%w", key, e))
		}
		out = append(out, u)
	}
	return out, errors.Join(errs...)
}

// take fills in from the template what an entry does not say.
func (a *WFCAuth) take(t *WFCAuth) {
	if t == nil {
		return
	}
	if a.FixedHeaders == nil {
		a.FixedHeaders = t.FixedHeaders
	}
	switch {
	case t.LoginEndpointAuth == nil:
	case a.LoginEndpointAuth == nil:
		a.LoginEndpointAuth = t.LoginEndpointAuth
	default:
		own, of := *a.LoginEndpointAuth, t.LoginEndpointAuth
		for _, s := range []struct{ to, from *string }{{&own.Endpoint, &of.Endpoint}, {&own.ExternalEndpointURL, &of.ExternalEndpointURL},
			{&own.Verb, &of.Verb}, {&own.ContentType, &of.ContentType}, {&own.PayloadRaw, &of.PayloadRaw}} {
			if *s.to == "" {
				*s.to = *s.from
			}
		}
		if own.PayloadUserPwd != nil && of.PayloadUserPwd != nil {
			pair := *own.PayloadUserPwd
			for _, s := range []struct{ to, from *string }{{&pair.Username, &of.PayloadUserPwd.Username}, {&pair.Password, &of.PayloadUserPwd.Password},
				{&pair.UsernameField, &of.PayloadUserPwd.UsernameField}, {&pair.PasswordField, &of.PayloadUserPwd.PasswordField}} {
				if *s.to == "" {
					*s.to = *s.from
				}
			}
			own.PayloadUserPwd = &pair
		} else if own.PayloadUserPwd == nil && own.PayloadRaw == "" {
			own.PayloadUserPwd = of.PayloadUserPwd
		}
		if own.Headers == nil {
			own.Headers = of.Headers
		}
		if own.Token == nil {
			own.Token = of.Token
		}
		own.ExpectCookies = own.ExpectCookies || of.ExpectCookies
		a.LoginEndpointAuth = &own
	}
}

func (a *WFCAuth) user() (WFCUser, []error) {
	var errs []error
	bad := func(key, problem string) { errs = append(errs, errors.New(key+": "+problem)) }
	u := WFCUser{Account: Account{Name: a.Name}, Flow: &Flow{}}
	if a.Name == "" {
		bad("name", "it is missing")
	}
	if a.RequireMockHandling {
		bad("requireMockHandling", "only a tool inside of the API can mock what it asks; leave it out")
	}
	if a.CreateUsers != nil {
		bad("createUsers", "users are not made from it; name one that exists, or leave auth out where the API lets anyone register")
	}
	for i, h := range a.FixedHeaders {
		if h.Name == "" || strings.ContainsAny(h.Name+h.Value, "\r\n") {
			bad(fmt.Sprintf("fixedHeaders[%d]", i), "a field has a name, and a value of one line")
			continue
		}
		if u.Flow.Fixed == nil {
			u.Flow.Fixed = http.Header{}
		}
		u.Flow.Fixed.Add(h.Name, h.Value)
	}
	l := a.LoginEndpointAuth
	switch {
	case l != nil:
		errs = append(errs, l.into(&u)...)
	case len(a.FixedHeaders) == 0:
		bad("loginEndpointAuth", "an entry has a login or fixed headers, and this one has neither")
	}
	return u, errs
}

// into adds the login to a user's flow.
func (l *WFCLogin) into(u *WFCUser) (errs []error) {
	bad := func(key, problem string) { errs = append(errs, errors.New("loginEndpointAuth."+key+": "+problem)) }
	s := Step{Method: strings.ToUpper(l.Verb), Path: l.Endpoint, Header: map[string]string{}}
	if !isMethod(s.Method) {
		bad("verb", "write POST, GET, PUT, PATCH or DELETE")
	}
	switch {
	case l.ExternalEndpointURL != "":
		bad("externalEndpointURL", "credentials go to the target alone; give a token from elsewhere with --header")
	case !strings.HasPrefix(s.Path, "/"):
		bad("endpoint", "write a path, such as /login")
	}
	for _, h := range l.Headers {
		s.Header[h.Name] = h.Value
	}
	switch p := l.PayloadUserPwd; {
	case p != nil && l.PayloadRaw != "":
		bad("payloadRaw", "there is a payloadUserPwd, too; keep one")
	case p != nil:
		if p.UsernameField == "" || p.PasswordField == "" || p.Username == "" || p.Password == "" {
			bad("payloadUserPwd", "username, password, usernameField and passwordField are all due")
		}
		u.Account = Account{Name: p.Username, Password: secret.New(p.Password)}
		s.Fields = map[string]any{p.UsernameField: "{username}", p.PasswordField: "{password}"}
		switch media, _, _ := strings.Cut(strings.ToLower(l.ContentType), ";"); strings.TrimSpace(media) {
		case "application/json":
			s.Encoding = JSON
		case "application/x-www-form-urlencoded":
			s.Encoding = Form
		default:
			bad("contentType", "write application/json or application/x-www-form-urlencoded for a payloadUserPwd")
		}
	case l.PayloadRaw != "":
		s.Raw, s.ContentType = l.PayloadRaw, l.ContentType
		if l.ContentType == "" {
			bad("contentType", "a payloadRaw has one; write it, such as application/json")
		}
	}
	u.Flow.Steps = []Step{s}
	if l.Token != nil {
		errs = append(errs, l.Token.into(u.Flow)...)
	} else if !l.ExpectCookies {
		bad("token", "say where the token is, or set expectCookies")
	}
	return errs
}

// into adds the token's way to a flow.
func (t *WFCToken) into(f *Flow) (errs []error) {
	bad := func(key, problem string) {
		errs = append(errs, errors.New("loginEndpointAuth.token."+key+": "+problem))
	}
	pointer := t.ExtractFromField
	if t.ExtractFrom == "body" {
		pointer = t.ExtractSelector
	}
	switch {
	case t.ExtractFrom == "header" && t.ExtractSelector != "":
		f.Token = Place{Header: http.CanonicalHeaderKey(t.ExtractSelector)}
	case t.ExtractFrom != "" && t.ExtractFrom != "body" && t.ExtractFrom != "header":
		bad("extractFrom", "write body or header")
	case strings.HasPrefix(pointer, "/"):
		f.Token = Place{Pointer: pointer}
	default:
		bad("extractSelector", "write a JSON pointer, such as /token, or the name of a header")
	}
	switch {
	case t.SendIn == "query" && t.SendName != "":
		f.Send = &Sending{Query: t.SendName, Template: t.SendTemplate}
	case t.SendIn == "header" && t.SendName != "":
		f.Send = &Sending{Header: http.CanonicalHeaderKey(t.SendName), Template: t.SendTemplate}
	case t.SendIn != "" && t.SendIn != "header" && t.SendIn != "query":
		bad("sendIn", "write header or query")
	case t.SendIn == "" && t.HTTPHeaderName != "":
		f.Send = &Sending{Header: http.CanonicalHeaderKey(t.HTTPHeaderName), Template: t.HeaderPrefix + "{token}"}
	default:
		bad("sendName", "write the name of the header or of the query parameter")
	}
	if f.Send != nil && f.Send.Header == "Authorization" && f.Send.Template == "Bearer {token}" {
		f.Send = nil // what is done anyway
	}
	if f.Send != nil && f.Send.Template != "" && !strings.Contains(f.Send.Template, "{token}") {
		bad("sendTemplate", "it has no {token}")
	}
	return errs
}
