package actor

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
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

// Find returns the ways to log in that a document shows, the likeliest first:
// the token endpoints of OAuth 2.0 password flows (RFC 6749 §4.3), then
// operations that take a name and a password.
func Find(doc *openapi.Document) []Route {
	type ranked struct {
		Route
		rank  int
		makes bool // something other than a session
	}
	var out []ranked
	for _, o := range doc.Operations {
		for _, r := range routes(o) {
			rank := 100
			text := strings.ToLower(o.Path + " " + o.ID)
			if tokenURL(doc, o.Path) {
				rank = 0
			}
			for i, w := range loginish {
				if strings.Contains(text, w) {
					rank = min(rank, 10+i)
				}
			}
			if rank > 0 && (contains(text, notLogin) || collection(o.Path)) {
				continue
			}
			if rank == 100 {
				if !bare(o) {
					continue
				}
				rank = 60
			}
			out = append(out, ranked{r, rank, rank > 0 && madeInFolder(o)})
		}
	}
	for _, t := range doc.TokenURLs {
		u, err := url.Parse(t)
		if err != nil || slices.ContainsFunc(out, func(r ranked) bool { return r.rank == 0 }) {
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
			UserField: "username", PassField: "password", Extra: map[string]string{"grant_type": "password"}}, 0, false})
	}
	slices.SortStableFunc(out, func(a, b ranked) int { return a.rank - b.rank })
	// Where something is called a login, what is not makes accounts.
	out = slices.DeleteFunc(out, func(r ranked) bool { return r.rank == 60 && out[0].rank < 60 })
	if slices.ContainsFunc(out, func(r ranked) bool { return !r.makes }) {
		out = slices.DeleteFunc(out, func(r ranked) bool { return r.makes })
	}
	routes := make([]Route, 0, len(out))
	for _, r := range out {
		routes = append(routes, r.Route)
	}
	return routes
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
	path := strings.ToLower(strings.Trim(o.Path, "/"))
	// FastAPI ends an ID with the path and the method.
	slug := strings.NewReplacer("/", "_", "-", "_").Replace(path) + "_" + strings.ToLower(o.Method)
	own := path[strings.LastIndexByte(path, '/')+1:] + " " + strings.TrimSuffix(strings.ToLower(o.ID), slug)
	return (o.Created || o.Secured) && !contains(own, loginish)
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
				if rs := routes(o); len(rs) > 0 {
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
func routes(o *openapi.Operation) []Route {
	if strings.Contains(o.Path, "{") {
		return nil
	}
	var out []Route
	for _, b := range o.Bodies {
		var enc Encoding
		switch {
		case strings.Contains(b.ContentType, "json"):
			enc = JSON
		case b.ContentType == string(Form):
			enc = Form
		case b.ContentType == string(Multipart):
			enc = Multipart
		default:
			continue
		}
		r := Route{Method: o.Method, Path: o.Path, Encoding: enc, Extra: map[string]string{}}
		if fill(&r, b.Schema, "", 0) || CalledLogin(o) && r.pair(b.Schema) {
			out = append(out, r)
		} else if in := envelope(b.Schema); in != "" && CalledLogin(o) {
			r.UserField, r.AlsoUser, r.PassField = in+"username", []string{in + "email"}, in+"password"
			out = append(out, r)
		} else if len(b.Schema.Properties()) == 0 && o.Method == http.MethodPost {
			// The document is silent on what the body holds.
			r.UserField, r.AlsoUser, r.PassField = "username", []string{"email"}, "password"
			out = append(out, r)
		}
	}
	if len(o.Bodies) == 0 && o.Method == http.MethodPost && contains(strings.ToLower(o.Path), []string{"login", "signin", "sign-in", "sign_in"}) && len(o.Params) == 0 && len(o.Security) == 0 {
		// It reads its body by itself.
		for _, enc := range []Encoding{JSON, Form} {
			out = append(out, Route{Method: o.Method, Path: o.Path, Encoding: enc, UserField: "username", AlsoUser: []string{"email"}, PassField: "password"})
		}
	}
	if len(o.Bodies) == 0 {
		r := Route{Method: o.Method, Path: o.Path, Encoding: Query}
		for _, p := range o.Params {
			if p.In == "query" {
				r.name(p.Name, p.Name)
			}
		}
		if r.UserField != "" && r.PassField != "" {
			out = append(out, r)
		}
	}
	return out
}

// fill finds the names in a schema, one object deep.
func fill(r *Route, s *openapi.Schema, prefix string, depth int) bool {
	props := s.Properties()
	for _, p := range props {
		r.name(p, prefix+p)
		lower := strings.ToLower(p)
		switch {
		case lower == "grant_type" && r.Encoding != JSON:
			r.Extra[prefix+p] = "password"
		case isCSRFName(lower):
			r.CSRFField = prefix + p
		}
	}
	if r.UserField != "" && r.PassField != "" {
		return true
	}
	if depth > 0 || r.Encoding != JSON {
		return false
	}
	for _, p := range props {
		if fill(r, s.Property(p), p+".", depth+1) {
			return true
		}
	}
	return false
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

// name takes a member for the account's name or password, if it is called so.
func (r *Route) name(member, path string) {
	lower := strings.ToLower(member)
	if slices.Contains(passNames, lower) && r.PassField == "" {
		r.PassField = path
	}
	last := r.UserField[strings.LastIndexByte(r.UserField, '.')+1:]
	old, now := slices.Index(userNames, strings.ToLower(last)), slices.Index(userNames, lower)
	if now >= 0 && (r.UserField == "" || now < old) {
		r.UserField = path
	}
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
	return contains(text, loginish) && !contains(text, notLogin)
}

// IsLogout reports whether o is called like a logout.
func IsLogout(o *openapi.Operation) bool {
	text := strings.ToLower(o.Path + " " + o.ID)
	if contains(text, []string{"logout", "log-out", "log_out", "signout", "sign-out", "sign_out"}) {
		return true
	}
	return o.Method == http.MethodDelete && (strings.HasSuffix(o.Path, "/session") || strings.HasSuffix(o.Path, "/sessions/current"))
}

// IsRefresh reports whether o exchanges a refresh token.
func IsRefresh(o *openapi.Operation) bool {
	return strings.Contains(strings.ToLower(o.Path+" "+o.ID), "refresh")
}
