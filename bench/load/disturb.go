package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"
)

// An outcome is what became of one write.
type outcome struct {
	item   string
	status int   // of the whole answer
	err    error // instead of an answer
}

func (o outcome) answered() bool { return o.err == nil && o.status == http.StatusOK }
func (o outcome) failed() bool   { return o.err == nil && o.status >= 500 }
func (o outcome) cut() bool      { return o.err != nil }

// A crowd is logged-in visitors who write one item after another, and go on
// whatever becomes of it, so that the guard can be disturbed under them.
type crowd struct {
	run      *run
	browsers []*browser
	happened chan outcome
	all      []outcome
	leave    context.CancelFunc
	work     sync.WaitGroup
}

// gather logs the crowd in and lets it write.
func (r *run) gather(visitors int) (*crowd, error) {
	ctx, leave := context.WithCancel(r.ctx)
	c := &crowd{run: r, leave: leave, happened: make(chan outcome)}
	for range visitors {
		b := r.browser()
		if err := b.login(); err != nil {
			c.disperse()
			return nil, err
		}
		c.browsers = append(c.browsers, b)
	}
	for _, b := range c.browsers {
		c.work.Go(func() {
			for ctx.Err() == nil {
				c.happened <- b.write() // disperse reads the last ones
			}
		})
	}
	return c, nil
}

// write posts one item. A failure must be a problem document (RFC 9457) that
// says 502 or 503.
func (b *browser) write() outcome {
	o := outcome{item: "l-" + rand.Text()}
	status, answer, h, err := b.do("POST", "/items/"+o.item, strings.NewReader(`{"to":"bob"}`))
	switch {
	case err != nil:
		o.err = err
	case status == http.StatusOK:
	case status != http.StatusBadGateway && status != http.StatusServiceUnavailable:
		o.err = wrong{fmt.Errorf("answered with %d %s", status, clip(answer))}
	case h.Get("Content-Type") != "application/problem+json":
		o.err = wrong{fmt.Errorf("%d is no problem document: %s", status, clip(answer))}
	}
	o.status = status
	return o
}

// wrong is an answer that no disturbance excuses.
type wrong struct{ error }

// until lets the crowd write until n outcomes are so.
func (c *crowd) until(n int, what string, so func(outcome) bool) error {
	patient := time.NewTimer(patience)
	defer patient.Stop()
	for n > 0 {
		select {
		case o := <-c.happened:
			c.all = append(c.all, o)
			var w wrong
			if errors.As(o.err, &w) {
				return fmt.Errorf("%s: %w", o.item, w)
			}
			if so(o) {
				n--
			}
		case <-patient.C:
			return fmt.Errorf("for %s no %s", patience, what)
		case <-c.run.ctx.Done():
			return c.run.ctx.Err()
		}
	}
	return nil
}

// through takes the steps until one fails, and ends the writing.
func (c *crowd) through(steps ...func() error) error {
	defer c.disperse()
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// disperse ends the writing. What a visitor was just doing is waited for.
func (c *crowd) disperse() {
	c.leave()
	go func() { c.work.Wait(); close(c.happened) }()
	for o := range c.happened {
		c.all = append(c.all, o)
	}
	for _, b := range c.browsers {
		b.close()
	}
}

// settle compares each outcome with what the API executed: an answered write
// once. Others may have been executed once where the API was killed before it
// could answer, and never where only the guard ended.
func (c *crowd) settle(killed bool) error {
	for _, o := range c.all {
		switch n := c.run.api.take(o.item); {
		case o.answered() && n != 1:
			return fmt.Errorf("%s was answered, and executed %d times", o.item, n)
		case !o.answered() && n == 1 && !killed:
			return fmt.Errorf("%s was executed, and its visitor heard %d %w", o.item, o.status, o.err)
		case n > 1:
			return fmt.Errorf("%s was executed %d times", o.item, n)
		}
	}
	return nil
}

// outage kills the API under the crowd, has the guard read its configuration
// again, and lets the API come back.
func (r *run) outage(visitors int) (err error) {
	c, err := r.gather(visitors)
	if err != nil {
		return err
	}
	err = c.through(
		func() error {
			return c.until(2*visitors, "write succeeds before the API is killed", outcome.answered)
		},
		r.api.stop,
		func() error { return c.until(2*visitors, "write fails while the API is away", outcome.failed) },
		func() error { return r.guard.cmd.Process.Signal(syscall.SIGHUP) },
		r.api.start,
		func() error { return c.until(2*visitors, "write succeeds once the API is back", outcome.answered) },
	)
	for _, o := range c.all {
		if o.cut() {
			err = errors.Join(err, fmt.Errorf("while the API was away the guard answered nothing: %w", o.err))
		}
	}
	return errors.Join(err, c.settle(true))
}

// restart sends SIGTERM under the crowd and begins the guard anew. Whoever was
// logged in still is.
func (r *run) restart(visitors int) error {
	c, err := r.gather(visitors)
	if err != nil {
		return err
	}
	err = c.through(
		func() error { return c.until(2*visitors, "write succeeds before SIGTERM", outcome.answered) },
		r.guard.terminate,
		func() error { return c.until(2*visitors, "connection ends after SIGTERM", outcome.cut) },
		r.guard.gone,
	)
	if err = errors.Join(err, c.settle(false)); err != nil {
		return err
	}
	if err := r.guard.begin(); err != nil {
		return err
	}
	for _, b := range c.browsers {
		if err := b.item("POST", []byte(`{"to":"bob"}`)); err != nil {
			return fmt.Errorf("after the restart: %w", err)
		}
		b.close()
	}
	return nil
}
