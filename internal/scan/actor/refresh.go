package actor

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// A Refresh is the operation that gives a new access token for a refresh
// token (RFC 6749 §6).
type Refresh struct {
	Method, Path string
	Encoding     Encoding
	Field        string // of the body or query that takes the token; empty: a cookie or the Authorization field does
}

// FindRefresh returns the operation that a document shows for it, or nil.
func FindRefresh(doc *openapi.Document) *Refresh {
	for _, o := range doc.Operations {
		if o.Method != http.MethodPost && o.Method != http.MethodGet || strings.Contains(o.Path, "{") || !IsRefresh(o) || IsLogout(o) {
			continue
		}
		r := &Refresh{Method: o.Method, Path: o.Path}
		takes := func(name string) bool {
			lower := strings.ToLower(name)
			return strings.Contains(lower, "refresh") || lower == "token"
		}
		for _, b := range o.Bodies {
			i := slices.IndexFunc(b.Schema.Properties(), takes)
			switch {
			case i < 0:
			case strings.Contains(b.ContentType, "json"):
				r.Field, r.Encoding = b.Schema.Properties()[i], JSON
			case b.ContentType == string(Form):
				r.Field, r.Encoding = b.Schema.Properties()[i], Form
			}
			if r.Field != "" {
				return r
			}
		}
		for _, p := range o.Params {
			if p.In == "query" && takes(p.Name) {
				r.Field, r.Encoding = p.Name, Query
			}
		}
		return r
	}
	return nil
}

// renew gets a new access token for the refresh token, and reports whether it
// got one. Where it did not, only a login helps.
func (a *Actor) renew(ctx context.Context) (bool, error) {
	if a.Refresh == nil || a.stale {
		return false, nil
	}
	old := a.creds.Clone()
	var token string
	for _, t := range slices.Concat(old.Tokens, tokensInCookies(old.Jar.Cookies())) {
		if t.Refresh {
			token = t.Value
			break
		}
	}
	if token == "" && !old.session() {
		return false, nil
	}
	u := *a.Base
	u.Path = strings.TrimSuffix(a.Base.Path, "/") + a.Refresh.Path
	req := &client.Request{Method: a.Refresh.Method, URL: &u, Header: http.Header{}}
	a.Page(req.Header, req.Method, &u)
	old.Put(req, Use{Cookie: true, CSRF: true})
	fields := map[string]string{a.Refresh.Field: token, "grant_type": "refresh_token"}
	switch {
	case a.Refresh.Field == "":
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
	case a.Refresh.Encoding == JSON:
		body, err := json.Marshal(map[string]string{a.Refresh.Field: token})
		if err != nil {
			return false, nil
		}
		req.Body = body
		req.Header.Set("Content-Type", string(JSON))
	default:
		form := url.Values{}
		for name, v := range fields {
			form.Set(name, v)
		}
		if a.Refresh.Encoding == Query {
			u.RawQuery = form.Encode()
		} else {
			req.Body = []byte(form.Encode())
			req.Header.Set("Content-Type", string(Form))
		}
	}
	res, err := a.Client.Do(ctx, req)
	if err != nil {
		return false, err
	}
	fresh := Credentials{Jar: old.Jar.Clone()}
	a.take(&fresh, res)
	got := fresh.Bearer() != "" && fresh.Bearer() != old.Bearer()
	if !success(res) || !got && !changed(old.Jar, fresh.Jar) {
		a.stale = true // asked once for each login
		return false, nil
	}
	a.creds.Jar = fresh.Jar
	if len(fresh.Tokens) > 0 {
		// A refresh token that was not handed out anew stays good.
		if !slices.ContainsFunc(fresh.Tokens, func(t Token) bool { return t.Refresh }) {
			for _, t := range old.Tokens {
				if t.Refresh {
					fresh.Tokens = append(fresh.Tokens, t)
				}
			}
		}
		a.creds.Tokens = fresh.Tokens
	}
	mergeCSRF(&a.creds, fresh.CSRF)
	return true, nil
}
