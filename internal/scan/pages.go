package scan

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// maxPages bounds the pages that are read for what the document leaves out.
const maxPages = 10

// loginPages adds the logins that the API's own pages show. A handler that
// reads its form by itself, and a page that is left out of the document, do
// not stand there.
func (s *session) loginPages(ctx context.Context) error {
	t := s.a.t
	if s.cfg.Login != "" || t.Victim.Given != nil || s.cfg.Victim.Name == "" {
		return nil
	}
	pages := s.pagesOfLogins()
	for i := 0; i < len(pages); i++ {
		path := pages[i]
		u := *t.Base
		u.Path = strings.TrimSuffix(t.Base.Path, "/") + path
		res, err := s.cl.Do(ctx, &client.Request{Method: http.MethodGet, URL: &u, Header: http.Header{"Accept": {"text/html"}}})
		if err != nil {
			return err
		}
		if to, ok := s.leads(res); ok && len(pages) < maxPages && !slices.Contains(pages, to) {
			pages = append(pages, to) // where a visitor is sent to log in
		}
		if res.Status != http.StatusOK {
			continue
		}
		for _, f := range actor.Forms(res) {
			if r, ok := f.Login(t.Base); ok {
				r.Page = path
				s.addLogin(r)
			}
		}
	}
	return nil
}

// pagesOfLogins returns where the form of a login may be.
func (s *session) pagesOfLogins() []string {
	var out []string
	add := func(path string) {
		if len(out) < maxPages && !slices.Contains(out, path) {
			out = append(out, path)
		}
	}
	for _, o := range s.a.doc.Operations {
		if o.Method != http.MethodGet || strings.Contains(o.Path, "{") || actor.IsLogout(o) {
			continue
		}
		if actor.CalledLogin(o) || slices.ContainsFunc(s.a.doc.Operations, func(p *openapi.Operation) bool { return silent(p) && samePath(p.Path, o.Path) }) {
			add(o.Path)
		}
	}
	if !slices.ContainsFunc(s.a.t.Victim.Routes, func(r actor.Route) bool { return !r.Doubtful }) {
		for _, path := range []string{"/login", "/signin", "/sign-in", "/auth/login", "/"} {
			add(path)
		}
		for _, path := range s.a.t.Victim.Reads {
			add(path)
		}
	}
	return out
}

// leads returns the path under the API's base that an answer redirects to.
func (s *session) leads(res *client.Response) (string, bool) {
	if res.Status < 300 || res.Status >= 400 {
		return "", false
	}
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil || to.Path == "" {
		return "", false
	}
	to = res.Request.URL.ResolveReference(to)
	path, under := strings.CutPrefix(to.Path, strings.TrimSuffix(s.a.t.Base.Path, "/"))
	return path, under && to.Host == s.a.t.Base.Host && to.Scheme == s.a.t.Base.Scheme
}

// silent reports whether the document says nothing of a body where there may
// be one.
func silent(o *openapi.Operation) bool { return o.Method == http.MethodPost && len(o.Bodies) == 0 }

func samePath(a, b string) bool { return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/") }

// addLogin adds what a page says of a login, in place of what was guessed of
// the same one.
func (s *session) addLogin(r actor.Route) {
	t := s.a.t
	for _, u := range s.a.uses {
		if u.op.Method == r.Method && samePath(u.op.Path, r.Path) {
			u.subject.Login = true
			r.Path = u.op.Path // a redirect would only lead there
		}
	}
	for _, who := range []*actor.Actor{t.Victim, t.Attacker} {
		if who == nil {
			continue
		}
		same := func(o actor.Route) bool { return o.Method == r.Method && samePath(o.Path, r.Path) }
		at := slices.IndexFunc(who.Routes, same)
		if at >= 0 && !who.Routes[at].Guessed {
			continue // the document describes it
		}
		who.Routes = slices.DeleteFunc(who.Routes, same)
		if at < 0 {
			at = len(who.Routes)
		}
		who.Routes = slices.Insert(who.Routes, at, r)
	}
}

// describe learns the bodies of operations on which the document is silent
// from the forms that send to them, as the victim sees the pages.
func (s *session) describe(ctx context.Context) error {
	read := 0
	for _, page := range s.a.uses {
		if page.op.Method != http.MethodGet || strings.Contains(page.op.Path, "{") || read == maxPages ||
			!slices.ContainsFunc(s.a.uses, func(u *use) bool { return silent(u.op) && !u.subject.Login && pageOf(page.op.Path, u.op.Path) }) {
			continue
		}
		read++
		res, err := s.a.get(ctx, page.op.Path)
		if err != nil {
			return err
		}
		if res.Status >= 300 && res.Status < 400 { // a page for those who have not logged in
			if res, err = s.cl.Do(ctx, &client.Request{Method: http.MethodGet, URL: res.Request.URL, Header: http.Header{"Accept": {"text/html"}}}); err != nil {
				return err
			}
		}
		s.a.learnForms(res)
	}
	return nil
}

// pageOf reports whether a page may hold the form that sends to path: it
// stands there itself, or right below, as /items/new does for /items.
func pageOf(page, path string) bool {
	if samePath(page, path) {
		return true
	}
	last := strings.LastIndexByte(strings.TrimSuffix(page, "/"), '/')
	return last > 0 && samePath(page[:last], path)
}

// learnForms describes the operations to which the forms of a page send, where
// the document is silent on them, and where it is not, learns what the page
// knows better of their fields.
func (a *api) learnForms(page *client.Response) {
	for _, f := range actor.Forms(page) {
		path, ok := strings.CutPrefix(f.Action.Path, strings.TrimSuffix(a.t.Base.Path, "/"))
		if !ok || len(f.Fields) == 0 {
			continue
		}
		for _, u := range a.uses {
			if u.subject.Login || f.Method != u.op.Method || !matches(u.op.Path, path) {
				continue
			}
			var fields []openapi.Field
			for _, field := range f.Fields {
				if actor.IsCSRFName(field.Name) {
					field.Value = "" // the page's own, which no attacker has
				}
				fields = append(fields, openapi.Field{Name: field.Name, Type: field.Type, Value: field.Value, Options: field.Options, Required: field.Required,
					Pattern: field.Pattern, Placeholder: field.Placeholder})
			}
			if silent(u.op) {
				u.op.Describe(string(f.Encoding), fields)
			} else {
				a.pool.Shown(u.op, fields)
			}
		}
	}
}

// matches reports whether a path is one of a template's.
func matches(template, path string) bool {
	want, is := strings.Split(strings.Trim(template, "/"), "/"), strings.Split(strings.Trim(path, "/"), "/")
	return slices.EqualFunc(want, is, func(w, p string) bool {
		return w == p || strings.HasPrefix(w, "{") && strings.HasSuffix(w, "}") && p != ""
	})
}

// maxLooks bounds how often what failed is tried again.
const maxLooks = 2

// secondLook tries again what failed the first time: pages that the scan met
// later told how to call it, or handed out the token that it wants, or another
// operation made the thing that it needs. It ends when a round gains nothing.
func (s *session) secondLook(ctx context.Context) error {
	if err := s.lasting(s.peers(ctx)); err != nil {
		return err
	}
	for range maxLooks {
		gained, err := s.lookAgain(ctx, false)
		if err != nil {
			return err
		}
		if !gained {
			break
		}
	}
	_, err := s.lookAgain(ctx, true)
	return err
}

// lookAgain is one round, of those operations after which little can be done
// to a thing, or of all others. It reports whether one succeeded.
func (s *session) lookAgain(ctx context.Context, ending bool) (gained bool, err error) {
	for _, u := range s.a.uses {
		if u.subject.Exercised || u.subject.Login || s.a.t.IsLogout(u.subject) || u.op.Ends() != ending {
			continue
		}
		s.c.Progress(finding.Progress{Stage: "exercise", Text: u.op.String()})
		again := s.a.exercise
		if u.doubtful() && !s.cfg.ReadOnly {
			again = s.a.exerciseWatched
		}
		if err := s.lasting(again(ctx, u)); err != nil {
			return gained, err
		}
		for _, more := range []func(context.Context, *use) error{s.a.prepared, s.a.filled} {
			if u.subject.Exercised || u.doubtful() {
				break
			}
			if err := s.lasting(more(ctx, u)); err != nil {
				return gained, err
			}
		}
		gained = gained || u.subject.Exercised
	}
	return gained, nil
}
