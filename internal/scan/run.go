package scan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
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
	err = s.survive(ctx)
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

// session is one run.
type session struct {
	cfg    *Config
	target *url.URL
	c      *finding.Collector
	cl     *client.Client
	red    secret.Redactor
	a      *api
}

// stage says what the scan is about to do. The words are the scan's own.
func (s *session) stage(stage, text string) {
	s.c.Progress(finding.Progress{Stage: stage, Text: text})
	s.cfg.Logger.Info(text, "stage", stage)
}

// waits says that the API is waited for.
func (s *session) waits(status int, d time.Duration) {
	text := fmt.Sprintf("the API counts requests (%d): waiting for %s", status, d)
	s.c.Progress(finding.Progress{Stage: "wait", Text: text})
	s.cfg.Logger.Info(text, "stage", "wait")
}

func (s *session) run(ctx context.Context) error {
	headers := s.cfg.Headers.Clone()
	given := s.given(headers)
	s.cl = client.New(client.Config{Target: s.target, Transport: s.cfg.Transport, TLS: s.cfg.TLS, Header: headers,
		Rate: s.cfg.Rate, Timeout: s.cfg.Timeout, MaxBody: openapi.MaxDocument, Waits: s.waits})
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

// stopped reports every operation as far as it got, and the forgeries that
// were seen by then, so that a scan that ends early leaves nothing unsaid.
func (s *session) stopped(err error) error {
	t := s.a.t
	if t.NoBrowser == "" {
		t.NoBrowser = ", for the scan ended before"
	}
	for _, u := range s.a.uses {
		if !u.subject.Exercised && u.subject.Reason == "" {
			u.subject.Reason = "the scan ended before"
		}
		s.tell(u)
		if !t.IsLogout(u.subject) && !u.subject.Login && !u.outside {
			t.Forgeable(u.subject)
		}
	}
	return err
}

func (s *session) exercise(ctx context.Context) error {
	var later []*use
	for i, u := range s.a.uses {
		s.c.Progress(finding.Progress{Stage: "exercise", Text: u.op.String(), Done: i, Total: len(s.a.uses)})
		switch {
		case s.a.t.IsLogout(u.subject):
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
	if err := s.secondLook(ctx); err != nil {
		return err
	}
	return s.lasting(s.a.asking(ctx))
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
	if err := s.lasting(s.logouts(ctx)); err != nil {
		return err
	}
	if s.a.t.Sockets, err = s.a.sockets(ctx); s.lasting(err) != nil {
		return err
	}
	for _, at := range attack.All() {
		s.stage("attack", at.Name)
		if err := s.lasting(at.Run(ctx, s.a.t)); err != nil {
			return fmt.Errorf("%s: %w", at.Name, err)
		}
	}
	for _, u := range s.a.uses {
		if s.a.t.IsLogout(u.subject) {
			if len(u.subject.Tries) == 0 {
				s.a.t.Whole(u.subject, u.subject.Reason)
			}
			s.tell(u)
		}
	}
	return nil
}

// enough says what was not seen.
func (s *session) enough() {
	changing, exercised := 0, 0
	for _, u := range s.a.uses {
		if u.subject.ChangesState && !s.a.t.IsLogout(u.subject) && !u.subject.Login && !u.outside {
			changing++
			if u.subject.Exercised {
				exercised++
			}
		}
	}
	switch {
	case len(s.a.uses) == 0 && len(s.cfg.Include)+len(s.cfg.Exclude) > 0:
		s.c.Incomplete("include and exclude leave no operation to scan; a pattern has a method and a path, such as 'POST /orders*'")
	case len(s.a.uses) == 0:
		s.c.Incomplete("no operation is left to scan")
	case changing > 0 && exercised == 0 && !s.cfg.ReadOnly:
		s.c.Incomplete(fmt.Sprintf("no operation that changes state could be exercised, of %d", changing))
	case changing > 0 && 2*exercised < changing && !s.cfg.ReadOnly:
		s.c.Incomplete(fmt.Sprintf("only %d of %d operations that change state could be exercised", exercised, changing))
	}
	if n := s.cl.TurnedAway(); n > 0 {
		s.c.Note(fmt.Sprintf("the API counts requests, and answered %d of them 429 although the scan waited; what rests on these was not tested", n))
	}
	if _, server := s.cl.Failing(); server >= 20 {
		s.c.Incomplete("the API answers nothing but server errors")
	}
}
