package attack

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/browser"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/secret"
)

// loginForgeable sends the attacker's login as a form of another site does,
// with no cookie of the victim's. It counts only where the answer gives the
// browser a cookie that authenticates: a token in a body is of no use to a
// victim whose page never sees it. Control: a wrong password gets no cookie.
func loginForgeable(ctx context.Context, t *Target) error {
	who := t.Attacker
	if who == nil {
		who = t.Victim
	}
	for _, route := range t.Logins {
		if err := t.loginForgeable(ctx, who, route); err != nil {
			return err
		}
	}
	return nil
}

func (t *Target) loginForgeable(ctx context.Context, who *actor.Actor, route actor.Route) error {
	req := who.RequestBy(route, false)
	for _, shape := range []finding.Shape{finding.Form, finding.Multipart, finding.TextPlain, finding.Navigate, finding.Blob} {
		r, ok := loginAs(req, route, shape)
		if !ok {
			continue
		}
		dress(r.Header, finding.CrossSite, shape, r.Method, r.URL)
		res, err := t.Client.Do(ctx, r)
		if err != nil {
			return err
		}
		cookie, ok := t.given(res, shape)
		if !ok {
			continue
		}
		bad, _ := loginAs(who.RequestBy(route, true), route, shape)
		dress(bad.Header, finding.CrossSite, shape, bad.Method, bad.URL)
		refused, err := t.Client.Do(ctx, bad)
		if err != nil {
			return err
		}
		if _, gets := t.given(refused, shape); gets {
			continue
		}
		ref := finding.OperationRef{Method: route.Method, Path: route.Path}
		opts := []option{evidence(t.labelled("control: a wrong password, no cookie", refused)...),
			evidence(t.labelled("the login sent from another site, accepted", res)...)}
		seen := t.try(ctx, loginPage(req, route, ref, shape), false)
		switch {
		case seen != nil && seen.Status == 0, seen != nil && len(seen.Holds) == 0:
			continue // the browser kept no cookie of it
		case seen != nil:
			// The page that is kept bears no one's password.
			nobody := who.RequestAs(route, actor.Account{Name: "ATTACKERS-NAME", Password: secret.New("ATTACKERS-PASSWORD")})
			opts = append(opts, seen.proved(t.Browser.Keep(loginPage(nobody, route, ref, shape)))...)
		default:
			opts = append(opts, t.unproved)
		}
		t.Handler.Finding(t.finding("login-forgeable", &ref,
			fmt.Sprintf("A page of another site logs the victim in as the attacker: %s accepts the login as a %s and sets the cookie %s.", ref, shape, cookie.Name), opts...))
		return nil
	}
	return nil
}

// loginPage is the attacker's page that sends a login.
func loginPage(req *client.Request, route actor.Route, ref finding.OperationRef, shape finding.Shape) browser.Attack {
	r, _ := loginAs(req, route, shape) // which this shape can carry
	a := browser.Attack{Position: finding.CrossSite, Shape: shape, Method: r.Method, URL: r.URL.String(), ContentType: r.Header.Get("Content-Type"), Body: r.Body, Operation: ref.String(), Picture: true}
	if shape == finding.TextPlain {
		// A form writes NAME=VALUE: a member that no one asks for takes the
		// sign in.
		if end := bytes.LastIndexByte(r.Body, '}'); end > 0 {
			a.Body = append(bytes.Clone(r.Body[:end]), `,"x":"="}`...)
		}
	}
	return a
}

// loginAs puts the login into a shape that another site can send.
func loginAs(req *client.Request, route actor.Route, shape finding.Shape) (*client.Request, bool) {
	r := req.Clone()
	r.Bare = true
	switch shape {
	case finding.Form, finding.Multipart:
		return r, route.Method == http.MethodPost && (route.Encoding == actor.Form && shape == finding.Form || route.Encoding == actor.Multipart && shape == finding.Multipart || route.Encoding == actor.Query && shape == finding.Form)
	case finding.Navigate:
		return r, route.Method == http.MethodGet && route.Encoding == actor.Query
	case finding.TextPlain:
		r.Header.Set("Content-Type", "text/plain")
	case finding.Blob:
		r.Header.Del("Content-Type")
	}
	return r, route.Method == http.MethodPost && route.Encoding == actor.JSON
}

// given returns the authenticating cookie that an answer gives to a browser
// which sent the request from another site. A navigation may set any cookie,
// a fetch only SameSite=None ones.
func (t *Target) given(r *client.Response, shape finding.Shape) (client.Cookie, bool) {
	if r.Status >= 400 {
		return client.Cookie{}, false
	}
	for _, c := range client.SetCookies(r) {
		if c.Deleted() || len(c.Value) < 8 || !t.Authenticates(c.Name) || c.Refused(t.Base.Scheme) != "" {
			continue
		}
		if topLevel(shape) || c.SameSite == client.SameSiteNone && !c.Partitioned {
			return c, true
		}
	}
	return client.Cookie{}, false
}
