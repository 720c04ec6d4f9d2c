package attack

import (
	"github.com/d710e0ae/countersign/internal/finding"
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
