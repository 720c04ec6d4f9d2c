// Command load drives the built guard with honest visitors and attackers at
// once, on loopback, and fails if a request is lost, executed twice, forged or
// refused without reason, or if the guard's goroutines, open files or memory
// grow. After each part the API is killed and comes back, and at the end the
// guard is restarted, while visitors write.
//
//	go run ./load                          a few visits, as fast as they go
//	go run ./load -for 30m -rate 40        half an hour at 40 requests a second
//	go run ./load -for 30m -rate 10 -race  the guard built with the race detector
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// options say how long and how hard.
type options struct {
	root     string        // of the repository
	visits   int           // of each visitor in a part, where lasting is 0
	lasting  time.Duration // of all parts
	rate     int           // requests a second, 0 for as many as go
	race     bool
	visitors int
	// parts is how many stretches there are; between them the guard is left
	// alone and looked at. The first warms up and is not compared.
	parts int
}

func main() {
	o := options{root: ".."}
	flag.IntVar(&o.visits, "visits", 3, "visits of each visitor in each part, unless -for is given")
	flag.DurationVar(&o.lasting, "for", 0, "how long the run takes")
	flag.IntVar(&o.rate, "rate", 0, "requests a second, 0 for as many as go")
	flag.BoolVar(&o.race, "race", false, "build the guard with the race detector")
	flag.IntVar(&o.visitors, "visitors", 4, "honest visitors at a time; there is one attacker for two of them")
	flag.IntVar(&o.parts, "parts", 4, "stretches of the run, at least 3; the guard is looked at after each")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := load(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		stop()
		os.Exit(1)
	}
}

// A run is what visitors and attackers share.
type run struct {
	ctx   context.Context
	api   *api
	guard *process
	pace  <-chan time.Time
	sent  atomic.Int64
}

// wait lets the next request go at the rate, and ends with the run.
func (r *run) wait() error {
	if r.pace != nil {
		select {
		case <-r.pace:
		case <-r.ctx.Done():
		}
	}
	r.sent.Add(1)
	return r.ctx.Err()
}

func load(ctx context.Context, o options, out io.Writer) (err error) {
	if o.parts < 3 {
		return errors.New("-parts: at least 3: one to warm up, two to compare")
	}
	dir, err := os.MkdirTemp("", "countersign-load-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "countersign")
	if err := build(o.root, binary, o.race); err != nil {
		return err
	}
	a, err := newAPI()
	if err != nil {
		return err
	}
	if err := a.start(); err != nil {
		return err
	}
	defer a.stop()
	guard, err := newGuard(dir, binary, "http://"+a.addr, a.secret)
	if err != nil {
		return err
	}
	if err := guard.begin(); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			fmt.Fprintf(out, "the end of the guard's log:\n%s\n", guard.said())
		}
		err = errors.Join(err, guard.terminate(), guard.gone())
	}()
	r := &run{ctx: ctx, api: a, guard: guard}
	if o.rate > 0 {
		ticks := time.NewTicker(time.Second / time.Duration(o.rate))
		defer ticks.Stop()
		r.pace = ticks.C
	}
	var samples []sample
	start := time.Now()
	for range o.parts {
		if err := r.part(o); err != nil {
			return err
		}
		if err := r.outage(o.visitors); err != nil {
			return err
		}
		s, err := guard.sample()
		if err != nil {
			return err
		}
		s.at = time.Since(start)
		samples = append(samples, s)
		fmt.Fprintf(out, "%s  %8d requests\n", s, r.sent.Load())
	}
	if err := r.restart(o.visitors); err != nil {
		return err
	}
	if left := a.leftover(); len(left) > 0 {
		return fmt.Errorf("the API executed %d items again, or without telling: %q", len(left), left[:min(len(left), 10)])
	}
	a.mu.Lock()
	forged, total := a.forged, a.total
	a.mu.Unlock()
	if len(forged) > 0 {
		return fmt.Errorf("%d forged requests came through: %q", len(forged), forged[:min(len(forged), 10)])
	}
	fmt.Fprintf(out, "%d requests, %d of them executed by the API, none lost, none twice, none forged\n", r.sent.Load(), total)
	return grown(samples)
}

// part runs visitors and attackers side by side.
func (r *run) part(o options) error {
	ctx, cancel := context.WithCancelCause(r.ctx)
	defer cancel(nil)
	deadline := time.Now().Add(o.lasting / time.Duration(o.parts))
	var work sync.WaitGroup
	repeat := func(who string, f func() error) {
		for i := 0; ctx.Err() == nil; i++ {
			if o.lasting > 0 && !time.Now().Before(deadline) || o.lasting == 0 && i >= o.visits {
				return
			}
			if err := f(); err != nil {
				cancel(fmt.Errorf("%s: %w", who, err))
				return
			}
		}
	}
	for i := range o.visitors {
		work.Go(func() { repeat("a visitor", r.visit) })
		if i%2 == 0 {
			work.Go(func() { repeat("an attacker", r.attack) })
		}
	}
	work.Wait()
	return context.Cause(ctx)
}

// What may differ between the first sample after warming up and the last.
// Goroutines and files come and go by a few, with the store's and the API's
// pooled connections; memory goes up and down with the collector.
const (
	slackGoroutines = 8
	slackFiles      = 8
	slackMemory     = 48 << 20
)

// grown compares the last sample with the first after warming up.
func grown(samples []sample) error {
	first, last := samples[0], samples[len(samples)-1]
	var errs []error
	check := func(what string, a, b, slack int) {
		if b > a+slack {
			errs = append(errs, fmt.Errorf("%s grew from %d to %d", what, a, b))
		}
	}
	check("goroutines", first.goroutines, last.goroutines, slackGoroutines)
	check("open files", first.files, last.files, slackFiles)
	check("resident bytes", first.resident, last.resident, slackMemory)
	check("bytes of the heap", first.heap, last.heap, slackMemory)
	return errors.Join(errs...)
}
