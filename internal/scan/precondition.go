package scan

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// conditional reports whether a status may say that the request does not know
// the thing's newest state (RFC 9110 §13.1.1, RFC 6585 §3).
func conditional(status int) bool {
	return status == http.StatusConflict || status == http.StatusPreconditionFailed || status == http.StatusPreconditionRequired
}

// current puts the state of the thing that r is about into r, as a client
// does that has read it before: its entity tag into If-Match, and its version
// into the member that is called so. It reports whether that changed r.
func (a *api) current(ctx context.Context, u *use, r *openapi.Request) (bool, error) {
	path := a.readable(u, r)
	if path == "" {
		return false, nil
	}
	res, err := a.get(ctx, path)
	if err != nil || res.Status != http.StatusOK {
		return false, err
	}
	changed := false
	if tag := res.Header.Get("ETag"); tag != "" && r.Header.Get("If-Match") != tag {
		r.Header.Set("If-Match", tag)
		changed = true
	}
	members, _ := r.Value.(map[string]any)
	inBody := false
	for _, thing := range things(res) {
		for name, now := range thing {
			if !isVersion(name) {
				continue
			}
			if v := member(thing, name); r.Query.Has(name) && v != "" && r.Query.Get(name) != v {
				r.Query.Set(name, v)
				changed = true
			}
			if was, has := members[name]; has && !reflect.DeepEqual(was, now) {
				members[name], inBody = now, true
			}
		}
	}
	if inBody {
		err = r.Encode(media(r.ContentType))
	}
	return (changed || inBody) && err == nil, nil
}

// readable returns the path at which the thing that r is about can be read;
// empty where the API shows none.
func (a *api) readable(u *use, r *openapi.Request) string {
	template, path := strings.Split(u.op.Path, "/"), strings.Split(r.Path, "/")
	if len(template) != len(path) {
		return ""
	}
	for n := len(template); n > 1 && strings.Contains(strings.Join(template[:n], "/"), "{"); n-- {
		at := strings.Join(template[:n], "/")
		if slices.ContainsFunc(a.uses, func(o *use) bool { return o.op.Method == http.MethodGet && o.op.Path == at }) {
			return strings.Join(path[:n], "/")
		}
	}
	return ""
}

// isVersion reports whether a member of that name tells one state of a thing
// from another.
func isVersion(name string) bool {
	n := strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
	return slices.ContainsFunc([]string{"version", "revision", "etag", "updatedat", "lastmodified", "modifiedat"}, func(w string) bool { return strings.HasSuffix(n, w) }) || n == "rev"
}

// maxPreludes bounds the operations that are tried before another one.
const maxPreludes = 8

// prepared tries u on a new thing that another operation has dealt with
// before: an invoice is sent before it is paid. What helps is done before
// each further call.
func (a *api) prepared(ctx context.Context, u *use) error {
	if u.refusal == nil || a.cfg.ReadOnly || !mayNeedPrelude(u.refusal.Status) {
		return nil
	}
	works := func(thing *produced) (bool, error) {
		u.after, u.renew, u.subject.UsesUp = thing, true, true
		err := a.exercise(ctx, u)
		if !u.subject.Exercised {
			u.renew, u.subject.UsesUp = false, false
		}
		return u.subject.Exercised, err
	}
	if u.refusal.Status == http.StatusConflict || u.refusal.Status == http.StatusBadRequest {
		// What was there has been dealt with: perhaps a new thing is enough,
		// or one that is given what it has not yet.
		thing, err := a.produce(ctx, u)
		if errors.Is(err, errNoProducer) {
			return nil
		}
		if err != nil {
			return err
		}
		if ok, err := works(thing); ok || err != nil {
			return err
		}
		if _, u.differs = a.doc.Differ(u.op, a.pool, u.refused, thing.state); u.differs {
			if ok, err := works(thing); ok || err != nil {
				return err
			}
			u.differs = false
		}
	}
	_, err := a.prelude(ctx, u, works)
	return err
}

func mayNeedPrelude(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusOK:
		return true
	}
	return false
}

// settle finds out what must be done to a new thing before u, which succeeded
// once on a thing that was there: nothing, or what another operation does.
func (a *api) settle(ctx context.Context, u *use) error {
	works := func(thing *produced) (bool, error) {
		r, err := a.again(u, thing)
		if err != nil {
			return false, nil
		}
		res, err := a.send(ctx, u, r)
		if err != nil || u.subject.Judge.Read(res) == attack.Accepted {
			return err == nil, err
		}
		// Perhaps the new thing has already what u would give it.
		next, ok := a.doc.Differ(u.op, a.pool, r, thing.state)
		if !ok {
			return false, nil
		}
		if res, err = a.send(ctx, u, next); err != nil || u.subject.Judge.Read(res) != attack.Accepted {
			return false, err
		}
		u.differs = true
		return true, nil
	}
	thing, err := a.produce(ctx, u)
	if err != nil {
		return err
	}
	if ok, err := works(thing); ok || err != nil {
		return err
	}
	_, err = a.prelude(ctx, u, works)
	return err
}

// prelude looks for the operations after which u works on a new thing, and
// keeps them.
func (a *api) prelude(ctx context.Context, u *use, works func(*produced) (bool, error)) (bool, error) {
	if len(a.producers(u)) == 0 {
		return false, nil
	}
	candidates := a.preludes(u)
	for _, p := range candidates[:min(len(candidates), maxPreludes)] {
		thing, err := a.produce(ctx, u)
		if errors.Is(err, errNoProducer) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		steps := append(slices.Clone(p.prelude), p)
		ok, err := a.play(ctx, steps, thing)
		if err != nil {
			return false, err
		}
		if !ok {
			continue
		}
		was := u.prelude
		u.prelude = steps
		if ok, err := works(thing); ok || err != nil {
			return ok, err
		}
		u.prelude = was
	}
	return false, nil
}

// preludes returns the operations that change the same thing as u does, and
// have been exercised: those on the thing itself first.
func (a *api) preludes(u *use) []*use {
	name := "{" + u.parameter + "}"
	stem, _, ok := strings.Cut(u.op.Path, name)
	if !ok {
		return nil
	}
	var out []*use
	for _, p := range a.uses {
		if p == u || p.op.Safe() || p.op.Method == http.MethodDelete || !p.subject.Exercised || p.subject.Login || p.parameter != u.parameter ||
			!strings.HasPrefix(p.op.Path, stem+name) {
			continue
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(x, y *use) int { return len(x.prelude) - len(y.prelude) })
	return out
}

// play does what must be done to a thing before; false where a step fails.
func (a *api) play(ctx context.Context, steps []*use, thing *produced) (bool, error) {
	for _, p := range steps {
		r, err := a.again(p, thing)
		if err != nil {
			return false, nil
		}
		if p.versioned {
			if _, err := a.current(ctx, p, r); err != nil {
				return false, err
			}
		}
		res, err := a.send(ctx, p, r)
		if err != nil {
			return false, err
		}
		if p.subject.Judge.Read(res) != attack.Accepted {
			return false, nil
		}
	}
	return true, nil
}
