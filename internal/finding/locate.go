package finding

import (
	"regexp"
	"strings"
)

// causes names, for what a scan finds, the weaknesses of source that bring it
// about, besides the one of the same name, the likeliest first.
var causes = map[string][]string{
	"forgeable-operation":          {"mixed-credentials", "csrf-token-ignored", "csrf-check-skipped-by-header"},
	"forgeable-when-fresh":         {"forgeable-operation", "mixed-credentials"},
	"forgeable-from-sibling":       {"forgeable-operation", "mixed-credentials"},
	"get-changes-state":            {"forgeable-operation", "mixed-credentials"},
	"mixed-credentials":            {"forgeable-operation"},
	"csrf-token-ignored":           {"forgeable-operation"},
	"csrf-token-unbound":           {"forgeable-operation"},
	"csrf-check-skipped-by-header": {"forgeable-operation"},
	"cors-credentials-any-origin":  {"cors-credentials-loose-origin"},
	"cors-credentials-loose-origin": {
		"cors-credentials-any-origin"},
	"jwt-weak-secret":      {"jwt-hardcoded-secret"},
	"jwt-alg-none":         {"jwt-not-verified", "jwt-no-algorithms"},
	"jwt-alg-confusion":    {"jwt-no-algorithms", "jwt-not-verified"},
	"jwt-expired-accepted": {"jwt-not-verified"},
}

// Locate says where in the source stands what the scan found: it gives the
// scan's operations the place of their route, and its findings the place of
// the weakness that the audit read there, or else of the route. It changes
// the scan and returns how many of its findings have a place afterwards.
func Locate(scan, audit *Report) int {
	routes := newRoutes(audit.Operations)
	for i := range scan.Operations {
		if at := routes.find(scan.Operations[i].OperationRef); at != nil {
			scan.Operations[i].Location = at
		}
	}
	located := 0
	for i := range scan.Findings {
		f := &scan.Findings[i]
		if f.Location == nil {
			routes.locate(f, audit.Findings)
		}
		if f.Location != nil {
			located++
		}
	}
	return located
}

func (rs routes) locate(f *Finding, read []Finding) {
	var route *Location
	if f.Operation != nil {
		if route = rs.find(*f.Operation); route == nil {
			return
		}
	}
	for _, id := range append([]string{f.Weakness}, causes[f.Weakness]...) {
		for _, r := range read {
			if r.Weakness != id || r.Location == nil || route != nil && !elsewhere(id) && !r.touches(*route) {
				continue
			}
			if f.Location == nil {
				f.Location = r.Location
				if route != nil && !sameLine(*route, *r.Location) {
					f.Related = append(f.Related, Related{Location: *route, Message: f.Operation.String()})
				}
				f.Evidence = append(f.Evidence, Evidence{Kind: SourceEvidence, Text: r.Weakness + ": " + r.Message, File: r.Location.File})
			} else if r.Weakness == f.Weakness && !sameLine(*f.Location, *r.Location) {
				f.Related = append(f.Related, Related{Location: *r.Location, Message: r.Message})
			}
		}
		if f.Location != nil {
			return
		}
	}
	f.Location = route
}

// elsewhere reports whether a weakness stands in source where its cookie or
// token is made, which is often far from the routes by which the scan saw it.
func elsewhere(id string) bool {
	return strings.HasPrefix(id, "cookie-") || strings.HasPrefix(id, "jwt-")
}

// touches reports whether a finding of the audit is about the route that is
// written at that place. One that names no route at all is about none.
func (f Finding) touches(route Location) bool {
	if sameLine(*f.Location, route) {
		return true
	}
	for _, r := range f.Related {
		if sameLine(r.Location, route) {
			return true
		}
	}
	return false
}

func sameLine(a, b Location) bool { return a.File == b.File && a.Line == b.Line }

// routes are places of routes by method and path, whose parameters are not
// compared by name.
type routes map[string][]route

type route struct {
	path string
	at   *Location
}

var parameter = regexp.MustCompile(`\{[^{}]*\}`)

func newRoutes(operations []Operation) routes {
	rs := routes{}
	for _, o := range operations {
		if o.Location != nil {
			path := canonical(o.Path)
			rs[o.Method] = append(rs[o.Method], route{path, o.Location})
		}
	}
	return rs
}

func canonical(path string) string {
	return "/" + strings.Trim(parameter.ReplaceAllString(path, "{}"), "/")
}

// find returns the place of an operation's route: of the only one with its
// path, or else, since an application may be mounted below a prefix that its
// source does not tell, of the only one whose path is the longest part at the
// end of the operation's, or the other way round. It is nil where that is not
// sure.
func (rs routes) find(o OperationRef) *Location {
	path := canonical(o.Path)
	var (
		best      *Location
		bestLen   int
		ambiguous bool
	)
	for _, r := range rs[o.Method] {
		n := 0
		switch {
		case r.path == path:
			n = len(path) + 1 // more than any part of a path
		case r.path != "/" && strings.HasSuffix(path, r.path):
			n = len(r.path)
		case path != "/" && strings.HasSuffix(r.path, path):
			n = len(path)
		}
		switch {
		case n > bestLen:
			best, bestLen, ambiguous = r.at, n, false
		case n > 0 && n == bestLen:
			ambiguous = true
		}
	}
	if ambiguous {
		return nil
	}
	return best
}
