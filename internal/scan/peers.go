package scan

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// maxPeers bounds the operations that are asked what the other account is
// called.
const maxPeers = 3

// peers finds out what the other account is called where paths want a name
// that the own account bears: nobody follows themselves, and what others are
// called no listing may say.
func (s *session) peers(ctx context.Context) error {
	a, asked := s.a, 0
	if a.t.Attacker == nil {
		return nil
	}
	for _, u := range a.uses {
		name := u.parameter
		if u.subject.Exercised || name == "" || u.refusal == nil || !mayNeedPrelude(u.refusal.Status) {
			continue
		}
		for _, o := range a.uses {
			if o.op.Method != http.MethodGet || strings.Contains(o.op.Path, "{") || o.subject.Success == nil || asked == maxPeers {
				continue
			}
			own := borne(o.subject.Success, name)
			if own == "" {
				continue
			}
			asked++
			target, err := url.Parse(strings.TrimSuffix(a.t.Base.String(), "/") + o.op.Path)
			if err != nil {
				return err
			}
			res, err := a.t.Attacker.Do(ctx, &client.Request{Method: http.MethodGet, URL: target, Header: http.Header{}})
			if err != nil {
				return err
			}
			if other := borne(res, name); other != "" && other != own {
				a.pool.Offer(name, other)
				break
			}
		}
	}
	return nil
}

// borne returns what the thing that an answer is about has under a name.
func borne(res *client.Response, name string) string {
	for _, thing := range things(res) {
		if v := member(thing, name); v != "" {
			return v
		}
	}
	return ""
}
