package attack

import (
	"context"
	"net/http"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// A copy is one place in which a client presents its JWT.
type copy struct {
	where string // "cookie" or "header"
	name  string // the cookie's
	token string
	jws   *jws
}

func (c copy) String() string {
	if c.where == "cookie" {
		return "the cookie " + c.name
	}
	return "the Authorization header"
}

// Witness returns the operation on which credentials are tried out: one that
// is authenticated, was understood, and changes nothing; where there is none,
// one that changes state, unless the scan only reads. It may be nil.
func (t *Target) Witness(want func(*Subject) bool) *Subject {
	var best *Subject
	for _, s := range t.Subjects {
		if !s.Exercised || s.Call == nil || s.Refusal == nil || t.IsLogout(s) || !want(s) {
			continue
		}
		switch s.Credential {
		case finding.CredentialBearer, finding.CredentialCookie, finding.CredentialEither:
		default:
			continue
		}
		if s.ChangesState && (t.ReadOnly || s.Ref.Method == http.MethodDelete) {
			continue
		}
		if best == nil || best.ChangesState && !s.ChangesState {
			best = s
		}
	}
	return best
}

func takesHeader(s *Subject) bool {
	return s.Credential == finding.CredentialBearer || s.Credential == finding.CredentialEither
}

func takesCookie(s *Subject) bool {
	return s.Credential == finding.CredentialCookie || s.Credential == finding.CredentialEither
}

// A holder is a copy of the token beside the operation that reads it.
type holder struct {
	copy
	on    *Subject
	creds actor.Credentials
}

// holders returns every copy of the victim's JWT that authenticates by
// itself, each with an operation that shows it.
func (t *Target) holders() []holder {
	creds := t.Victim.Credentials()
	var out []holder
	if s := t.Witness(takesHeader); s != nil {
		if tok := creds.Bearer(); actor.IsJWT(tok) {
			if j, err := parseJWS(tok); err == nil {
				out = append(out, holder{copy{where: "header", token: tok, jws: j}, s, creds})
			}
		}
	}
	if s := t.Witness(takesCookie); s != nil {
		for _, c := range creds.Cookies(s.Call.URL()) {
			if !t.Authenticates(c.Name) {
				continue
			}
			if tok, ok := actor.JWTIn(c.Value); ok {
				if j, err := parseJWS(tok); err == nil {
					out = append(out, holder{copy{where: "cookie", name: c.Name, token: tok, jws: j}, s, creds})
				}
			}
		}
	}
	return out
}

// present sends the call of h with token in place of the copy. No other copy
// of the token goes along: of the same token in other cookies neither.
func (t *Target) present(ctx context.Context, h holder, token string) (Reading, *client.Response, error) {
	call, err := h.on.fresh(ctx)
	if err != nil {
		return Unclear, nil, ctx.Err()
	}
	t.Redactor.Add(token)
	r := legitimate(call, h.creds, actor.Use{})
	if h.where == "header" {
		r.Header.Set("Authorization", "Bearer "+token)
	} else {
		creds := h.creds.Clone()
		creds.Jar = client.NewJar()
		for _, c := range h.creds.Jar.Cookies() {
			if v, ok := actor.JWTIn(c.Value); ok && c.Name == h.name {
				c.Value = replaceToken(c.Value, v, token)
			} else if ok && !actor.IsCSRFName(c.Name) {
				continue
			}
			creds.Jar.Put(c)
		}
		r = legitimate(call, creds, cookieAlone)
	}
	res, err := t.Client.Do(ctx, r)
	if err != nil {
		return Unclear, nil, err
	}
	return h.on.Judge.Read(res), res, nil
}

func replaceToken(value, old, token string) string {
	i := len(value) - len(old)
	for ; i >= 0; i-- {
		if value[i:i+len(old)] == old {
			return value[:i] + token + value[i+len(old):]
		}
	}
	return token
}

// controlled reports whether the copy itself is accepted now and a token that
// is none is refused: without both, a changed token shows nothing.
func (t *Target) controlled(ctx context.Context, h holder) (bool, *client.Response, error) {
	yes, res, err := t.present(ctx, h, h.token)
	if err != nil || yes != Accepted {
		return false, nil, err
	}
	no, _, err := t.present(ctx, h, "a.b.c")
	return no != Accepted, res, err
}

// FindWay finds out whether the headers that the user gave belong to the way
// to the target: whether a read that the cookie authenticates works without
// them. Where it does, forged requests go without, as those of a foreign page
// do.
func (t *Target) FindWay(ctx context.Context) error {
	w := t.Witness(func(s *Subject) bool { return takesCookie(s) && !s.ChangesState })
	if w == nil {
		return nil
	}
	creds := t.Victim.Credentials()
	r := legitimate(w.Call, creds, actor.Use{Cookie: true})
	r.Bare = true
	t.Client.HeadersOpenTheWay(false)
	res, err := t.Client.Do(ctx, r)
	if err != nil || w.Judge.Read(res) != Accepted {
		t.Client.HeadersOpenTheWay(true)
	}
	return err
}
