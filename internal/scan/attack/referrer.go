package attack

import (
	"context"
	"net/http"
	"net/url"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// The referrer policies by which an attacker's page chooses what a check of
// Referer sees: nothing at all, or its own address with the target's name in
// the query. The first makes the Origin of what is no CORS request "null" as
// well (Fetch §3.1, "append a request Origin header").
const (
	noReferrer = "no-referrer"
	unsafeURL  = "unsafe-url"
)

// maxReferrers bounds the operations on which policies are tried in vain: a
// check of the origin stands before all of them.
const maxReferrers = 3

// refer puts what a page with that policy sends in place of what dress put.
func refer(h http.Header, policy string, pos finding.Position, shape finding.Shape, target *url.URL) {
	from, _ := Origin(pos, target)
	switch policy {
	case noReferrer:
		h.Del("Referer")
		if h.Get("Origin") != "" && shape != finding.JSONCORS {
			h.Set("Origin", "null")
		}
	case unsafeURL:
		h.Set("Referer", referringPage(from, target))
	}
}

// referringPage is the address of an attacker's page that names the target.
func referringPage(from string, target *url.URL) string {
	return from + "/?" + target.Scheme + "://" + target.Host + "/"
}

// referred tries a forged request that was refused for where it came from
// again, under each referrer policy; send sends it with what edit makes of its
// fields, and reports whether it was accepted. The verdict is set where one
// was.
func (m *matrix) referred(try *Try, send func(edit func(http.Header)) (bool, error)) error {
	if try.By != finding.ByOrigin || try.Position == finding.Null || m.t.referrersVain >= maxReferrers {
		return nil
	}
	if m.policies == nil {
		m.policies = map[string]bool{}
	}
	tried := false
	for _, policy := range []string{noReferrer, unsafeURL} {
		key := string(try.Position) + " " + policy
		if works, done := m.policies[key]; done && !works {
			continue
		}
		tried = true
		if policy == noReferrer {
			// Where an absent Referer is what helps, it does so beside a foreign
			// Origin too, though no browser sends that. Else it is the Origin
			// "null" that gets through, which is a position of its own.
			ok, err := send(func(h http.Header) { h.Del("Referer") })
			if err != nil {
				return err
			}
			if !ok {
				m.policies[key] = false
				continue
			}
		}
		ok, err := send(func(h http.Header) { refer(h, policy, try.Position, try.Shape, m.t.Base) })
		if err != nil {
			return err
		}
		m.policies[key] = ok
		if ok {
			try.Verdict.Verdict, try.By, try.Referrer = finding.Forged, "", policy
			try.Reason = "accepted from a page with the referrer policy " + policy + ", and refused without: the check looks at Referer, which the attacker's page chooses"
			m.t.referrersVain = -1 << 20 // it is such a check
			return nil
		}
	}
	if tried {
		m.t.referrersVain++
	}
	return nil
}

// again sends the forged request of a cell once more, with other fields.
func (m *matrix) again(ctx context.Context, try *Try, jar *client.Jar) func(edit func(http.Header)) (bool, error) {
	return func(edit func(http.Header)) (bool, error) {
		call, err := m.call(ctx)
		if err != nil {
			return false, err
		}
		r, ok := call.Forged().Encode(try.Shape)
		if !ok {
			return false, nil
		}
		dress(r.Header, try.Position, try.Shape, r.Method, r.URL)
		edit(r.Header)
		actor.AddCookies(r.Header, jar.Header(r.URL))
		res, err := m.t.Client.Do(ctx, r)
		if err != nil || m.s.Judge.Read(res) != Accepted {
			return false, err
		}
		m.called = nil
		try.Seen, try.Call = res, call
		return true, nil
	}
}
