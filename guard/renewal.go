package guard

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/d710e0ae/countersign/session"
)

// Tabs of one session find out at the same moment that their token has
// expired, and each asks to renew it. An API that rotates refresh tokens takes
// the second use of one for a theft, and ends the session (RFC 9700, section
// 4.14.2). So only one request at a time renews a session's tokens, in this
// process or in another with the same store, and the next one uses what the
// first has got (oauth2-proxy issue 1992).
//
// The claim is a part of the session, put there under its revision. It lasts
// longer than the API may take (proxy.response_timeout), so that none runs out
// while it is needed.

// renewalMargin is what a claim lasts beyond the longest wait for the API.
const renewalMargin = 5 * time.Second

// renewalPoll is how often a claim of another request is looked at.
const renewalPoll = 20 * time.Millisecond

// claimRenewal waits until the session's tokens are this request's to renew.
func (g *Guard) claimRenewal(x *exchange) *problem {
	ctx := x.r.Context()
	for {
		now := g.clock().UnixMilli()
		if age := now - x.tokens.renewing; x.tokens.renewing == 0 || age < 0 || age >= g.renewalLasts().Milliseconds() {
			t := x.tokens
			t.renewing = now
			s, err := g.sessions.SetData(ctx, x.session, t.encode())
			if err == nil {
				x.session, x.tokens = s, t
				return nil
			}
			if !errors.Is(err, session.ErrConflict) {
				return renewalProblem(err)
			}
		} else if err := pause(ctx, renewalPoll); err != nil {
			return refusal(http.StatusServiceUnavailable, "renewal-under-way", "another request renews the session's tokens").because(err)
		}
		s, err := g.sessions.Get(x.r)
		if err != nil {
			return renewalProblem(err)
		}
		t, ok := decodeTokens(s.Data())
		if !ok {
			return refusal(http.StatusServiceUnavailable, "session-unreadable", "the session was written by another version")
		}
		x.session, x.tokens = s, t
	}
}

func (g *Guard) renewalLasts() time.Duration {
	p := &g.cfg.Proxy
	return p.ConnectTimeout + p.ResponseTimeout + renewalMargin
}

// releaseRenewal gives the claim back where the renewal itself did not: the
// API refused, or broke off.
func (g *Guard) releaseRenewal(x *exchange) {
	if x.session == nil || x.tokens.renewing == 0 {
		return
	}
	t := x.tokens
	t.renewing = 0
	// If this fails, the claim runs out by itself.
	_, _ = g.sessions.SetData(context.WithoutCancel(x.r.Context()), x.session, t.encode())
}

func renewalProblem(err error) *problem {
	if errors.Is(err, session.ErrUnknown) {
		return refusal(http.StatusUnauthorized, "no-session", "the session has ended; log in again").because(err)
	}
	return refusal(http.StatusServiceUnavailable, "session-store-unavailable", "sessions cannot be looked up now").because(err)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
