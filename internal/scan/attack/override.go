package attack

import (
	"context"
	"net/http"
	"net/url"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// overrideMark is the field that names the method that a form cannot send.
const overrideMark = "_method"

// posts reports whether an operation of its own answers POST at the path.
func (t *Target) posts(path string) bool {
	for _, s := range t.Subjects {
		if s.Ref.Method == http.MethodPost && s.Ref.Path == path {
			return true
		}
	}
	return false
}

// idleOverride reports whether what answers an override is the operation that
// answers POST at the same path: the form is accepted without the mark, too.
func (m *matrix) idleOverride(ctx context.Context) (bool, error) {
	if !m.t.posts(m.s.Ref.Path) {
		return false, nil
	}
	m.called = nil
	call, err := m.call(ctx)
	if err != nil {
		return false, err
	}
	res, err := m.fromOwnPage(ctx, call, func(actor.Credentials) *client.Request {
		r, _ := call.Encode(finding.Override)
		unmark(r)
		return r
	})
	if err != nil {
		return false, err
	}
	return m.s.Judge.Read(res) == Accepted, nil
}

// unmark takes the mark out of a form and its address.
func unmark(r *client.Request) {
	u := *r.URL
	q := u.Query()
	q.Del(overrideMark)
	u.RawQuery = q.Encode()
	r.URL = &u
	if fields, err := url.ParseQuery(string(r.Body)); err == nil {
		fields.Del(overrideMark)
		r.Body = []byte(fields.Encode())
	}
}
