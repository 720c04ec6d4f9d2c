package rules

import (
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// passesWithout reports whether what refuses a header's value lets pass requests
// that come without it, before it looks. What browsers send of themselves with
// every forged request is not left out.
func (r *route) passesWithout(h *fastapi.Source, ref *fastapi.Refusal) bool {
	if h.Name == "origin" || h.Name == "referer" || strings.HasPrefix(h.Name, "sec-fetch-") || ref.Fn == nil {
		return false
	}
	return slices.ContainsFunc(r.Trace.Skips, func(sk *fastapi.Skip) bool {
		return sk.Fn == ref.Fn && sk.At.File == ref.At.File && sk.At.Span.Start < ref.At.Span.Start && strings.HasPrefix(sk.At.File.Text(sk.At.Span), "not ") &&
			!slices.ContainsFunc(sk.Sources, ofBrowser) && slices.ContainsFunc(sk.Sources, func(s *fastapi.Source) bool { return s.At == h.At && s.Name == h.Name })
	})
}

// wherePresent reports whether a condition refuses requests because a header is
// there, as where fragments are answered in another way than pages are, so that
// others meet it not.
func wherePresent(ref *fastapi.Refusal) bool {
	if ref.At.File == nil {
		return false
	}
	text := ref.At.File.Text(ref.At.Span)
	if !strings.Contains(text, "headers") { // most are not worth parsing
		return false
	}
	headers := func(x pysrc.Expr) bool {
		a, ok := x.(*pysrc.Attr)
		return ok && a.Name == "headers"
	}
	switch x := pysrc.ParseExpr(text).(type) {
	case *pysrc.Call:
		get, ok := x.Fn.(*pysrc.Attr)
		return ok && get.Name == "get" && headers(get.X)
	case *pysrc.Compare:
		return x.Ops[0] == "in" && headers(x.Xs[1])
	}
	return false
}

// turnedAway returns what a branch checks that answers with a page instead of a
// refusal where a CSRF token is not valid, or "".
func turnedAway(skip *fastapi.Skip) string {
	if skip.At.File == nil || !slices.ContainsFunc(skip.Sources, func(s *fastapi.Source) bool {
		return s.Kind == fastapi.FromHeader || s.Kind == fastapi.FromForm
	}) {
		return ""
	}
	test := skip.At.File.Text(skip.At.Span)
	if strings.HasPrefix(test, "not ") && csrfName.MatchString(test) && checkWord.MatchString(test) {
		return "the CSRF token is checked"
	}
	return ""
}
