package attack

import (
	"context"
	"net/http"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// A Gate says which credential alone authenticates an operation.
type Gate struct {
	None   Reading // without any
	Cookie Reading // what browsers attach by themselves
	Header Reading // Authorization: Bearer alone
	Junk   Reading // the cookie beside a worthless Authorization field

	CookieTried, HeaderTried, JunkTried bool

	Stuck bool // no call is accepted any more: what authenticates only refusals tell

	CookieAnswer, HeaderAnswer *client.Response
}

// Pass puts s through the gate: the request of a good client with no
// credential, with the cookie alone, with the header alone, and with the
// cookie beside a junk header. s.Judge must know a success. The error is one
// of the transport's.
func (t *Target) Pass(ctx context.Context, s *Subject) error {
	g := Gate{}
	call, err := s.fresh(ctx)
	if err != nil {
		s.Credential, s.Reason = finding.CredentialUnknown, err.Error()
		if ctx.Err() != nil || s.Call == nil {
			return ctx.Err()
		}
		// The last call is used up, but it still tells who is asked in.
		answer, err := t.legit(ctx, s.Call, t.Victim.Credentials(), actor.Everything)
		if err != nil {
			return err
		}
		return t.PassRefused(ctx, s, s.Call, answer)
	}
	creds := t.Victim.Credentials() // after the call was made, which may log in
	none, err := t.legit(ctx, call, creds, actor.Use{})
	if err != nil {
		return err
	}
	g.None = s.Judge.Read(none)
	if g.None == Accepted {
		s.Gate, s.Credential = g, finding.CredentialNone
		s.Reason = "answers without any credential"
		return nil
	}
	// What is there already is not for want of a credential.
	if none.Status == http.StatusConflict && s.Renew != nil && s.Renew(none) {
		return t.Pass(ctx, s)
	}
	if none.Status >= 500 || g.None == Unclear || g.None == Malformed {
		s.Gate, s.Credential = g, finding.CredentialUnknown
		s.Reason = "what comes back without a credential can be told neither from success nor from a refusal"
		if none.Status != 404 && none.Status != 400 && none.Status < 300 {
			return nil
		}
	}
	s.Refusal = none
	s.Judge.Refusal(none)
	if s.Judge.Blind() {
		s.Gate, s.Credential = g, finding.CredentialUnknown
		s.Reason = "success and refusal look the same"
		return nil
	}

	var cookieCall *Call
	if creds.Jar.Header(call.URL()) != "" {
		g.CookieTried = true
		cookieCall = call // the refused request has used nothing up
		g.CookieAnswer, err = t.legit(ctx, cookieCall, creds, actor.Use{Cookie: true, CSRF: true})
		if err != nil {
			return err
		}
		g.Cookie = s.Judge.Read(g.CookieAnswer)
		if g.Cookie != Accepted && usedUp(g.CookieAnswer) && s.Renew != nil && s.Renew(g.CookieAnswer) {
			if !turnedAway(none) && lookAt(none).same(lookAt(g.CookieAnswer)) {
				return t.Pass(ctx, s) // it was not for want of a credential
			}
			if cookieCall, err = s.fresh(ctx); err == nil {
				g.CookieAnswer, err = t.legit(ctx, cookieCall, creds, actor.Use{Cookie: true, CSRF: true})
				if err != nil {
					return err
				}
				g.Cookie = s.Judge.Read(g.CookieAnswer)
			}
		}
	}
	// A header that a good client sends besides may have stood in for a field
	// that the API demands of its own scripts: without the one, with the other.
	if g.CookieTried && g.Cookie != Accepted && !safe(s.Ref.Method) && t.Victim.Suppose(g.CookieAnswer) {
		creds = t.Victim.Credentials()
		again, err := t.legit(ctx, cookieCall, creds, actor.Use{Cookie: true, CSRF: true})
		if err != nil {
			return err
		}
		if s.Judge.Read(again) == Accepted {
			g.CookieAnswer, g.Cookie = again, Accepted
		} else {
			t.Victim.Withdraw()
			creds = t.Victim.Credentials()
		}
	}
	if creds.Bearer() != "" {
		next := call
		if g.Cookie == Accepted {
			if next, err = s.fresh(ctx); err != nil {
				next = nil
			}
			creds = t.Victim.Credentials()
		}
		if next != nil {
			g.HeaderTried = true
			g.HeaderAnswer, err = t.legit(ctx, next, creds, actor.Use{Bearer: true})
			if err != nil {
				return err
			}
			g.Header = s.Judge.Read(g.HeaderAnswer)
			if g.Header != Accepted && usedUp(g.HeaderAnswer) && s.Renew != nil && s.Renew(g.HeaderAnswer) {
				if next, err = s.fresh(ctx); err == nil {
					g.HeaderAnswer, err = t.legit(ctx, next, creds, actor.Use{Bearer: true})
					if err != nil {
						return err
					}
					g.Header = s.Judge.Read(g.HeaderAnswer)
				}
			}
		}
	}
	if g.Cookie == Accepted && g.HeaderTried {
		if next, err := s.fresh(ctx); err == nil {
			creds = t.Victim.Credentials()
			use := actor.Use{Cookie: true, CSRF: true}
			res, err := t.renewing(ctx, creds, use, func(creds actor.Credentials) *client.Request {
				r := legitimate(next, creds, use)
				r.Header.Set("Authorization", "Bearer "+junk)
				return r
			})
			if err != nil {
				return err
			}
			g.JunkTried, g.Junk = true, s.Judge.Read(res)
		}
	}
	s.Gate = g
	if g.Cookie != Accepted && g.Header != Accepted {
		if again, err := t.revived(ctx, s); again || err != nil {
			if err != nil {
				return err
			}
			return t.Pass(ctx, s)
		}
	}
	switch {
	case g.Cookie == Accepted && g.Header == Accepted:
		s.Credential = finding.CredentialEither
	case g.Cookie == Accepted:
		s.Credential = finding.CredentialCookie
	case g.Header == Accepted:
		s.Credential = finding.CredentialBearer
	case s.Renew != nil && s.Renew(nil):
		// Perhaps what it is about has gone since: another operation may have
		// used it up.
		return t.Pass(ctx, s)
	default:
		if s.Credential = g.further(none); s.Credential == finding.CredentialUnknown && call != nil {
			answer, err := t.legit(ctx, call, creds, actor.Everything)
			if err != nil {
				return err
			}
			switch {
			case s.Judge.Read(answer) != Accepted:
				s.Credential = g.asFar(none, answer)
				s.Gate.Stuck = s.Credential != finding.CredentialUnknown
			case g.CookieTried && g.HeaderTried:
				// It wants both, and the header no browser attaches.
				s.Credential = finding.CredentialBearer
			}
		}
		s.Reason = "neither the cookie alone nor the header alone is accepted"
	}
	if s.Credential != finding.CredentialUnknown {
		s.Reason = ""
	}
	return nil
}

// further returns the credential that got further than none did, where none
// was turned away and what was asked for is not there any more.
func (g Gate) further(none *client.Response) finding.Credential {
	got := func(r *client.Response) bool {
		return r != nil && turnedAway(none) && usedUp(r) && !lookAt(r).same(lookAt(none))
	}
	return taken(got(g.CookieAnswer), got(g.HeaderAnswer))
}

// asFar returns the credential that gets as far as all together do, where that
// is no success either, and none gets less far: see PassRefused.
func (g Gate) asFar(none, answer *client.Response) finding.Credential {
	if !tells(answer) || !turnedAway(none) || lookAt(none).same(lookAt(answer)) {
		return finding.CredentialUnknown
	}
	far := func(r *client.Response) bool { return r != nil && lookAt(r).same(lookAt(answer)) }
	return taken(far(g.CookieAnswer), far(g.HeaderAnswer))
}

// taken is the credential of an operation that takes the cookie or the header.
func taken(cookie, header bool) finding.Credential {
	switch {
	case cookie && header:
		return finding.CredentialEither
	case cookie:
		return finding.CredentialCookie
	case header:
		return finding.CredentialBearer
	}
	return finding.CredentialUnknown
}

// usedUp reports whether an answer says that the thing is not there any more,
// or has been dealt with.
func usedUp(r *client.Response) bool {
	switch r.Status {
	case 400, 404, 409, 410:
		return true
	}
	return false
}

// junk is an Authorization value that no server ever handed out.
const junk = "countersign-junk"
