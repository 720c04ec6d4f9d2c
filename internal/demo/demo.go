// Package demo is the guided tour: it attacks a bank and shows what could be
// forged, puts the guard in front, attacks again, and checks that an honest
// user notices nothing.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/lab"
	"github.com/d710e0ae/countersign/internal/scan"
	"github.com/d710e0ae/countersign/internal/scan/browser"
	"github.com/d710e0ae/countersign/internal/secret"
)

// MinProved is how many operations in different shapes must be forged in a
// real browser before the guard stands, for the demonstration to have shown
// anything.
const MinProved = 5

// A Config says how the tour is given.
type Config struct {
	Browser  string // "auto" or a path
	Report   string // file for an HTML page; "" writes none
	Out      io.Writer
	Progress finding.Handler
	Clear    func() // takes the progress away before a line is written; may be nil
	Color    bool
	Tool     finding.Tool
}

// ErrNotShown says that the demonstration did not show what it is for: the
// attacks failed before the guard stood, or one passed it, or an honest user
// was refused.
var ErrNotShown = errors.New("the demonstration did not hold")

// A Tour is what was seen.
type Tour struct {
	Before, After *finding.Report
	Rows          []Row
	Honest        []Step // what the honest user did through the guard
	Started       time.Time
	Browser       string
}

// A Step of the honest user.
type Step struct {
	What string
	Err  error
}

// Run gives the tour. The error is ErrNotShown, or why it could not be given.
func Run(ctx context.Context, cfg Config) (*Tour, error) {
	path, err := browser.Find(cfg.Browser)
	if err != nil {
		return nil, err
	}
	if path == "" {
		return nil, errors.New("the demonstration needs a browser; leave --browser off out")
	}
	l, err := lab.Start(ctx, lab.Config{})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	// Screenshots and proofs of concept are put into the page, and kept
	// nowhere else.
	artifacts, err := os.MkdirTemp("", "countersign-demo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(artifacts)

	t := &Tour{Started: time.Now()}
	g := guide{cfg: cfg}
	g.say("A bank answers at %s. It takes its token from a cookie or a header, and checks nothing else.", l.URLs[lab.Vulnerable])
	g.say("")
	g.head("1  Attack it")
	if t.Before, err = g.scan(ctx, l.URLs[lab.Vulnerable], path, filepath.Join(artifacts, "before")); err != nil {
		return nil, err
	}
	g.forged(t.Before)
	g.head("2  Put the guard in front, change nothing in the bank, attack again")
	if t.After, err = g.scan(ctx, l.URLs[lab.Guarded], path, filepath.Join(artifacts, "after")); err != nil {
		return nil, err
	}
	g.forged(t.After)
	g.head("3  Log in and transfer as an honest user, through the guard")
	if t.Honest, t.Browser, err = g.honest(ctx, l, path); err != nil {
		return nil, err
	}
	g.head("Before and after")
	t.Rows = rows(t.Before, t.After)
	g.table(t.Rows)
	if cfg.Report != "" {
		if err := t.write(cfg.Report); err != nil {
			return t, fmt.Errorf("the page could not be written: %w", err)
		}
		g.say("The page with the pictures is %s.", cfg.Report)
	}
	return t, g.verdict(t)
}

func (g *guide) scan(ctx context.Context, target, path, artifacts string) (*finding.Report, error) {
	if err := os.MkdirAll(artifacts, 0o700); err != nil {
		return nil, err
	}
	r, err := scan.Run(ctx, scan.Config{
		Target:    target,
		Victim:    scan.Account{Name: lab.Victim, Password: secret.New(lab.VictimPassword)},
		Attacker:  scan.Account{Name: lab.Attacker, Password: secret.New(lab.AttackerPassword)},
		Browser:   path,
		Artifacts: artifacts,
		Tool:      g.cfg.Tool,
	}, g.cfg.Progress)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var partial *scan.IncompleteError
	if err != nil && !(errors.As(err, &partial) && r != nil) {
		return nil, err
	}
	return r, nil
}

// honest does in the browser what the bank's own page does.
func (g *guide) honest(ctx context.Context, l *lab.Lab, path string) ([]Step, string, error) {
	target, err := url.Parse(l.URLs[lab.Guarded])
	if err != nil {
		return nil, "", err
	}
	b, err := browser.Launch(ctx, browser.Config{Path: path, Target: target})
	if err != nil {
		return nil, "", err
	}
	defer b.Close()
	v, err := b.NewVictim(ctx)
	if err != nil {
		return nil, "", err
	}
	defer v.Close()
	u := &user{victim: v, base: target.String(), bank: l.Banks[lab.Guarded]}
	var steps []Step
	for _, s := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"logs in, and is given a session cookie that no script can read, and no token", u.logIn},
		{"reads the balance", u.readBalance},
		{"transfers 100 to mallory; the money moves", u.transfer},
		{"logs out; the session is over", u.logOut},
	} {
		step := Step{s.what, s.do(ctx)}
		steps = append(steps, step)
		g.step(step)
		if step.Err != nil {
			break
		}
	}
	g.say("")
	return steps, b.Version(), nil
}
