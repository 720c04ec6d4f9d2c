package scan

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// accountIDs are the identifiers under which the API was seen to show an
// account that the scan was given.
type accountIDs map[string]bool

// maxAccountIDs bounds the identifiers that are kept of one account.
const maxAccountIDs = 32

// spare returns what u's last path parameter is not to be: the attacker's
// account, which logs in once more at the end, and, where u may take away what
// it is done to, the victim's own.
func (a *api) spare(u *use) (never, rather map[string]bool) {
	if u.op.Safe() && !u.doubtful() || !a.doc.NamesAccount(u.op) {
		return nil, nil
	}
	never = maps.Clone(map[string]bool(a.theirs))
	rather = maps.Clone(map[string]bool(a.theirs))
	if rather == nil {
		rather = map[string]bool{}
	}
	maps.Copy(rather, a.mine)
	if u.op.TakesAway() {
		never = rather
	}
	return never, rather
}

// maxSpent bounds the things that were there before and that one operation
// may use up.
const maxSpent = 8

// another makes later calls of u, a GET, work on another of the things that
// are known each time: one call uses a thing up, and no operation makes one.
func (a *api) another(u *use, refusal *client.Response) bool {
	return u.op.Method == http.MethodGet && gone(refusal.Status) && len(u.spent) < maxSpent && a.differently(u)
}

// choose makes a request to u that spares the given accounts, and what u has
// used up.
func (a *api) choose(u *use, opt openapi.BuildOptions) (*openapi.Request, error) {
	never, rather := a.spare(u)
	if u.spent != nil {
		never, rather = u.spent, u.spent
	}
	opt.Spare = rather
	r, err := a.doc.Build(u.op, a.pool, opt)
	if (err != nil || r.Guessed) && len(never) < len(rather) {
		opt.Spare = never
		return a.doc.Build(u.op, a.pool, opt)
	}
	return r, err
}

// recognise notes what an answer calls the given accounts.
func (a *api) recognise(r *client.Response) {
	note := func(who *accountIDs, name string) {
		if name == "" || !strings.Contains(strings.ToLower(string(r.Body)), strings.ToLower(name)) {
			return
		}
		if *who == nil {
			*who = accountIDs{}
		}
		if strings.Contains(r.Header.Get("Content-Type"), "html") {
			a.rowsOf(*who, name, r)
		} else if v, ok := r.JSON(); ok {
			who.objects(name, v, 0)
		}
	}
	note(&a.mine, a.t.Victim.Account.Name)
	if a.t.Attacker != nil {
		note(&a.theirs, a.t.Attacker.Account.Name)
	}
}

// objects notes the identifiers of the objects that bear an account's name.
func (ids *accountIDs) objects(name string, v any, level int) {
	if level > 4 || len(*ids) >= maxAccountIDs {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v[:min(len(v), maxListed)] {
			ids.objects(name, e, level+1)
		}
	case map[string]any:
		bears := func(field string) bool { return strings.EqualFold(member(v, field), name) }
		if slices.ContainsFunc([]string{"username", "email", "login", "user_name"}, bears) {
			for _, k := range []string{"id", "_id", "uuid", "user_id", "username"} {
				if id := member(v, k); id != "" {
					(*ids)[id] = true
				}
			}
		}
		for _, e := range v {
			ids.objects(name, e, level+1)
		}
	}
}

// row is where one entry of a list in a page begins.
var row = regexp.MustCompile(`(?i)<(?:tr|li|article)[\s>]`)

// rowsOf notes what the links call the account in the rows of a page in which
// its name stands alone.
func (a *api) rowsOf(ids accountIDs, name string, page *client.Response) {
	alone := regexp.MustCompile(`(?i)>\s*` + regexp.QuoteMeta(name) + `\s*<`)
	starts := row.FindAllIndex(page.Body, maxListed)
	for i, at := range starts {
		end := len(page.Body)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		part := *page
		part.Body = page.Body[at[0]:end]
		if !alone.Match(part.Body) {
			continue
		}
		for _, path := range a.links(&part) {
			values := strings.Split(strings.Trim(path, "/"), "/")
			for _, u := range a.uses {
				last := slices.Index(strings.Split(strings.Trim(u.op.Path, "/"), "/"), "{"+u.parameter+"}")
				if last >= 0 && matches(u.op.Path, path) && a.doc.NamesAccount(u.op) && strings.ContainsAny(values[last], "0123456789") && len(ids) < maxAccountIDs {
					ids[values[last]] = true
				}
			}
		}
	}
}
