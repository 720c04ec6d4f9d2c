package scan

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/d710e0ae/countersign/internal/scan/oracle"
)

// An api is the API in use: its document, what was learnt of its things, and
// the operations that were tried.
type api struct {
	cfg    *Config
	t      *attack.Target
	doc    *openapi.Document
	pool   *openapi.Pool
	reader *oracle.Reader
	serial int

	ways   ways            // in which the document says that one proves who one is
	logins map[string]bool // operations that it shows as logins

	uses     []*use
	byOp     map[*openapi.Operation]*use
	telling  map[string][]*use           // by what their last parameter tells
	made     []made                      // what the scan created
	listed   map[string][]string         // what listings held when last read, by path
	relisted map[*openapi.Operation]bool // read again after a creation
	wasThere map[string]bool             // paths of what was deleted
	mine     accountIDs                  // of the victim
	theirs   accountIDs                  // of the attacker

	successes int // of operations that were exercised
	shown     int // what a browser was told to do

	known   []*use // makers, as known when so many had succeeded
	knownOf int
}

// build makes a request to u, about the thing where one is given.
func (a *api) build(u *use, thing *produced) (*openapi.Request, error) {
	if thing.places(u.op) {
		return a.buildAt(u, thing.values)
	}
	r, err := a.buildAt(u, nil)
	if err != nil {
		return nil, err
	}
	thing.name(u.op, r)
	return r, nil
}

// buildAt makes a request to u with those values in its path; nil: what suits.
func (a *api) buildAt(u *use, at map[string]string) (*openapi.Request, error) {
	a.serial++
	r, err := a.choose(u, openapi.BuildOptions{Optional: u.optional, Unique: u.unique, Avoid: u.avoid, Serial: a.serial, At: at})
	if err != nil {
		return nil, err
	}
	if m, ok := r.Value.(map[string]any); ok {
		maps.Copy(m, u.fixed)
		for _, k := range u.dropped {
			delete(m, k)
		}
		if changed := a.credentialsIn(u, m); changed || len(u.fixed)+len(u.dropped) > 0 {
			if err := r.Encode(media(r.ContentType)); err != nil {
				return nil, err
			}
		}
	}
	maps.Copy(r.Query, u.query)
	for k := range r.Header {
		// Credentials are the actor's to send, or to leave out.
		if actor.IsTokenField(k) || actor.IsCSRFHeader(k) {
			r.Header.Del(k)
		}
	}
	return r, nil
}

func media(contentType string) string {
	m, _, _ := strings.Cut(contentType, ";")
	return strings.TrimSpace(m)
}

// credentialsIn fills members that ask for the victim's own credentials: an
// operation that changes the account gets the old name and password for the
// new, so that the account stays usable; a refresh gets the refresh token. It
// reports whether there were any.
func (a *api) credentialsIn(u *use, m map[string]any) (changed bool) {
	if u.subject.Login {
		return false
	}
	for k := range m {
		name := strings.ToLower(k)
		if is, ok := a.ownName(name); u.own && ok {
			m[k], changed = is, true
			continue
		}
		switch {
		case strings.Contains(name, "password") && (u.own || strings.Contains(name, "old") || strings.Contains(name, "current") || strings.Contains(strings.ToLower(u.op.Path+u.op.ID), "password")):
			if !a.t.Victim.Account.Password.Empty() {
				m[k], changed = a.t.Victim.Account.Password.Reveal(), true
			}
		case strings.Contains(name, "refresh") && strings.Contains(name, "token"):
			for _, t := range a.t.Victim.Credentials().Tokens {
				if t.Refresh {
					m[k], changed = t.Value, true
				}
			}
		}
	}
	return changed
}

// fresh makes a call to u that ought to succeed: with a new resource where
// the operation uses its resource up.
func (a *api) fresh(ctx context.Context, u *use) (*attack.Call, error) {
	var from *produced
	if u.renew {
		var err error
		if u.unsettled {
			u.unsettled = false
			if err := a.settle(ctx, u); err != nil {
				return nil, err
			}
		}
		if from, err = a.produce(ctx, u); errors.Is(err, errNoProducer) && a.elsewhere(u) {
			from, err = nil, nil
		}
		if err != nil {
			return nil, err
		}
		if ok, err := a.play(ctx, u.prelude, from); err != nil || !ok {
			return nil, cmp.Or(err, errPrelude)
		}
	}
	if ok, err := a.fill(ctx, u); err != nil || !ok {
		return nil, cmp.Or(err, errPrelude)
	}
	if err := a.undo(ctx, u); err != nil {
		return nil, err
	}
	r, err := a.again(u, from)
	if err != nil {
		return nil, err
	}
	if u.differs && from != nil {
		if next, ok := a.doc.Differ(u.op, a.pool, r, from.state); ok {
			r = next
		}
	}
	if u.keyed {
		a.rename(u.op, r)
	}
	if u.versioned {
		if _, err := a.current(ctx, u, r); err != nil {
			return nil, err
		}
	}
	if u.renew {
		a.pool.UseUp(u.op, r)
	}
	if u.spent != nil {
		u.spent[r.PathValues[u.parameter]] = true
	}
	u.current = r.PathValues
	return a.call(u, r), nil
}

// call returns the request as a call, which knows whether the document asks
// for the CSRF token in it.
func (a *api) call(u *use, r *openapi.Request) *attack.Call {
	c := &attack.Call{Request: r, Base: a.t.Base, TokenOptional: true}
	for _, p := range u.op.Params {
		if p.In == "query" && p.Required && actor.IsCSRFName(p.Name) {
			c.TokenOptional = false
		}
	}
	if m, ok := r.Value.(map[string]any); ok && len(u.op.Bodies) > 0 {
		for name := range m {
			if actor.IsCSRFName(name) && u.op.Bodies[0].Schema.Required(name) {
				c.TokenOptional = false
			}
		}
	}
	return c
}

// again makes another request to u, about the thing where one is given: the
// last one that succeeded where there is nothing in it to vary, else a new one.
func (a *api) again(u *use, thing *produced) (*openapi.Request, error) {
	there := thing.places(u.op)
	if u.last == nil || !there && (u.spent != nil || a.deleted(u.last.Path)) {
		return a.build(u, thing)
	}
	if len(u.op.Bodies) == 0 && (len(u.last.Query) == 0 || !u.subject.ChangesState) {
		r := u.last.Clone()
		thing.name(u.op, r)
		return r, nil
	}
	if there || strings.HasSuffix(u.op.Path, "}") {
		return a.build(u, thing)
	}
	// The same place as before, with another body.
	r, err := a.buildAt(u, u.last.PathValues)
	if err == nil {
		thing.name(u.op, r)
	}
	return r, err
}

// maxElsewhere bounds the things that an operation is tried on where none can
// be made.
const maxElsewhere = 3

// elsewhere turns u to another thing that is known, where the last one is used
// up and none can be made; false where no other is known.
func (a *api) elsewhere(u *use) bool {
	if u.last == nil || len(u.avoid) == maxElsewhere || !strings.Contains(u.op.Path, "{") {
		return false
	}
	if u.avoid == nil {
		u.avoid = map[string]bool{}
	}
	u.avoid[u.last.Path] = true
	r, err := a.buildAt(u, nil)
	if err != nil || r.Guessed || len(r.Guesses) > 0 || u.avoid[r.Path] {
		return false
	}
	u.last, u.current, u.renew = r, r.PathValues, false
	return true
}

// deleted reports whether what a path is about was deleted by the scan.
func (a *api) deleted(path string) bool {
	for !a.wasThere[path] {
		up := strings.LastIndexByte(path, '/')
		if up < 0 {
			return false
		}
		path = path[:up]
	}
	return true
}

// send sends a request as the victim's own page and learns from the answer.
func (a *api) send(ctx context.Context, u *use, r *openapi.Request) (*client.Response, error) {
	call := (&attack.Call{Request: r, Base: a.t.Base}).WithToken(a.t.Victim.CSRFValue())
	do := a.t.Victim.Do
	if actor.IsRegistration(u.op) {
		do = a.t.Victim.Aside
	}
	res, err := do(ctx, call.Wire())
	if err != nil {
		return nil, err
	}
	a.pool.Learn(u.op, r, res.Status, res.Header, res.JSON)
	if u.op.Method == http.MethodDelete && res.Status < 300 && strings.HasSuffix(u.op.Path, "}") && len(a.wasThere) < maxListed {
		a.wasThere[r.Path] = true
	}
	if res.Status < 300 {
		a.recognise(res)
	}
	if res.Status == http.StatusOK {
		a.learnLinks(res)
		a.learnForms(res)
	}
	if u.op.Method == http.MethodPost && (res.Status == http.StatusCreated || res.Status == http.StatusOK || res.Status == http.StatusSeeOther) {
		a.made = append(a.made, made{path: r.Path, ids: identities(res), by: u, said: res.Status == http.StatusCreated})
	}
	return res, nil
}

// get reads a path as the victim.
func (a *api) get(ctx context.Context, path string) (*client.Response, error) {
	target, err := url.Parse(strings.TrimSuffix(a.t.Base.String(), "/") + path)
	if err != nil {
		return nil, err
	}
	return a.t.Victim.Do(ctx, &client.Request{Method: http.MethodGet, URL: target, Header: http.Header{}})
}
