package attack

import (
	"context"
	"net/http"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
)

// forgeable says what the matrix showed: forgeable-operation where a page of
// another site gets through, forgeable-when-fresh where only Chromium's two
// minutes let it, forgeable-from-sibling where only same-site origins do, and
// get-changes-state for a GET. One operation has one of them, the worst.
func forgeable(_ context.Context, t *Target) error {
	for _, s := range t.Subjects {
		if t.IsLogout(s) || s.Login {
			continue
		}
		t.Forgeable(s)
	}
	return nil
}

// Forgeable reports the forgery that s.Tries show, if they show any.
func (t *Target) Forgeable(s *Subject) {
	worst, id := s.Worst()
	if worst == nil {
		return
	}
	var message prose
	switch id {
	case "get-changes-state":
		message = t.sayf("A GET changes state: %s runs on the victim's cookie when another site leads to it.", s.Ref)
	case "forgeable-operation":
		if worst.Position == finding.SameSite {
			message = t.sayf("%s runs on the victim's cookie alone when a page of another origin sends it (%s, %s). Its cookie declares no SameSite and the server checks nothing: only the default of some browsers keeps other sites from doing the same.", s.Ref, worst.Position, worst.Shape)
			break
		}
		message = t.sayf("%s runs on the victim's cookie alone when a page of another site sends it (%s, %s).", s.Ref, worst.Position, worst.Shape)
	case "forgeable-when-fresh":
		message = t.sayf("%s runs on the victim's cookie alone when a page of another site sends it (%s, %s), %s.", s.Ref, worst.Position, worst.Shape, prose(worst.Policy))
	default:
		message = t.sayf("%s runs on the victim's cookie alone when a page of a same-site origin sends it (%s): another port, or a sibling subdomain. SameSite does not help there.", s.Ref, worst.Shape)
	}
	if worst.Referrer != "" {
		message += t.sayf(" The check that stands there looks at Referer, which the attacker's page chooses: its referrer policy is %s.", worst.Referrer)
	}
	if more := others(s, worst); more != "" {
		message += t.sayf(" Also: %s.", prose(more))
	}
	opts := []option{
		evidence(t.labelled("control: without the cookie, refused", s.Refusal)...),
		evidence(t.labelled("the forged request, accepted", worst.Seen)...),
	}
	if worst.Before != "" || worst.After != "" {
		opts = append(opts, evidence(t.state("state read back: before (-) and after (+) the forged request", worst.Before, worst.After)))
	}
	if worst.Proof == finding.ByBrowser {
		opts = append(opts, confidence(finding.Proved), evidence(worst.Evidence...), func(f *finding.Finding) { f.ProofOfConcept = worst.PoC })
	} else {
		opts = append(opts, func(f *finding.Finding) {
			f.Message += " Seen on the wire with the fields that a browser sends; no browser has sent it" + t.NoBrowser + "."
		})
	}
	t.report(id, s, message, opts...)
}

// Worst returns the forged try that weighs most, and the weakness that it is.
func (s *Subject) Worst() (*Try, string) {
	var lasting, fresh, sibling *Try
	better := func(old, try *Try) *Try {
		if old == nil || old.Proof != finding.ByBrowser && try.Proof == finding.ByBrowser || old.Before == old.After && try.Before != try.After && try.Proof == old.Proof {
			return try
		}
		return old
	}
	for _, try := range s.Forged("") {
		switch {
		case try.Position == finding.SameSite:
			sibling = better(sibling, try)
		case try.Fresh:
			fresh = better(fresh, try)
		default:
			lasting = better(lasting, try)
		}
	}
	switch {
	case s.Ref.Method == http.MethodGet && (lasting != nil || fresh != nil):
		if lasting == nil {
			lasting = fresh
		}
		return lasting, "get-changes-state"
	case lasting != nil:
		return lasting, "forgeable-operation"
	case fresh != nil:
		return fresh, "forgeable-when-fresh"
	case sibling != nil && sibling.Undeclared:
		// Neither the server nor its cookie says anything against it: what is
		// left is the default of some browsers.
		return sibling, "forgeable-operation"
	case sibling != nil:
		return sibling, "forgeable-from-sibling"
	}
	return nil, ""
}

// others sums the further cells up that got through, by position.
func others(s *Subject, worst *Try) string {
	var out []string
	for _, pos := range finding.Positions() {
		var shapes []string
		for _, try := range s.Forged(pos) {
			if try != worst {
				shapes = append(shapes, string(try.Shape))
			}
		}
		if len(shapes) > 0 {
			out = append(out, string(pos)+" ("+strings.Join(shapes, ", ")+")")
		}
	}
	return strings.Join(out, "; ")
}

// mixedCredentials says which operations take the credential from either
// place: what was built for headers, which no other site can set, is reached
// by a cookie too.
func mixedCredentials(_ context.Context, t *Target) error {
	for _, s := range t.Subjects {
		if !s.ChangesState || !s.Exercised || s.Credential != finding.CredentialEither || s.Login || t.IsLogout(s) {
			continue
		}
		t.report("mixed-credentials", s, t.sayf("%s takes its token from the Authorization header or from a cookie: each alone authenticates.", s.Ref),
			evidence(t.labelled("the header alone, accepted", s.Gate.HeaderAnswer)...),
			evidence(t.labelled("the cookie alone, accepted", s.Gate.CookieAnswer)...))
	}
	return nil
}
