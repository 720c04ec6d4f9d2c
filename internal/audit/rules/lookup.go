package rules

import (
	"regexp"
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

var (
	// lookupName are calls by which a store is asked for what belongs to a key.
	lookupName = regexp.MustCompile(`^(a?get|getdel|getex|hget|hgetall|hmget|exists|get_or_none|get_item|filter|filter_by|where|query|eq|exec|execute|scalar|scalars|fetch_one|fetch_all|fetchrow|fetchval|first|one|one_or_none|find|find_one|select|select_one|select_from)$|^(a?get|find|fetch|load|read|lookup)_.*(by|session|user|token|account)`)
	// accountKey are what sessions hold of who is logged in.
	accountKey = regexp.MustCompile(`(?i)user|account|member|admin|customer|employee|e?mail|^u?id$|login|auth`)
	// visitName are names that sessions of visitors without an account bear too.
	visitName   = regexp.MustCompile(`(?i)sess|sid$`)
	accountWord = regexp.MustCompile(`(?i)regist|sign[-_]?up|oauth|callback`)
)

// namesAccount reports whether a cookie says by its name that it tells who asks.
func namesAccount(s *fastapi.Source) bool {
	if s.Kind == fastapi.FromSession {
		return accountKey.MatchString(s.Name)
	}
	return credentialName.MatchString(s.Name)
}

// looked notes the cookies by which a store is asked who asks, and the headers
// that would do as well.
func (r *route) looked(args fastapi.Args, isAccount func(*fastapi.Source) bool) {
	kept := r.header
	note := func(s *fastapi.Source) {
		if !slices.ContainsFunc(r.asked, func(t *fastapi.Source) bool { return t.At == s.At && t.Name == s.Name }) {
			r.asked = append(r.asked, s)
		}
	}
	for _, a := range args.Pos {
		r.taken(a, isAccount, note)
	}
	for _, name := range sortedNames(args.Kw) {
		r.taken(args.Kw[name], isAccount, note)
	}
	if r.header != kept {
		r.header, r.beside = kept, r.header
	}
}

// forGuests reports whether a call stands in a function that refuses whom it
// knows, as that of a page for those who are not logged in.
func (r *route) forGuests(call *fastapi.Call) bool {
	return slices.ContainsFunc(r.Trace.Skips, func(s *fastapi.Skip) bool { return s.Guests && s.Fn == call.Fn })
}

// believeLookups takes the cookies by which stores are asked for credentials,
// though no one is refused without them, where someone can log in: what names a
// visitor without an account, as a basket does, authenticates no one. Nor does a
// session beside bearer tokens, for all that shows.
func (m *model) believeLookups() {
	m.bearers = slices.ContainsFunc(m.routes, func(r *route) bool { return r.bearers })
	accounts := slices.ContainsFunc(m.routes, func(r *route) bool {
		return r.is.login || r.is.logout || accountWord.MatchString(r.name())
	})
	if !accounts {
		return
	}
	for _, r := range m.routes {
		for _, s := range r.asked {
			if m.bearers && s.Kind == fastapi.FromCookie && visitName.MatchString(s.Name) {
				continue
			}
			if !slices.ContainsFunc(r.credentials, func(t *fastapi.Source) bool { return t.At == s.At && t.Name == s.Name }) {
				r.credentials = append(r.credentials, s)
			}
			if r.header == nil {
				r.header = r.beside
			}
		}
	}
}
