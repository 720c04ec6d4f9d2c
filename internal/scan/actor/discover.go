package actor

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/d710e0ae/countersign/internal/scan/openapi/words"
)

var (
	userNames = []string{"username", "user_name", "email", "login", "user", "userid", "user_id", "name", "account", "identifier", "phone", "handle", "nickname", "nick", "mail", "email_address"}
	passNames = []string{"password", "passwd", "pass", "pwd", "secret", "passphrase", "user_password", "plain_password", "pin", "passcode", "pass_code", "pincode"}
	loginish  = []string{"login", "signin", "sign-in", "sign_in", "log-in", "log_in", "token", "authenticate", "session", "auth", "jwt"}
	notLogin  = []string{"register", "signup", "sign-up", "sign_up", "reset", "forgot", "change", "refresh", "logout", "revoke", "verify", "password", "create_user", "createuser"}
)

func contains(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

// Ranks of what may be a login, the likeliest first: the token endpoint that
// the document names, what is called a login in English (by the place of the
// word in loginish) or in another language, what takes a name and a password
// and nothing else, and what takes a password among other things.
const (
	rankToken   = 0
	rankEnglish = 10
	rankForeign = 40
	rankBare    = 60
	rankShape   = 70
	rankNone    = 1000
)

// Find returns the ways to log in that a document shows, the likeliest first:
// the token endpoints of OAuth 2.0 password flows (RFC 6749 §4.3), operations
// that take a name and a password and are called a login, and last those whose
// shape alone speaks for it, which are doubtful.
func Find(doc *openapi.Document) []Route {
	var out []ranked
	for _, o := range doc.Operations {
		rank := rankOf(doc, o)
		if rank == rankNone {
			continue
		}
		for _, r := range routes(doc, o) {
			r.Doubtful = rank >= rankBare
			out = append(out, ranked{r, rank, rank > rankToken && madeInFolder(o)})
		}
	}
	for _, t := range doc.TokenURLs {
		u, err := url.Parse(t)
		if err != nil || slices.ContainsFunc(out, func(r ranked) bool { return r.rank == rankToken }) {
			continue
		}
		// Named by the security scheme, though no operation is that shows
		// what it takes.
		path := "/" + strings.TrimLeft(u.Path, "./")
		for _, o := range doc.Operations {
			if o.Method == http.MethodPost && strings.TrimSuffix(o.Path, "/") == strings.TrimSuffix(path, "/") {
				path = o.Path // a redirect would only lead there
			}
		}
		out = append(out, ranked{Route{Method: http.MethodPost, Path: path, Encoding: Form,
			UserField: "username", PassField: "password", Extra: map[string]any{"grant_type": "password"}}, rankToken, false})
	}
	slices.SortStableFunc(out, func(a, b ranked) int { return a.rank - b.rank })
	sure := func(r ranked) bool { return !r.Doubtful }
	if slices.ContainsFunc(out, func(r ranked) bool { return sure(r) && !r.makes }) {
		out = slices.DeleteFunc(out, func(r ranked) bool { return r.makes })
	}
	routes := make([]Route, 0, len(out))
	for _, r := range out {
		routes = append(routes, r.Route)
	}
	return routes
}

// A ranked is a way to log in and how likely it is one.
type ranked struct {
	Route
	rank  int
	makes bool // something other than a session
}

// rankOf says how likely an operation is a login, by what it is called and by
// the shape of what it takes.
func rankOf(doc *openapi.Document, o *openapi.Operation) int {
	if len(o.Bodies) == 0 || strings.Contains(o.Path, "{") {
		return rankNone // routes knows no way through it
	}
	if tokenURL(doc, o.Path) {
		return rankToken
	}
	text := strings.ToLower(o.Path + " " + o.ID)
	if contains(text, notLogin) || collection(o.Path) || doesOther(o) {
		return rankNone
	}
	for i, w := range loginish {
		if strings.Contains(text, w) {
			return rankEnglish + i
		}
	}
	switch {
	case words.Of(words.Login, o.Path+" "+o.ID+" "+o.Summary):
		return rankForeign
	case bare(o):
		return rankBare
	case o.Method == http.MethodPost && !o.Secured:
		if n, ok := shape(o); ok {
			return rankShape + n
		}
	}
	return rankNone
}

// doesOther reports whether an operation's own name, in any language, is that
// of something else that is done with an account.
func doesOther(o *openapi.Operation) bool {
	return words.Of(words.Logout|words.Renew|words.Register|words.Other, ownName(o))
}

// ownName is what an operation is called apart from the folders it lies in:
// the last part of its path, and its ID without the path and the method that
// FastAPI ends it with.
func ownName(o *openapi.Operation) string {
	path, id := strings.ToLower(o.Path), strings.ToLower(o.ID)
	if rest, ok := strings.CutSuffix(id, "_"+strings.ToLower(o.Method)); ok {
		if rest, ok = cutSlug(rest, path); ok {
			id = rest
		}
	}
	path = strings.Trim(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:] + " " + id
}

// cutSlug is strings.CutSuffix, where text is what FastAPI made of the suffix:
// each character of it that stands in no word is an underscore.
func cutSlug(text, suffix string) (string, bool) {
	for suffix != "" {
		r, n := utf8.DecodeLastRuneInString(suffix)
		suffix = suffix[:len(suffix)-n]
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsNumber(r) {
			r = '_'
		}
		last, size := utf8.DecodeLastRuneInString(text)
		if last != r {
			return "", false
		}
		text = text[:len(text)-size]
	}
	return text, true
}

// shape reports whether an operation takes one password, a name or a text that
// may be one, and at most two more things that it insists on, and how many.
func shape(o *openapi.Operation) (more int, ok bool) {
	for _, b := range o.Bodies {
		_, nests := encodingOf(b)
		fields := fieldsOf(b.Schema, nests)
		secrets, names, rest := 0, 0, 0
		for _, f := range fields {
			switch {
			case f.secret:
				secrets++
			case f.name:
				names++
			case f.required:
				rest++
			}
		}
		if names == 0 && rest > 0 && slices.ContainsFunc(fields, field.text) {
			rest-- // it may be the name
			names++
		}
		if secrets == 1 && names > 0 && rest <= 2 {
			return rest, true
		}
	}
	return 0, false
}

// bare reports whether o takes a name and a password and nothing else, which
// is a login by whatever name: who registers is asked for more, or is told so
// by the path.
func bare(o *openapi.Operation) bool {
	return o.Method == http.MethodPost && slices.ContainsFunc(o.Bodies, func(b *openapi.Body) bool { return len(b.Schema.Properties()) == 2 }) &&
		!contains(strings.ToLower(o.Path+" "+o.ID), []string{"create", "new", "add", "invite"})
}

// madeInFolder reports whether o is called a login by nothing but the folder
// that it lies in, and its document speaks against it: it promises to create
// something, or asks for a credential first. POST /auth/teachers enrols a
// teacher.
func madeInFolder(o *openapi.Operation) bool {
	own := ownName(o)
	return (o.Created || o.Secured) && !contains(own, loginish) && !words.Of(words.Login, own)
}

// collection reports whether a path ends in the name of many accounts: a POST
// there makes one.
func collection(path string) bool {
	last := strings.ToLower(path[strings.LastIndexByte(strings.TrimSuffix(path, "/"), '/')+1:])
	return slices.Contains([]string{"users", "user", "accounts", "members", "customers", "people", "admins"}, strings.TrimSuffix(last, "/"))
}

func tokenURL(doc *openapi.Document, path string) bool {
	return slices.ContainsFunc(doc.TokenURLs, func(t string) bool {
		u, err := url.Parse(t)
		return err == nil && u.Path != "" && strings.HasSuffix(path, "/"+strings.TrimLeft(u.Path, "./"))
	})
}

// Told returns the ways to log in by the operation of that method and path:
// as the document describes it, or else as a form and as JSON with the usual
// names.
func Told(doc *openapi.Document, method, path string) []Route {
	if doc != nil {
		for _, o := range doc.Operations {
			if o.Method == method && o.Path == path {
				if rs := routes(doc, o); len(rs) > 0 {
					return rs
				}
			}
		}
	}
	var out []Route
	for _, user := range []string{"username", "email"} {
		for _, e := range []Encoding{Form, JSON} {
			out = append(out, Route{Method: method, Path: path, Encoding: e, UserField: user, PassField: "password"})
		}
	}
	return out
}

// routes returns the ways in which o takes a name and a password.
func routes(doc *openapi.Document, o *openapi.Operation) []Route {
	if strings.Contains(o.Path, "{") {
		return nil
	}
	var out []Route
	for _, b := range o.Bodies {
		enc, nests := encodingOf(b)
		if enc == "" {
			continue
		}
		r := Route{Method: o.Method, Path: o.Path, Encoding: enc, Extra: map[string]any{}}
		if r.assign(fieldsOf(b.Schema, nests)) || CalledLogin(o) && r.pair(b.Schema) {
			r.complete(doc, o, b, nests)
			out = append(out, r)
		} else if in := envelope(b.Schema); in != "" && CalledLogin(o) {
			r.UserField, r.AlsoUser, r.PassField, r.Guessed = in+"username", []string{in + "email"}, in+"password", true
			out = append(out, r)
		} else if len(b.Schema.Properties()) == 0 && o.Method == http.MethodPost {
			// The document is silent on what the body holds.
			r.UserField, r.AlsoUser, r.PassField, r.Guessed = "username", []string{"email"}, "password", true
			out = append(out, r)
		}
	}
	if len(o.Bodies) == 0 && o.Method == http.MethodPost && contains(strings.ToLower(o.Path), []string{"login", "signin", "sign-in", "sign_in"}) && len(o.Params) == 0 && len(o.Security) == 0 {
		// It reads its body by itself.
		for _, enc := range []Encoding{JSON, Form} {
			out = append(out, Route{Method: o.Method, Path: o.Path, Encoding: enc, UserField: "username", AlsoUser: []string{"email"}, PassField: "password", Guessed: true})
		}
	}
	if len(o.Bodies) == 0 {
		r := Route{Method: o.Method, Path: o.Path, Encoding: Query}
		var fields []field
		for _, p := range o.Params {
			if p.In == "query" {
				fields = append(fields, newField(p.Name, p.Name, p.Required, p.Schema))
			}
		}
		if r.assign(fields) {
			out = append(out, r)
		}
	}
	return out
}

// envelope returns the prefix of the only member of a body, where that is an
// object of which the document does not say what it holds.
func envelope(s *openapi.Schema) string {
	props := s.Properties()
	if len(props) != 1 || s.Property(props[0]).Type() != "object" || len(s.Property(props[0]).Properties()) > 0 {
		return ""
	}
	return props[0] + "."
}

// pair takes the two texts that a login asks for as name and password, where
// their names do not say which is which.
func (r *Route) pair(s *openapi.Schema) bool {
	var texts []string
	for _, p := range s.Properties() {
		if s.Required(p) && s.Property(p).Type() == "string" {
			texts = append(texts, p)
		}
	}
	if len(texts) != 2 {
		return false
	}
	switch {
	case r.PassField == "" && r.UserField == "":
		r.UserField, r.PassField = texts[0], texts[1]
	case r.PassField == "":
		r.PassField = texts[1-slices.Index(texts, r.UserField)]
	default:
		r.UserField = texts[1-slices.Index(texts, r.PassField)]
	}
	return true
}

// CSRFPaths returns the GET operations that hand out CSRF tokens.
func CSRFPaths(doc *openapi.Document) []string {
	var out []string
	for _, o := range doc.Operations {
		if o.Method == http.MethodGet && !strings.Contains(o.Path, "{") && isCSRFName(strings.ToLower(o.Path+" "+o.ID)) {
			out = append(out, o.Path)
		}
	}
	return out
}

// CalledLogin reports whether o is called like a login.
func CalledLogin(o *openapi.Operation) bool {
	text := strings.ToLower(o.Path + " " + o.ID)
	if contains(text, notLogin) || doesOther(o) {
		return false
	}
	return contains(text, loginish) || words.Of(words.Login, o.Path+" "+o.ID+" "+o.Summary)
}

// IsLogout reports whether o is called like a logout.
func IsLogout(o *openapi.Operation) bool {
	text := strings.ToLower(o.Path + " " + o.ID)
	if contains(text, []string{"logout", "log-out", "log_out", "signout", "sign-out", "sign_out"}) || words.Of(words.Logout, ownName(o)) {
		return true
	}
	return o.Method == http.MethodDelete && (strings.HasSuffix(o.Path, "/session") || strings.HasSuffix(o.Path, "/sessions/current"))
}

// IsRefresh reports whether o exchanges a refresh token.
func IsRefresh(o *openapi.Operation) bool {
	return strings.Contains(strings.ToLower(o.Path+" "+o.ID), "refresh") || words.Of(words.Renew, ownName(o)) && words.Of(words.Login, o.Path)
}
