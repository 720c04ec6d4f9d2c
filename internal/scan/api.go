package scan

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/d710e0ae/countersign/internal/scan/oracle"
	"github.com/d710e0ae/countersign/internal/secret"
)

// maxRepairs bounds how often one request is corrected.
const maxRepairs = 6

// An api is the API in use: its document, what was learnt of its things, and
// the operations that were tried.
type api struct {
	cfg    *Config
	t      *attack.Target
	doc    *openapi.Document
	pool   *openapi.Pool
	reader *oracle.Reader
	serial int

	routes []actor.Route   // logins that the document shows
	logins map[string]bool // their operations

	uses     []*use
	byOp     map[*openapi.Operation]*use
	made     []made                      // what the scan created
	listed   map[string][]string         // what listings held when last read, by path
	relisted map[*openapi.Operation]bool // read again after a creation
	wasThere []string                    // paths of what was deleted
}

// A use is one operation and how it is called.
type use struct {
	op      *openapi.Operation
	subject *attack.Subject

	telling  string         // what the last path parameter names, see telling
	optional bool           // fill what is not required
	fixed    map[string]any // members that had to be corrected
	dropped  []string       // members that had to go
	query    url.Values     // query parameters that had to be corrected
	renew    bool           // each call uses its resource up
	outside  bool           // exercised for others' sake only
	// prelude is what must be done to a new thing before each call.
	prelude   []*use
	filler    *use      // called before each call, since it uses up what they bring
	unfilled  []*use    // those that did not help, see nextFiller
	after     *produced // the thing to which that was done already
	versioned bool      // each call names the thing's newest state
	differs   bool      // each call gives the new thing what it has not yet
	keyed     bool      // each call needs a name of its own in the path
	unsettled bool      // what must come before is still to be found out
	last      *openapi.Request
	refused   *openapi.Request  // the last that was not answered by a success
	refusal   *client.Response  // and its answer
	watches   []watch           // what may show its effect
	current   map[string]string // path parameters of the newest call
	names     map[string]bool   // what the answer to a creation names, see namesIn
	leads     *url.URL          // where the answer to a creation says that the thing is
}

// made is a thing that the scan created, and how it might be deleted.
type made struct {
	path string
	ids  []string
	by   *use
	said bool // by the status, 201
	gone bool
}

// build makes a request to u.
func (a *api) build(u *use) (*openapi.Request, error) {
	a.serial++
	r, err := a.doc.Build(u.op, a.pool, openapi.BuildOptions{Optional: u.optional, Serial: a.serial})
	if err != nil {
		return nil, err
	}
	if m, ok := r.Value.(map[string]any); ok {
		maps.Copy(m, u.fixed)
		for _, k := range u.dropped {
			delete(m, k)
		}
		a.credentialsIn(u, m)
		if err := r.Encode(media(r.ContentType)); err != nil {
			return nil, err
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
// new, so that the account stays usable; a refresh gets the refresh token.
func (a *api) credentialsIn(u *use, m map[string]any) {
	if u.subject.Login {
		return
	}
	creds := a.t.Victim.Credentials()
	own := changesOwnAccount(u.op)
	changes := own || strings.Contains(strings.ToLower(u.op.Path+u.op.ID), "password")
	for k := range m {
		name := strings.ToLower(k)
		if is, ok := a.ownName(name); own && ok {
			m[k] = is
			continue
		}
		switch {
		case strings.Contains(name, "password") && (changes || strings.Contains(name, "old") || strings.Contains(name, "current")):
			if !a.t.Victim.Account.Password.Empty() {
				m[k] = a.t.Victim.Account.Password.Reveal()
			}
		case strings.Contains(name, "refresh") && strings.Contains(name, "token"):
			for _, t := range creds.Tokens {
				if t.Refresh {
					m[k] = t.Value
				}
			}
		}
	}
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
		if from, err = a.produce(ctx, u); err != nil {
			return nil, err
		}
		if ok, err := a.play(ctx, u.prelude, from); err != nil || !ok {
			return nil, cmp.Or(err, errPrelude)
		}
	}
	if ok, err := a.fill(ctx, u); err != nil || !ok {
		return nil, cmp.Or(err, errPrelude)
	}
	r, err := a.again(u)
	if err != nil {
		return nil, err
	}
	from.name(u.op, r)
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

// again makes another request to u: the last one that succeeded where there
// is nothing in it to vary, else a new one.
func (a *api) again(u *use) (*openapi.Request, error) {
	if u.last != nil && a.deleted(u.last.Path) {
		return a.build(u) // about another thing
	}
	if u.last != nil && len(u.op.Bodies) == 0 && (len(u.last.Query) == 0 || !u.subject.ChangesState) {
		return u.last.Clone(), nil
	}
	if u.last == nil || strings.HasSuffix(u.op.Path, "}") || !strings.Contains(u.op.Path, "{") {
		return a.build(u)
	}
	// The same place as before, with another body: choosing a place anew
	// among all that is known costs more than the request.
	at := *u
	op := *u.op
	op.Path, at.op = u.last.Path, &op
	r, err := a.build(&at)
	if err != nil {
		return nil, err
	}
	r.PathValues = maps.Clone(u.last.PathValues)
	return r, nil
}

// deleted reports whether what a path is about was deleted by the scan.
func (a *api) deleted(path string) bool {
	return slices.ContainsFunc(a.wasThere, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") })
}

// send sends a request as the victim's own page and learns from the answer.
func (a *api) send(ctx context.Context, u *use, r *openapi.Request) (*client.Response, error) {
	call := (&attack.Call{Request: r, Base: a.t.Base}).WithToken(a.t.Victim.Credentials().CSRFValue())
	do := a.t.Victim.Do
	if actor.IsRegistration(u.op) {
		do = a.t.Victim.Aside
	}
	res, err := do(ctx, call.Wire())
	if err != nil {
		return nil, err
	}
	a.pool.Learn(u.op, r, res.Status, res.Header, res.Body)
	if u.op.Method == http.MethodDelete && res.Status < 300 && strings.HasSuffix(u.op.Path, "}") && len(a.wasThere) < maxListed {
		a.wasThere = append(a.wasThere, r.Path)
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

// identities returns what an answer calls the thing that was created.
func identities(r *client.Response) []string {
	var out []string
	if loc := strings.TrimRight(r.Header.Get("Location"), "/"); loc != "" {
		out = append(out, loc[strings.LastIndexByte(loc, '/')+1:])
	}
	var v map[string]any
	if json.Unmarshal(r.Body, &v) != nil {
		return out
	}
	if inner, ok := v["data"].(map[string]any); ok {
		v = inner
	}
	for _, k := range slices.Sorted(maps.Keys(v)) {
		if l := strings.ToLower(k); l == "id" || l == "uuid" || l == "_id" || strings.HasSuffix(l, "_id") || l == "slug" {
			switch id := v[k].(type) {
			case string:
				out = append(out, id)
			case float64:
				out = append(out, strconv.FormatFloat(id, 'f', -1, 64))
			}
		}
	}
	return out
}

// exercise calls u until it succeeds or nothing more can be learnt from its
// refusals.
func (a *api) exercise(ctx context.Context, u *use) error {
	s := u.subject
	if s.Reason = a.excused(u); s.Reason != "" {
		return nil
	}
	from := u.after
	u.after = nil
	if from == nil && u.renew && u.op.Method == http.MethodDelete {
		var err error
		if from, err = a.produce(ctx, u); err != nil && !errors.Is(err, errNoProducer) {
			return err
		}
	}
	built, err := a.build(u)
	if err != nil {
		s.Reason = err.Error()
		return nil
	}
	from.name(u.op, built)
	if u.differs && from != nil {
		if next, ok := a.doc.Differ(u.op, a.pool, built, from.state); ok {
			built = next
		}
	}
	r := built
	for try := 0; ; try++ {
		res, err := a.send(ctx, u, r)
		if err != nil {
			return err
		}
		failed := attack.Failed(res)
		if res.Status >= 200 && res.Status < 300 && !failed || res.Status == 303 || res.Status == 302 && (s == a.t.Logout || !strings.Contains(strings.ToLower(res.Header.Get("Location")), "login")) {
			a.remember(u, built, r)
			s.Exercised = true
			if actor.IsRefresh(u.op) && r.Value == nil && len(res.Header["Set-Cookie"]) == 0 {
				s.ChangesState = false // it hands out a token and keeps the one it was shown
			}
			s.Success = res
			if u.op.Method == http.MethodPost {
				u.names = namesIn(res)
				u.leads = leadsTo(res)
			}
			s.Judge.Success(res)
			s.Call = a.call(u, r)
			if a.t.Logout == nil && u.op.Method != http.MethodGet && a.endsSession(res) {
				a.t.Logout = s // by whatever name
				_, err := a.t.Victim.Login(ctx)
				return err
			}
			return a.relist(ctx, u, res)
		}
		s.Reason = "a legitimate call was answered " + a.brief(res)
		u.refused, u.refusal = r, res
		if try == maxRepairs {
			return nil
		}
		status := res.Status
		if failed && status < 300 {
			status = http.StatusBadRequest // which is what it means
		}
		if conditional(status) && !u.versioned {
			if u.versioned, err = a.current(ctx, u, r); err != nil {
				return err
			}
			if u.versioned {
				continue
			}
		}
		next, ok := a.doc.Repair(u.op, a.pool, r, status, res.Body)
		if !ok && from == nil && gone(status) {
			// What the path names is not there, or not any more: a new one.
			if from, err = a.produce(ctx, u); err != nil && !errors.Is(err, errNoProducer) {
				return err
			}
			if from != nil {
				if built, err = a.build(u); err != nil {
					return nil
				}
				from.name(u.op, built)
				r = built
				continue
			}
		}
		if !ok {
			if u.optional || try > 1 || status != http.StatusUnprocessableEntity && status != http.StatusBadRequest {
				return nil
			}
			// Perhaps what the document calls optional is needed.
			u.optional = true
			if next, err = a.build(u); err != nil {
				return nil
			}
			built = next
		}
		r = next
	}
}

// endsSession reports whether an answer takes away a cookie that the login
// gave.
func (a *api) endsSession(r *client.Response) bool {
	login, _ := a.t.Victim.Answer()
	if login == nil {
		return false
	}
	given := client.SetCookies(login)
	return slices.ContainsFunc(client.SetCookies(r), func(c client.Cookie) bool {
		return c.Deleted() && !actor.IsCSRFName(c.Name) && slices.ContainsFunc(given, func(g client.Cookie) bool { return g.Name == c.Name })
	})
}

// gone reports whether a status says that the thing is not there, or not in a
// state for this.
func gone(status int) bool {
	return status == http.StatusNotFound || status == http.StatusConflict || status == http.StatusGone
}

// brief is an answer in one line.
func (a *api) brief(r *client.Response) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(r.Body[:min(len(r.Body), 300)]), "�")), " ")
	if len(text) > 160 {
		text = strings.ToValidUTF8(text[:160], "") + "…"
	}
	return a.t.Redactor.Redact(fmt.Sprintf("%d %s", r.Status, text))
}

// excused says why an operation is not to be called at all.
func (a *api) excused(u *use) string {
	switch {
	case a.cfg.ReadOnly && (u.subject.ChangesState || u.doubtful()):
		return "it changes state, and the scan is read-only"
	case u.op.Dangerous() == "it deletes the account", u.op.Dangerous() == "it closes the account":
		return u.op.Dangerous() + " that the scan needs"
	}
	return ""
}

// remember keeps what had to be corrected for later calls.
func (a *api) remember(u *use, built, sent *openapi.Request) {
	u.last, u.current = sent, sent.PathValues
	if built == sent {
		return
	}
	was, _ := built.Value.(map[string]any)
	is, ok := sent.Value.(map[string]any)
	if ok {
		for k, v := range is {
			if !reflect.DeepEqual(was[k], v) {
				if u.fixed == nil {
					u.fixed = map[string]any{}
				}
				u.fixed[k] = v
			}
		}
		for k := range was {
			if _, has := is[k]; !has {
				u.dropped = append(u.dropped, k)
			}
		}
	}
	for k, v := range sent.Query {
		if !slices.Equal(built.Query[k], v) {
			if u.query == nil {
				u.query = url.Values{}
			}
			u.query[k] = v
		}
	}
}

// A watch is an operation through which another one's effect may show.
type watch struct {
	path   string            // as the document writes it
	values map[string]string // of its parameters
	query  string
}

// at returns the path for the thing that u's newest call is about.
func (w watch) at(u *use) string {
	path := w.path
	for name, value := range w.values {
		if v, shared := u.current[name]; shared {
			value = v
		}
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	return path + w.query
}

// own reports whether w shows the very thing that u uses up.
func (w watch) own(u *use) bool {
	return u.renew && strings.Contains(w.path, "{") && strings.HasPrefix(u.op.Path, w.path)
}

// observe gives u's subject the means to read its effect back.
func (a *api) observe(u *use) {
	for _, o := range a.doc.Oracles(u.op) {
		x := a.byOp[o]
		if x == nil || !x.subject.Exercised || x.last == nil || len(u.watches) == 2 {
			continue
		}
		r := x.last
		w := watch{path: o.Path, values: r.PathValues}
		if len(r.Query) > 0 {
			w.query = "?" + r.Query.Encode()
		}
		if strings.Contains(w.at(u), "{") {
			continue
		}
		itself := o.Path == u.op.Path || strings.HasPrefix(u.op.Path, o.Path+"/")
		if u.renew && strings.Contains(o.Path, "{") && !itself {
			continue
		}
		u.watches = append(u.watches, w)
		if itself {
			break
		}
	}
	if len(u.watches) == 0 {
		return
	}
	u.subject.State = func(ctx context.Context) (string, error) { return a.observed(ctx, u) }
}

// observed reads what u's watches show.
func (a *api) observed(ctx context.Context, u *use) (string, error) {
	var b strings.Builder
	for _, w := range u.watches {
		var text string
		var err error
		if w.own(u) {
			text, err = a.reader.Once(ctx, w.at(u))
		} else {
			text, err = a.reader.Read(ctx, []string{w.at(u)})
		}
		if errors.Is(err, oracle.ErrUnstable) && len(u.watches) > 1 {
			continue
		}
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// get reads a path as the victim.
func (a *api) get(ctx context.Context, path string) (*client.Response, error) {
	target, err := url.Parse(strings.TrimSuffix(a.t.Base.String(), "/") + path)
	if err != nil {
		return nil, err
	}
	return a.t.Victim.Do(ctx, &client.Request{Method: http.MethodGet, URL: target, Header: http.Header{}})
}

// newUse prepares an operation.
func (a *api) newUse(op *openapi.Operation) *use {
	changes := !op.Safe()
	u := &use{op: op, telling: telling(lastParameter(op)), subject: &attack.Subject{Ref: op.OperationRef, ChangesState: changes, Credential: finding.CredentialUnknown}}
	u.optional = op.Method == http.MethodPatch || noneRequired(op)
	u.renew = op.Method == http.MethodDelete && strings.Contains(op.Path, "{")
	u.subject.UsesUp = u.renew
	u.subject.Login = a.logins[op.String()]
	for _, p := range op.Params {
		if p.In == "query" {
			u.subject.Query = append(u.subject.Query, p.Name)
		}
	}
	u.subject.Fresh = func(ctx context.Context) (*attack.Call, error) { return a.fresh(ctx, u) }
	u.subject.Renew = func(refusal *client.Response) bool {
		if !u.renew && u.named() && !u.keyed {
			u.keyed, u.subject.UsesUp = true, true
			return true
		}
		if refusal != nil && a.nextFiller(u, refusal) {
			return true
		}
		if u.renew || len(a.producers(u)) == 0 {
			return false
		}
		u.renew, u.subject.UsesUp, u.unsettled = true, true, true
		return true
	}
	return u
}

func noneRequired(op *openapi.Operation) bool {
	if len(op.Bodies) == 0 {
		return false
	}
	s := op.Bodies[0].Schema
	return !slices.ContainsFunc(s.Properties(), s.Required)
}

// bases returns where the API's paths may begin, the likeliest first.
func bases(doc *openapi.Document, from, target *url.URL) []string {
	var out []string
	add := func(p string) {
		p = strings.TrimSuffix(p, "/")
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	if i := strings.LastIndexByte(from.Path, '/'); i >= 0 && from.Host == target.Host && from.Path != target.Path {
		add(from.Path[:i])
	}
	add(target.Path)
	for _, b := range doc.Bases {
		add(b)
	}
	add("")
	return out
}

// locate finds out under which base the API's paths are served: where most of
// a few of them are not 404.
func locate(ctx context.Context, cl *client.Client, doc *openapi.Document, from, target *url.URL) (*url.URL, error) {
	candidates := bases(doc, from, target)
	best, most := candidates[0], -1
	var probes []string
	for _, o := range doc.Operations {
		if !strings.Contains(o.Path, "{") && o.Path != "/" && len(probes) < 3 && !slices.Contains(probes, o.Path) {
			probes = append(probes, o.Path)
		}
	}
	if len(candidates) > 1 && len(probes) > 0 {
		for _, base := range candidates {
			found := 0
			for _, p := range probes {
				u := *target
				u.Path, u.RawQuery = base+p, ""
				// OPTIONS changes nothing, and where there is a path says 405.
				res, err := cl.Do(ctx, &client.Request{Method: http.MethodOptions, URL: &u, Header: http.Header{}})
				if err != nil {
					return nil, err
				}
				if res.Status != http.StatusNotFound {
					found++
				}
			}
			if found > most {
				best, most = base, found
			}
			if found == len(probes) {
				break
			}
		}
	}
	u := *target
	u.Path, u.RawPath, u.RawQuery, u.Fragment = best, "", "", ""
	return &u, nil
}

// actor makes the actor of an account.
func (a *api) actor(acc Account, cl *client.Client, red *secret.Redactor) *actor.Actor {
	who := &actor.Actor{Account: actor.Account{Name: acc.Name, Password: acc.Password}, Client: cl, Base: a.t.Base, Redactor: red,
		Page: attack.Own, CSRFPaths: actor.CSRFPaths(a.doc), Flow: acc.Flow, Refresh: actor.FindRefresh(a.doc)}
	for _, o := range a.doc.Operations {
		for _, p := range o.Params {
			switch {
			case p.In != "header":
			case actor.IsTokenField(p.Name) && !slices.Contains(who.Fields, p.Name):
				who.Fields = append(who.Fields, p.Name)
			case actor.IsCSRFHeader(p.Name) && !slices.Contains(who.Told, p.Name):
				who.Told = append(who.Told, p.Name)
			}
		}
	}
	if a.cfg.Login != "" {
		method, path, _ := operation(a.cfg.Login)
		who.Routes = actor.Told(a.doc, method, strings.TrimPrefix(path, a.t.Base.Path))
	} else {
		who.Routes = slices.Clone(a.routes)
	}
	return who
}
