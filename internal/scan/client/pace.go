package client

import (
	"context"
	"sync"
	"time"
)

// pace spaces requests out. The zero pace lets all through at once.
type pace struct {
	rate float64 // per second; 0: unlimited

	mu   sync.Mutex
	next time.Time // no request before then
}

// hold keeps every request back for d.
func (p *pace) hold(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := time.Now().Add(d); t.After(p.next) {
		p.next = t
	}
}

// wait returns when a request may go, extra later than the rate says.
func (p *pace) wait(ctx context.Context, extra time.Duration) error {
	p.mu.Lock()
	now := time.Now()
	at := now
	if p.next.After(at) {
		at = p.next
	}
	at = at.Add(extra)
	if p.rate > 0 {
		p.next = at.Add(time.Duration(float64(time.Second) / p.rate))
	}
	p.mu.Unlock()
	d := at.Sub(now)
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
