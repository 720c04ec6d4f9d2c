package scan

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// maxRepairs bounds how often one request is corrected.
const maxRepairs = 6

// identities returns what an answer calls the thing that was created.
func identities(r *client.Response) []string {
	var out []string
	if loc := strings.TrimRight(r.Header.Get("Location"), "/"); loc != "" {
		out = append(out, loc[strings.LastIndexByte(loc, '/')+1:])
	}
	body, _ := r.JSON()
	v, ok := body.(map[string]any)
	if !ok {
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
	built, err := a.build(u, from)
	if err != nil && from == nil && !u.op.Safe() {
		// Nothing is known that may be touched: a new one.
		made, failed := a.produce(ctx, u)
		if failed != nil && !errors.Is(failed, errNoProducer) {
			return failed
		}
		if made != nil {
			from = made
			built, err = a.build(u, from)
		}
	}
	if err != nil {
		s.Reason = err.Error()
		return nil
	}
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
		if res.Status >= 200 && res.Status < 300 && !failed || a.movedOn(u, res) {
			a.remember(u, built, r)
			s.Exercised = true
			if (u.refreshes || actor.OnlyHandsOut(res)) && r.Value == nil && len(res.Header["Set-Cookie"]) == 0 {
				s.ChangesState = false // it hands out a token and keeps the one it was shown
			}
			s.Success = res
			if u.op.Method == http.MethodPost {
				u.names = namesIn(res)
				u.leads = leadsTo(res)
			}
			s.Judge.Success(res)
			s.Call = a.call(u, r)
			if !a.t.IsLogout(s) && u.op.Method != http.MethodGet && a.endsSession(res) {
				a.t.Logouts = append(a.t.Logouts, s) // by whatever name
				_, err := a.t.Victim.Login(ctx)
				return err
			}
			return a.relist(ctx, u, res)
		}
		s.Reason = "a legitimate call was answered " + a.brief(res)
		if u.refusal == nil || res.Status < 500 || u.refusal.Status >= 500 { // a failure tells less than a refusal
			u.refused, u.refusal = r, res
		}
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
				if built, err = a.build(u, from); err != nil {
					return nil
				}
				r = built
				continue
			}
		}
		if !ok {
			if u.optional || try > 1 || status != http.StatusUnprocessableEntity && status != http.StatusBadRequest && status != http.StatusInternalServerError {
				return nil
			}
			// Perhaps what the document calls optional is needed.
			u.optional = true
			if next, err = a.build(u, nil); err != nil {
				return nil
			}
			built = next
		}
		r = next
	}
}

// movedOn reports whether an answer is the redirect by which pages answer a
// form, or a page that leads on: not the way to the login, nor to another
// spelling of the same path.
func (a *api) movedOn(u *use, r *client.Response) bool {
	switch r.Status {
	case http.StatusSeeOther:
		return true
	case http.StatusFound, http.StatusTemporaryRedirect:
	default:
		return false
	}
	if a.t.IsLogout(u.subject) || actor.IsRegistration(u.op) {
		return true
	}
	to := actor.LeadsTo(r)
	if to == nil || a.t.Victim.AtDoor(r) {
		return false
	}
	// A form may lead back to its own page.
	return !samePath(to.Path, r.Request.URL.Path) || to.Path == r.Request.URL.Path && !u.op.Safe()
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
	a.successes++
	u.last, u.current, u.chooses = sent, sent.PathValues, takesName(u.op, sent)
	if built == sent {
		return
	}
	was, _ := built.Value.(map[string]any)
	is, ok := sent.Value.(map[string]any)
	if ok {
		for k, v := range is {
			if _, text := v.(string); text && sent.Renamed() {
				u.unique = true // good for one call
				continue
			}
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
