package attack

import (
	"context"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/browser"
)

// A Prover has a person's browser open the attacker's page.
type Prover interface {
	// Attack opens the page in a browser that holds a session of the victim,
	// or no cookie at all.
	Attack(ctx context.Context, a browser.Attack, loggedIn bool) (*Seen, error)
	// Status returns how the API answers the browser's own GET of a URL.
	Status(ctx context.Context, url string) (int, error)
	// Keep writes the page as a proof of concept and returns its path, or
	// nothing where none are kept.
	Keep(a browser.Attack) string
}

// Seen is what a browser did, and what it holds afterwards.
type Seen struct {
	*browser.Trace
	Held     []string // names of the cookies that authenticate, before
	Holds    []string // and after
	Evidence []finding.Evidence
}

// proved are the options of a finding that a browser showed.
func (s *Seen) proved(poc string) []option {
	return []option{confidence(finding.Proved), evidence(s.Evidence...), func(f *finding.Finding) { f.ProofOfConcept = poc }}
}

// unproved says that no browser showed it.
func (t *Target) unproved(f *finding.Finding) {
	f.Message += " Seen on the wire with the fields that a browser sends; no browser has sent it" + t.NoBrowser + "."
}

// try has the browser make an attack; nil where there is none, or it could
// not.
func (t *Target) try(ctx context.Context, a browser.Attack, loggedIn bool) *Seen {
	if t.Browser == nil {
		return nil
	}
	seen, err := t.Browser.Attack(ctx, a, loggedIn)
	if err != nil {
		t.Note("the browser could not try " + a.Operation + " from " + string(a.Position) + " as " + string(a.Shape) + ": " + t.Redactor.Redact(err.Error()))
		return nil
	}
	return seen
}
