package scan

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/d710e0ae/countersign/internal/scan/oracle"
	"github.com/d710e0ae/countersign/internal/secret"
)

// Run scans the API that cfg names and tells handlers what it sees, as it
// sees it. The report is never nil but for a [*UsageError]; it comes with an
// [*IncompleteError] where the scan saw too little, and with ctx's error where
// it was interrupted: what was found until then is in it.
func Run(ctx context.Context, cfg Config, handlers ...finding.Handler) (*finding.Report, error) {
	target, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	c := finding.NewCollector(finding.Scan, cfg.Tool, target.Redacted(), cfg.Clock(), fan(handlers))
	s := &session{cfg: &cfg, target: target, c: c}
	err = s.run(ctx)
	if s.cl != nil {
		c.Cover(s.cl.Sent(), 0)
		s.cl.Close()
	}
	if ctx.Err() != nil {
		c.Incomplete("the scan was interrupted")
		return c.Report(cfg.Clock()), ctx.Err()
	}
	if err != nil {
		c.Incomplete(s.red.Redact(err.Error()))
	}
	r := c.Report(cfg.Clock())
	if !r.Complete {
		return r, &IncompleteError{r.IncompleteReasons}
	}
	return r, nil
}

// fan is a Handler that passes everything on.
type fan []finding.Handler

func (f fan) Progress(p finding.Progress) {
	for _, h := range f {
		h.Progress(p)
	}
}

func (f fan) Operation(o finding.Operation) {
	for _, h := range f {
		h.Operation(o)
	}
}

func (f fan) Verdict(v finding.Verdict) {
	for _, h := range f {
		h.Verdict(v)
	}
}

func (f fan) Finding(x finding.Finding) {
	for _, h := range f {
		h.Finding(x)
	}
}

// session is one run.
type session struct {
	cfg    *Config
	target *url.URL
	c      *finding.Collector
	cl     *client.Client
	red    secret.Redactor
	a      *api
}

func (s *session) stage(stage, format string, args ...any) {
	text := s.red.Redact(fmt.Sprintf(format, args...))
	s.c.Progress(finding.Progress{Stage: stage, Text: text})
	s.cfg.Logger.Info(text, "stage", stage)
}

func (s *session) run(ctx context.Context) error {
	headers := s.cfg.Headers.Clone()
	given := s.given(headers)
	s.cl = client.New(client.Config{Target: s.target, Transport: s.cfg.Transport, TLS: s.cfg.TLS, Header: headers,
		Rate: s.cfg.Rate, Timeout: s.cfg.Timeout, MaxBody: openapi.MaxDocument})
	s.stage("document", "reading the API's document")
	doc, from, err := s.cfg.load(ctx, s.cl, s.target)
	if err != nil {
		return err
	}
	s.cl.Limit(1 << 20) // documents may be large, answers are not
	base, err := locate(ctx, s.cl, doc, from, s.target)
	if err != nil {
		return err
	}
	s.a = s.prepare(doc, base, given)
	if from.Host == s.target.Host && from.Scheme == s.target.Scheme && from.Path != s.target.Path {
		s.a.t.Document = from
	}
	if err := s.lasting(s.loginPages(ctx)); err != nil {
		return err
	}
	if err := s.login(ctx); err != nil {
		return err
	}
	if err := s.lasting(s.describe(ctx)); err != nil {
		return s.stopped(err)
	}
	if err := s.exercise(ctx); err != nil {
		return s.stopped(err)
	}
	if err := s.judge(ctx); err != nil {
		return s.stopped(err)
	}
	if err := s.attack(ctx); err != nil {
		return s.stopped(err)
	}
	s.cleanUp(ctx)
	s.enough()
	return nil
}

// stopped reports every operation as far as it got, so that a scan that ends
// early leaves nothing unsaid.
func (s *session) stopped(err error) error {
	for _, u := range s.a.uses {
		s.tell(u)
	}
	return err
}

// given takes the victim's credentials out of what the user told.
func (s *session) given(h http.Header) *actor.Credentials {
	var cookies []client.Cookie
	for name, value := range s.cfg.Cookies {
		// Its attributes are not known; browsers treat a cookie without any
		// as Lax.
		cookies = append(cookies, client.Cookie{Name: name, Value: value, Host: s.target.Hostname(), Path: "/", SetAt: s.cfg.Clock()})
	}
	slices.SortFunc(cookies, func(a, b client.Cookie) int { return strings.Compare(a.Name, b.Name) })
	creds := &actor.Credentials{Jar: client.NewJar(cookies...)}
	if v := h.Get("Authorization"); v != "" {
		h.Del("Authorization")
		if t, ok := strings.CutPrefix(v, "Bearer "); ok {
			creds.Tokens = []actor.Token{{Value: t, Where: "header", Name: "Authorization"}}
		}
	}
	for _, v := range h {
		s.red.Add(v...)
	}
	if len(cookies) == 0 && len(creds.Tokens) == 0 {
		return nil
	}
	if len(cookies) > 0 {
		s.c.Note("the victim's cookies were given, so their attributes are not known; they are judged as cookies without SameSite")
	}
	return creds
}

// A scan begins to count at a multiple of serialsOfScan, of which there are
// maxBegin, so that its values are not those of an earlier scan of the same
// API. All stay below 2^31 when openapi makes numbers of them.
const (
	serialsOfScan = 2_000
	maxBegin      = 1_000
)

func (s *session) prepare(doc *openapi.Document, base *url.URL, given *actor.Credentials) *api {
	pool := &openapi.Pool{}
	t := &attack.Target{Client: s.cl, Base: base, Redactor: &s.red, Handler: s.c, Note: s.c.Note,
		ReadOnly: s.cfg.ReadOnly, Wordlist: s.cfg.Wordlist, Title: doc.Title}
	if s.cfg.Frontend != "" {
		t.Frontend, _ = url.Parse(s.cfg.Frontend) // validated before
	}
	// Values that must be unique would be the last scan's if each began at 0.
	a := &api{cfg: s.cfg, t: t, doc: doc, pool: pool, serial: rand.IntN(maxBegin) * serialsOfScan, routes: actor.Find(doc), logins: map[string]bool{}, byOp: map[*openapi.Operation]*use{}}
	for _, r := range a.routes {
		a.logins[r.Method+" "+r.Path] = true
	}
	a.reader = &oracle.Reader{Get: a.get}
	t.Victim = a.actor(s.cfg.Victim, s.cl, &s.red)
	t.Victim.Given = given
	if s.cfg.Attacker.Name != "" {
		t.Attacker = a.actor(s.cfg.Attacker, s.cl, &s.red)
		pool.Offer("other", s.cfg.Attacker.Name)
	} else if s.cfg.Victim.Name != "" {
		// The only name that is known to exist.
		pool.Offer("other", s.cfg.Victim.Name)
	}
	for _, op := range doc.Plan() {
		if !s.cfg.wanted(op.OperationRef) {
			continue
		}
		u := a.newUse(op)
		u.outside = !s.cfg.Shard.holds(op.Path)
		if actor.IsRefresh(op) {
			t.Refresh = true
		}
		t.Paths = append(t.Paths, op.Path)
		if op.Logout() && t.Logout == nil {
			t.Logout = u.subject
		}
		a.uses = append(a.uses, u)
		a.byOp[op] = u
		t.Subjects = append(t.Subjects, u.subject)
	}
	return a
}

// holds reports whether a path belongs to the shard.
func (s Shard) holds(path string) bool {
	if s.N <= 1 {
		return true
	}
	h := fnv.New32a()
	h.Write([]byte(path))
	return int(h.Sum32()%uint32(s.N)) == s.I-1
}

func (s *session) login(ctx context.Context) error {
	t := s.a.t
	registered := false
	if s.cfg.Victim.Name == "" && s.cfg.Victim.Flow == nil && t.Victim.Given == nil {
		var err error
		if registered, err = s.register(ctx); err != nil {
			return err
		}
	}
	if s.cfg.Victim.Name == "" && s.cfg.Victim.Flow == nil && t.Victim.Given == nil && !registered {
		s.c.Incomplete("no account was given, so nothing behind a login was seen; give one with --user")
		return s.anonymous(ctx)
	}
	s.stage("login", "logging in")
	t.LoggedIn = s.cfg.Clock()
	creds, err := t.Victim.Login(ctx)
	if errors.Is(err, actor.ErrLogin) {
		s.c.Incomplete(s.red.Redact(err.Error()))
		return s.anonymous(ctx) // what is public can be seen all the same
	}
	if err != nil {
		return err
	}
	for _, tok := range creds.Tokens {
		t.Refresh = t.Refresh || tok.Refresh
	}
	if err := s.otherLogins(ctx); err != nil {
		return err
	}
	if t.Attacker != nil {
		if _, err := t.Attacker.Login(ctx); err != nil {
			if errors.Is(err, actor.ErrLogin) {
				s.c.Note("the attacker's account could not be used: " + s.red.Redact(err.Error()))
				t.Attacker = nil
				return nil
			}
			return err
		}
	}
	return nil
}

// anonymous goes on as nobody.
func (s *session) anonymous(ctx context.Context) error {
	t := s.a.t
	t.Victim.Given, t.Attacker = &actor.Credentials{Jar: client.NewJar()}, nil
	_, err := t.Victim.Login(ctx)
	return err
}

// otherLogins finds out which further operations log in: each may be forged.
func (s *session) otherLogins(ctx context.Context) error {
	t := s.a.t
	_, first := t.Victim.Answer()
	if first == nil {
		return nil
	}
	t.Logins = []actor.Route{*first}
	for _, r := range t.Victim.Routes {
		if slices.ContainsFunc(t.Logins, func(o actor.Route) bool { return o.Method == r.Method && o.Path == r.Path }) {
			continue
		}
		ok, err := t.Victim.Works(ctx, r)
		if err != nil {
			return err
		}
		if ok {
			t.Logins = append(t.Logins, r)
		}
	}
	return nil
}

func (s *session) exercise(ctx context.Context) error {
	var later []*use
	for i, u := range s.a.uses {
		s.c.Progress(finding.Progress{Stage: "exercise", Text: u.op.String(), Done: i, Total: len(s.a.uses)})
		switch {
		case u.subject == s.a.t.Logout:
			continue // last of all
		case u.subject.Login && s.loggedInBy(u):
			u.subject.Exercised, u.subject.Credential = true, finding.CredentialNone
			u.subject.Reason = "it is the login"
			continue
		case u.subject.Login:
			// Made-up passwords would only lock accounts.
			u.subject.Credential = finding.CredentialNone
			u.subject.Reason = "it is a login that no given account passes"
			continue
		}
		if u.doubtful() && !s.cfg.ReadOnly {
			later = append(later, u)
			continue
		}
		if err := s.lasting(s.a.exercise(ctx, u)); err != nil {
			return err
		}
	}
	for _, u := range later {
		if err := s.lasting(s.a.exerciseWatched(ctx, u)); err != nil {
			return err
		}
	}
	return s.secondLook(ctx)
}

// lasting keeps an error that ends the scan and drops one that a single
// operation caused: a connection that is closed once is no outage.
func (s *session) lasting(err error) error {
	if errors.Is(err, client.ErrUnreachable) {
		if failed, _ := s.cl.Failing(); failed < 3 {
			return nil
		}
	}
	return err
}

// loggedInBy reports whether the victim can log in by u.
func (s *session) loggedInBy(u *use) bool {
	return slices.ContainsFunc(s.a.t.Logins, func(r actor.Route) bool { return r.Method == u.op.Method && samePath(r.Path, u.op.Path) })
}

// logout exercises the logout and puts it through the gate, each time in a
// session of its own.
func (s *session) logout(ctx context.Context) error {
	a, t := s.a, s.a.t
	i := slices.IndexFunc(a.uses, func(u *use) bool { return u.subject == t.Logout })
	if i < 0 {
		return nil
	}
	u := a.uses[i]
	sub := u.subject
	sub.ChangesState = true
	if sub.Reason = a.excused(u); sub.Reason != "" || t.Victim.Given != nil {
		if sub.Reason == "" {
			sub.Reason = "it would end the session that was given, and the scan cannot log in by itself"
		}
		return nil
	}
	sub.Fresh = func(ctx context.Context) (*attack.Call, error) {
		if _, err := t.Victim.Login(ctx); err != nil {
			return nil, err
		}
		r, err := a.build(u)
		if err != nil {
			return nil, err
		}
		return &attack.Call{Request: r, Base: t.Base}, nil
	}
	if _, err := t.Victim.Login(ctx); err != nil {
		return ctx.Err()
	}
	if err := a.exercise(ctx, u); err != nil {
		return err
	}
	if sub.Exercised {
		if err := t.Pass(ctx, sub); err != nil {
			return err
		}
	}
	if err := t.LogoutMatrix(ctx, sub); err != nil {
		return err
	}
	// The session is over; what follows needs one.
	_, err := t.Victim.Login(ctx)
	if errors.Is(err, actor.ErrLogin) {
		s.c.Note("after the logout the victim could not log in again: " + s.red.Redact(err.Error()))
		return nil
	}
	return err
}

// judge puts every operation through the gate and the matrix.
func (s *session) judge(ctx context.Context) error {
	a, t := s.a, s.a.t
	// Reads first: they teach which cookies authenticate, and serve as
	// oracles for the rest.
	for _, u := range a.uses {
		if !u.subject.Exercised || u.subject.Login || !u.op.Safe() && u.subject.ChangesState || u.subject == t.Logout {
			continue
		}
		if err := s.lasting(t.Pass(ctx, u.subject)); err != nil {
			return err
		}
	}
	if err := s.lasting(t.FindAuthCookies(ctx)); err != nil {
		return err
	}
	if len(s.cfg.Headers) > 0 {
		if err := s.lasting(t.FindWay(ctx)); err != nil {
			return err
		}
	}
	if !s.cfg.ReadOnly {
		if err := s.lasting(a.changingGETs(ctx)); err != nil {
			return err
		}
	}
	n := 0
	for i, u := range a.uses {
		sub := u.subject
		s.c.Progress(finding.Progress{Stage: "attack", Text: u.op.String(), Done: i, Total: len(a.uses)})
		if u.outside {
			continue
		}
		if !sub.Exercised && !sub.Login && sub != t.Logout && u.refused != nil {
			if err := s.lasting(t.PassRefused(ctx, sub, a.call(u, u.refused), u.refusal)); err != nil {
				return err
			}
		}
		if sub != t.Logout && sub.Exercised && !sub.Login && sub.ChangesState {
			if err := s.lasting(s.gate(ctx, u)); err != nil {
				return err
			}
			if sub.Credential == finding.CredentialUnknown && sub.Reason == "" {
				sub.Reason = "the API gave no answer when it was asked what authenticates this"
			}
		}
		switch {
		case sub == t.Logout:
		case sub.Login:
			continue // last of all: it may end the victim's session
		default:
			if err := s.lasting(t.Matrix(ctx, sub)); err != nil {
				return err
			}
		}
		s.tell(u)
		n++
	}
	return nil
}

// gate puts a state-changing operation through the gate, and learns whether
// its effect can be read back.
func (s *session) gate(ctx context.Context, u *use) error {
	sub := u.subject
	if sub.Credential != finding.CredentialUnknown {
		return nil // a GET, which has passed before
	}
	a := s.a
	a.observe(u)
	// What shows the very thing that each call uses up tells by itself; of
	// the rest it is learnt whether a legitimate call shows in it.
	itself := len(u.watches) > 0 && !slices.ContainsFunc(u.watches, func(w watch) bool { return !w.own(u) })
	look := func() ([]string, error) {
		out := make([]string, len(u.watches))
		for i, w := range u.watches {
			text, err := a.reader.Read(ctx, []string{w.at(u)})
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err == nil {
				out[i] = text
			}
		}
		return out, nil
	}
	var before, after []string
	var err error
	if !itself {
		if before, err = look(); err != nil {
			return err
		}
	}
	if err := a.t.Pass(ctx, sub); err != nil {
		return err
	}
	if sub.Credential != finding.CredentialCookie && sub.Credential != finding.CredentialEither {
		return nil
	}
	if !itself {
		if after, err = look(); err != nil {
			return err
		}
		if slices.Equal(before, after) && len(u.watches) > 0 {
			// Two calls of what turns a thing on and off come to nothing: one
			// alone shows.
			call, err := sub.Fresh(ctx)
			if err != nil {
				return ctx.Err()
			}
			if _, err := a.t.Victim.Do(ctx, call.WithToken(a.t.Victim.Credentials().CSRFValue()).Wire()); err != nil {
				return err
			}
			if after, err = look(); err != nil {
				return err
			}
		}
		kept := u.watches[:0]
		for i, w := range u.watches {
			if before[i] != after[i] && before[i] != "" {
				kept = append(kept, w)
			}
		}
		u.watches = kept
	}
	sub.Sensitive = len(u.watches) > 0
	return nil
}

// tell reports an operation and its verdicts.
func (s *session) tell(u *use) {
	if u.outside {
		return
	}
	sub := u.subject
	s.c.Operation(finding.Operation{OperationRef: sub.Ref, ChangesState: sub.ChangesState, Exercised: sub.Exercised, Credential: sub.Credential, Reason: s.red.Redact(sub.Reason)})
	for _, try := range sub.Tries {
		try.Reason = s.red.Redact(try.Reason)
		s.c.Verdict(try.Verdict)
	}
}

// attack proves forgeries in a browser and runs every attack.
func (s *session) attack(ctx context.Context) error {
	p, err := s.prove(ctx)
	if err != nil {
		return err
	}
	if p != nil {
		defer p.b.Close()
	}
	for _, u := range s.a.uses {
		if u.subject.Login && !u.outside {
			if err := s.lasting(s.a.t.LoginMatrix(ctx, u.subject)); err != nil {
				return err
			}
			s.tell(u)
		}
	}
	if err := s.lasting(s.logout(ctx)); err != nil {
		return err
	}
	if s.a.t.Sockets, err = s.a.sockets(ctx); s.lasting(err) != nil {
		return err
	}
	for _, at := range attack.All() {
		s.stage("attack", "%s", at.Name)
		if err := s.lasting(at.Run(ctx, s.a.t)); err != nil {
			return fmt.Errorf("%s: %w", at.Name, err)
		}
	}
	for _, u := range s.a.uses {
		if u.subject == s.a.t.Logout {
			if len(u.subject.Tries) == 0 {
				s.a.t.Whole(u.subject, u.subject.Reason)
			}
			s.tell(u)
		}
	}
	return nil
}

// cleanUp deletes what the scan created, as far as the API lets it, logs out,
// and says what was left behind.
func (s *session) cleanUp(ctx context.Context) {
	if s.cfg.ReadOnly {
		return
	}
	left := s.a.deleteMade(ctx)
	if left > 0 {
		s.c.Note(fmt.Sprintf("left behind: %d things that the scan created and could not delete (%s)", left, strings.Join(s.a.leftBy(), ", ")))
	}
	if t := s.a.t; t.Logout != nil && t.Logout.Exercised && t.Victim.Given == nil {
		_, _ = t.Victim.Do(ctx, t.Logout.Call.Wire()) // the scan is over, whatever it answers
	}
}

// enough says what was not seen.
func (s *session) enough() {
	changing, exercised := 0, 0
	for _, u := range s.a.uses {
		if u.subject.ChangesState && u.subject != s.a.t.Logout && !u.subject.Login && !u.outside {
			changing++
			if u.subject.Exercised {
				exercised++
			}
		}
	}
	switch {
	case len(s.a.uses) == 0:
		s.c.Incomplete("no operation is left to scan")
	case changing > 0 && 2*exercised < changing && !s.cfg.ReadOnly:
		s.c.Incomplete(fmt.Sprintf("only %d of %d operations that change state could be exercised", exercised, changing))
	}
	if _, server := s.cl.Failing(); server >= 20 {
		s.c.Incomplete("the API answers nothing but server errors")
	}
}
