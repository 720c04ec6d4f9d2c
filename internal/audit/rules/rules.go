// Package rules judges a FastAPI program: one file a weakness. A rule looks at
// what package fastapi found out about routes, calls and values, and says
// where the weakness stands and what makes it one.
package rules

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/weakness"
)

// A Rule finds one weakness.
type Rule struct {
	ID    string
	Check func(*Context)
}

// All returns every rule, in the catalogue's order.
func All() []Rule {
	return []Rule{
		forgeableOperation, loginForgeable, logoutForgeable, websocketHijackable, getChangesState, mixedCredentials,
		csrfTokenIgnored, csrfTokenUnbound, csrfCheckSkippedByHeader,
		corsCredentialsAnyOrigin, corsCredentialsLooseOrigin, corsAnyOrigin,
		cookieNotHTTPOnly, cookieNotSecure, cookieSameSiteMissing, cookieSameSiteNone, cookieBroadDomain, cookieNoHostPrefix,
		tokenInWebStorage, tokenInURL, tokenInBodyAndCookie,
		jwtNotVerified, jwtAlgNone, jwtAlgConfusion, jwtHardcodedSecret, jwtWeakSecret, jwtNoExpiry, jwtLongLived, jwtExpiredAccepted,
		jwtNoAlgorithms, jwtNoAudience, missingWWWAuthenticate,
	}
}

// A Page is a file of a bundled frontend.
type Page struct {
	Path string
	Text string
}

// Input is what the rules judge.
type Input struct {
	Program *fastapi.Program
	Pages   []Page
	// Committed reports whether a settings file belongs to the repository.
	Committed func(path string) bool
	// LineText returns a line of any file that was read.
	LineText func(path string, line int) string
	// LaxBodies says that the program is installed with a FastAPI that parses as
	// JSON also what comes without a Content-Type, as a page of any site can send
	// it.
	LaxBodies bool
}

// A Context is one run of the rules.
type Context struct {
	Input
	model *model
	out   []finding.Finding
	seen  map[string]int
	rule  string
}

// A Result is what the rules have to say.
type Result struct {
	// Findings come in the order of the rules, and within one in that of the
	// source.
	Findings    []finding.Finding
	Credentials map[*fastapi.Route]finding.Credential // of every route
}

// A Judge hears what a program does while it is read, and judges it in the end.
type Judge struct {
	model    *model
	keepsAll bool
}

// NewJudge returns a judge of one program.
func NewJudge() *Judge { return &Judge{model: newModel()} }

// KeepAll has the judge keep all that it hears, so that a test can tell whether
// what it takes out makes a difference.
func (j *Judge) KeepAll() { j.keepsAll = true }

// Judge judges the program by every rule, on as many processors as there are:
// rules share the model, which none of them changes.
func (j *Judge) Judge(in Input) Result {
	c := &Context{Input: in, model: j.model}
	c.model.complete(c)
	all := All()
	found := make([][]finding.Finding, len(all))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(all)); i = next.Add(1) - 1 {
				found[i] = all[i].run(in, c.model)
			}
		})
	}
	wg.Wait()
	c.out = slices.Concat(found...)
	c.fingerprint()
	credentials := map[*fastapi.Route]finding.Credential{}
	for _, r := range c.Program.Routes {
		credentials[r] = finding.CredentialUnknown
	}
	for _, r := range c.model.routes {
		credentials[r.Route] = c.model.credentialOf(r)
	}
	return Result{c.out, credentials}
}

// run returns what one rule finds, in the order of the source.
func (r Rule) run(in Input, m *model) []finding.Finding {
	c := &Context{Input: in, model: m, seen: map[string]int{}, rule: r.ID}
	r.Check(c)
	slices.SortStableFunc(c.out, func(a, b finding.Finding) int {
		if n := strings.Compare(a.Location.File, b.Location.File); n != 0 {
			return n
		}
		return a.Location.Line - b.Location.Line
	})
	return c.out
}

// report adds a finding of the running rule at a place, or returns the one
// that stands on that line already.
func (c *Context) report(at fastapi.Place, message string, related ...finding.Related) *finding.Finding {
	if at.IsZero() {
		return nil
	}
	pos := at.Start()
	return c.reportAt(finding.Location{File: at.FileName(), Line: pos.Line, Column: pos.Column, EndLine: at.EndLine()}, message, related...)
}

func (c *Context) reportAt(loc finding.Location, message string, related ...finding.Related) *finding.Finding {
	related = slices.DeleteFunc(related, func(r finding.Related) bool { return r.File == "" })
	key := c.rule + "\x00" + loc.File + "\x00" + itoa(loc.Line)
	if i, ok := c.seen[key]; ok {
		f := &c.out[i]
		for _, r := range related {
			same := func(x finding.Related) bool { return x.Location == r.Location && x.Message == r.Message }
			if !slices.ContainsFunc(f.Related, same) && len(f.Related) < maxRelated {
				f.Related = append(f.Related, r)
			}
		}
		return f
	}
	w, _ := weakness.ByID(c.rule)
	c.out = append(c.out, finding.Finding{
		Weakness: c.rule, Severity: w.Severity, Confidence: finding.Suspected, Message: message,
		Location: &loc, Related: related, Remedy: w.Remedy,
	})
	c.seen[key] = len(c.out) - 1
	return &c.out[len(c.out)-1]
}

// maxRelated bounds the places that one finding names.
const maxRelated = 50

func (c *Context) fingerprint() {
	count := map[string]int{}
	for i := range c.out {
		f := &c.out[i]
		text := strings.TrimSpace(c.LineText(f.Location.File, f.Location.Line))
		k := f.Weakness + "\x00" + f.Location.File + "\x00" + text
		f.Fingerprint = finding.Fingerprint(f.Weakness, f.Location.File, text, itoa(count[k]))
		count[k]++
	}
}

func related(at fastapi.Place, message string) finding.Related {
	pos := at.Start()
	return finding.Related{Location: finding.Location{File: at.FileName(), Line: pos.Line, Column: pos.Column, EndLine: at.EndLine()}, Message: message}
}

// reached returns a route as one of those that a weakness reaches.
func (r *route) reached(message string) finding.Related {
	rel := related(r.At, message)
	rel.Operation = &finding.OperationRef{Method: r.Method, Path: r.Path}
	return rel
}
