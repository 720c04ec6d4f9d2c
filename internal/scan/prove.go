package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/browser"
)

const (
	// browserTime bounds the proofs of one scan.
	browserTime = 45 * time.Second
	// maxRequests is how many requests an operation may cost on average before
	// only what is decisive is proved; fewRequests is always allowed.
	maxRequests = 13
	fewRequests = 400
	// maxScreenshots bounds the pictures of one scan.
	maxScreenshots = 40
	// freshFor is how long a login in the browser is used where cookies have
	// no SameSite: less than Chromium's two minutes.
	freshFor = 90 * time.Second
)

// prover has a browser send what plain HTTP found forgeable.
type prover struct {
	s      *session
	b      *browser.Browser
	victim *browser.Victim
	since  time.Time // of the login in the browser
	own    bool      // the browser holds cookies that the server set there itself

	path  string // of the browser
	end   time.Time
	seen  map[cell]bool
	shoot bool // keep a picture of the attempt
	shots int
	done  int // attempts on what plain HTTP found forgeable
	total int
}

// prove lets a browser confirm or refute the matrix: of each operation that
// looks forgeable its worst attempt, and of each position and shape one
// attempt; the cells that are like one that was refuted are tried as well.
func (s *session) prove(ctx context.Context) (*prover, error) {
	path, err := browser.Find(s.cfg.Browser)
	switch {
	case errors.Is(err, browser.ErrNone):
		s.a.t.NoBrowser = ", for none was found"
		s.c.Note("no browser was found, so no forgery was proved in one")
		return nil, nil
	case err != nil:
		return nil, err
	case path == "":
		s.a.t.NoBrowser = ", for it was turned off"
		return nil, nil
	}
	if !s.forgeable() && s.cfg.Frontend == "" {
		return nil, nil
	}
	s.stage("prove", "starting a browser")
	bounded, cancel := context.WithTimeout(ctx, browserTime+15*time.Second)
	defer cancel()
	p := &prover{s: s, path: path, end: time.Now().Add(browserTime), seen: map[cell]bool{}}
	// The browser lives longer than this stage: attacks use it, too.
	if err := p.start(ctx, path, false); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		s.a.t.NoBrowser = ", for it could not be used"
		s.c.Note("no forgery was proved in a browser: " + s.red.Redact(err.Error()))
		return nil, nil
	}
	for _, u := range s.a.uses {
		p.worst(bounded, u)
	}
	p.cells(bounded)
	if p.done < p.total {
		s.c.Note(fmt.Sprintf("the browser made %d of %d attempts that plain HTTP found forgeable: each operation, and each position and shape; the others rest on plain HTTP", p.done, p.total))
	}
	p.frontend(bounded)
	p.age(bounded)
	for _, u := range s.a.uses {
		s.tell(u)
	}
	if ctx.Err() != nil {
		p.b.Close()
		return nil, ctx.Err()
	}
	s.a.t.Browser = p
	return p, nil
}

// proofRun is one attempt that is due.
type proofRun struct {
	sub *attack.Subject
	try *attack.Try
}

// cell is what attempts on different operations have in common.
type cell struct {
	position finding.Position
	shape    finding.Shape
	blocked  finding.By // by the rules of the browser, if at all
}

// open reports whether u's cells may be put to the browser.
func (u *use) open() bool {
	c := u.subject.Credential
	return !u.outside && (c == finding.CredentialCookie || c == finding.CredentialEither)
}

// forgeable reports whether there is anything to prove: where no cookie
// authenticates, there is nothing.
func (s *session) forgeable() bool {
	for _, c := range s.a.t.Victim.Credentials().Jar.Cookies() {
		if s.a.t.Authenticates(c.Name) {
			return true
		}
	}
	return false
}

// worst tries u's forgeries in the browser, those that weigh most first, until
// one gets through.
func (p *prover) worst(ctx context.Context, u *use) {
	if !u.open() {
		return
	}
	weight := func(try *attack.Try) int {
		switch {
		case try.Position == finding.SameSite:
			return 2
		case try.Fresh:
			return 1
		}
		return 0
	}
	var tries []*attack.Try
	for _, try := range u.subject.Tries {
		if try.Verdict.Verdict == finding.Forged && !try.Custom {
			tries = append(tries, try)
		}
	}
	p.total += len(tries)
	slices.SortStableFunc(tries, func(a, b *attack.Try) int { return cmp.Compare(weight(a), weight(b)) })
	for _, try := range tries {
		if time.Now().After(p.end) || ctx.Err() != nil {
			return
		}
		p.shoot = true
		p.attempt(ctx, proofRun{u.subject, try})
		p.shoot = false
		if try.Proof == finding.ByBrowser && try.Verdict.Verdict == finding.Forged {
			return
		}
	}
}

// cells tries one attempt of each position and shape that no operation has
// had yet. One that is refuted says nothing good of its like: they are all
// tried.
func (p *prover) cells(ctx context.Context) {
	var doubted []cell
	each := func(f func(cell, proofRun) bool) {
		for _, u := range p.s.a.uses {
			if !u.open() {
				continue
			}
			for _, try := range u.subject.Tries {
				if c, ok := cellOf(u.subject, try); ok && try.Proof != finding.ByBrowser {
					if time.Now().After(p.end) || ctx.Err() != nil || p.s.cl.Sent() >= max(maxRequests*len(p.s.a.uses), fewRequests) {
						return
					}
					if !f(c, proofRun{u.subject, try}) {
						return
					}
				}
			}
		}
	}
	each(func(c cell, r proofRun) bool {
		if !p.seen[c] {
			was := r.try.Verdict.Verdict
			p.attempt(ctx, r)
			if r.try.Verdict.Verdict != was {
				doubted = append(doubted, c)
			}
		}
		return true
	})
	each(func(c cell, r proofRun) bool {
		if slices.Contains(doubted, c) {
			p.attempt(ctx, r)
		}
		return true
	})
}

// cellOf returns what an attempt has in common with others; ok is false where
// no browser can say more of it.
func cellOf(sub *attack.Subject, try *attack.Try) (cell, bool) {
	switch {
	case try.Verdict.Verdict == finding.Forged && !try.Custom:
		return cell{try.Position, try.Shape, ""}, true
	case try.Verdict.Verdict == finding.Blocked && (try.By == finding.BySameSite || try.By == finding.ByThirdPartyCookie) && try.Position == finding.CrossSite:
		// The server would have taken it: the browser alone decides.
		if same := sub.Verdict(finding.SameSite, try.Shape); same != nil && same.Verdict.Verdict == finding.Forged {
			return cell{try.Position, try.Shape, try.By}, true
		}
	}
	return cell{}, false
}

// attempt makes one attempt, and says where it could not.
func (p *prover) attempt(ctx context.Context, r proofRun) {
	s := p.s
	s.c.Progress(finding.Progress{Stage: "prove", Text: r.sub.Ref.String() + " " + string(r.try.Position) + " " + string(r.try.Shape), Done: p.done, Total: p.total})
	if c, ok := cellOf(r.sub, r.try); ok {
		p.seen[c] = true
		if c.blocked == "" {
			p.done++
		}
	}
	if err := p.run(ctx, r); err != nil && ctx.Err() == nil {
		s.c.Note(fmt.Sprintf("the browser could not try %s from %s as %s: %v", r.sub.Ref, r.try.Position, r.try.Shape, s.red.Redact(err.Error())))
	}
}

// start launches a browser in which the victim is logged in.
func (p *prover) start(ctx context.Context, path string, aged bool) error {
	t := p.s.a.t
	target := *t.Base
	target.Path = ""
	b, err := browser.Launch(ctx, browser.Config{Path: path, Target: &target, ThirdPartyCookies: browser.AllowThirdParty, Aged: aged, TargetKey: p.s.cl.TargetKey(), Redactor: &p.s.red, Secrets: shown, Logger: p.s.cfg.Logger})
	if err != nil {
		return err
	}
	p.b = b
	if p.victim, err = b.NewVictim(ctx); err == nil {
		err = p.login(ctx)
	}
	if err != nil {
		b.Close()
	}
	return err
}

// login logs the victim in on the API's own page, so that the browser applies
// the server's own Set-Cookie. Where that gives no cookie that authenticates,
// it gets the cookies that the scan itself holds.
func (p *prover) login(ctx context.Context) error {
	t := p.s.a.t
	p.since = time.Now()
	p.s.a.shown++
	if len(t.Logins) > 0 {
		r := t.Victim.RequestBy(t.Logins[0], false)
		contentType := r.Header.Get("Content-Type")
		r.Header.Del("Content-Type")
		_, err := p.victim.Login(ctx, browser.Request{Method: r.Method, URL: r.URL.String(), Header: r.Header, ContentType: contentType, Body: r.Body})
		if err != nil {
			return err
		}
		cookies, err := p.victim.Cookies(ctx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(cookies, func(c browser.Cookie) bool { return t.Authenticates(c.Name) }) {
			p.own = true
			return nil
		}
	}
	var given []*http.Cookie
	for _, c := range t.Victim.Credentials().Jar.Cookies() {
		if c.Refused(t.Base.Scheme) == "" {
			given = append(given, plainCookie(c))
		}
	}
	if len(given) == 0 && !p.s.forgeable() {
		return nil // the frontend logs in by itself
	}
	if len(given) == 0 {
		return errors.New("the browser keeps no cookie of the login")
	}
	p.own = false
	return p.victim.SetCookies(ctx, given)
}

// run makes one attempt and lets what the browser did decide the cell.
func (p *prover) run(ctx context.Context, r proofRun) error {
	if time.Since(p.since) > freshFor {
		if err := p.login(ctx); err != nil {
			return err
		}
	}
	a, err := p.send(ctx, r)
	if err != nil {
		return err
	}
	if a.trace.Status == http.StatusUnauthorized && a.carried {
		// The session may have ended in between.
		if err := p.login(ctx); err != nil {
			return err
		}
		if a, err = p.send(ctx, r); err != nil {
			return err
		}
	}
	through, known := a.got(r.sub)
	if known && !through && a.carried {
		// It may be the call that is no good any more: what it names may have
		// been deleted in the meantime.
		if ok, err := p.stands(ctx, r.sub, a.call); err != nil || !ok {
			if err != nil || !p.renewed(ctx, r.sub) {
				return err
			}
			if a, err = p.send(ctx, r); err != nil {
				return err
			}
			through, known = a.got(r.sub)
		}
	}
	if !known {
		return nil
	}
	try := r.try
	try.Proof = finding.ByBrowser
	switch {
	case through:
		try.Verdict.Verdict, try.By = finding.Forged, ""
		try.Reason = p.b.Version() + " sent it with the cookie " + strings.Join(a.trace.CookiesSent, ", ")
		if try.Policy != "" {
			try.Reason += " (" + try.Policy + ")"
		}
		try.Evidence = p.evidence(a.trace, a.attack)
		if a.read {
			try.Before, try.After = a.before, a.after
		}
		try.PoC = p.keepPoC(a.attack)
	case try.Verdict.Verdict == finding.Forged:
		try.Verdict.Verdict = finding.Blocked
		try.By, try.Reason = p.why(a)
	default:
		by, reason := p.why(a)
		if by != finding.ByAuthentication {
			try.By, try.Reason = by, reason
		}
	}
	return nil
}

// stands reports whether a call is accepted from the API's own page.
func (p *prover) stands(ctx context.Context, sub *attack.Subject, call *attack.Call) (bool, error) {
	victim := p.s.a.t.Victim
	res, err := victim.Do(ctx, call.WithToken(victim.CSRFValue()).Wire())
	return err == nil && sub.Judge.Read(res) == attack.Accepted, err
}

// renewed finds things anew that an operation works on.
func (p *prover) renewed(ctx context.Context, sub *attack.Subject) bool {
	i := slices.IndexFunc(p.s.a.uses, func(u *use) bool { return u.subject == sub })
	if i < 0 {
		return false
	}
	if sub.Renew(nil) {
		return true // from now on each call is made on a thing of its own
	}
	u := p.s.a.uses[i]
	last, reason := u.last, sub.Reason
	u.last = nil
	err := p.s.a.exercise(ctx, u)
	found := err == nil && u.last != nil
	if !found {
		u.last = last
		p.s.a.successes++ // it makes again what it made before
	}
	sub.Reason = reason
	return found
}

// why says what kept an attempt from getting through.
func (p *prover) why(a *attempt) (finding.By, string) {
	t := a.trace
	switch {
	case t.PreflightSent && !t.PreflightAllowed:
		return finding.ByPreflight, "the browser did not send it: " + cmp.Or(t.Error, "the preflight was refused")
	case !a.carried && len(t.CookiesBlocked) > 0:
		for _, c := range t.CookiesBlocked {
			if p.s.a.t.Authenticates(c.Name) {
				if third(c.Reason) {
					return finding.ByThirdPartyCookie, fmt.Sprintf("the browser kept the cookie %s back: %s", c.Name, c.Reason)
				}
				return finding.BySameSite, fmt.Sprintf("the browser kept the cookie %s back: %s", c.Name, c.Reason)
			}
		}
		return finding.BySameSite, "the browser sent no cookie that authenticates"
	case !a.carried:
		return finding.BySameSite, "the browser sent no cookie that authenticates"
	}
	return finding.ByAuthentication, fmt.Sprintf("sent by the browser with the cookie, and refused (%d)", t.Status)
}

func third(reason string) bool {
	r := strings.ToLower(reason)
	return strings.Contains(r, "third") || strings.Contains(r, "partition") || strings.Contains(r, "userpreferences")
}

// age tries one forgery that rests on a young cookie in a browser that treats
// it as old, and adds what that showed.
func (p *prover) age(ctx context.Context) {
	for _, u := range p.s.a.uses {
		i := slices.IndexFunc(u.subject.Tries, func(try *attack.Try) bool {
			return try.Verdict.Verdict == finding.Forged && try.Fresh && try.Proof == finding.ByBrowser
		})
		if i < 0 {
			continue
		}
		r := proofRun{u.subject, u.subject.Tries[i]}
		old := &prover{s: p.s}
		if old.start(ctx, p.path, true) != nil {
			return
		}
		defer old.b.Close()
		a, err := old.send(ctx, r)
		if err != nil {
			return
		}
		if through, known := a.got(r.sub); known && !through {
			r.try.Evidence = append(r.try.Evidence, finding.Evidence{Kind: finding.BrowserEvidence,
				Text: "control: the same attack with the cookie older than two minutes; cookies sent: " + strings.Join(a.trace.CookiesSent, ", ") + "; nothing changed"})
		}
		return
	}
}

// frontend looks at what the page that people use keeps in web storage.
func (p *prover) frontend(ctx context.Context) {
	if p.s.cfg.Frontend == "" {
		return
	}
	p.s.a.shown++
	st, err := p.victim.Frontend(ctx, p.s.cfg.Frontend, p.s.cfg.Victim.Name, p.s.cfg.Victim.Password)
	if err != nil {
		p.s.c.Note("the frontend could not be opened: " + p.s.red.Redact(err.Error()))
		return
	}
	u, err := url.Parse(p.s.cfg.Frontend)
	if err != nil {
		return
	}
	p.s.a.t.WebStorage(u, st)
}
