package http1

import (
	"context"
	"sync"
	"time"
)

// A lifetime is the context of a request. It ends when the handler returns or
// the client has gone. What most handlers never ask for, it does not make: in
// a proxy one function waits for the end at a time.
type lifetime struct {
	mu    sync.Mutex
	done  chan struct{}
	err   error
	one   func()
	turn  int            // which registration one is
	more  map[int]func() // others at the same time
	turns int
}

// Deadline implements context.Context.
func (*lifetime) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value implements context.Context.
func (*lifetime) Value(any) any { return nil }

// Err implements context.Context.
func (l *lifetime) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Done implements context.Context.
func (l *lifetime) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
		if l.err != nil {
			close(l.done)
		}
	}
	return l.done
}

// AfterFunc is asked for by package context, so that a context made of this
// one needs no goroutine, and by whoever wants to be told at less cost than
// context.AfterFunc's. It calls f on a goroutine of its own.
func (l *lifetime) AfterFunc(f func()) (stop func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turns++
	turn := l.turns
	switch {
	case l.err != nil:
		go f()
	case l.one == nil:
		l.one, l.turn = f, turn
	default:
		if l.more == nil {
			l.more = map[int]func(){}
		}
		l.more[turn] = f
	}
	return func() bool { return l.forget(turn) }
}

// forget takes back a registration, and reports whether it still stood.
func (l *lifetime) forget(turn int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.one != nil && l.turn == turn {
		l.one = nil
		return true
	}
	_, there := l.more[turn]
	delete(l.more, turn)
	return there
}

// end ends the lifetime.
func (l *lifetime) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	l.err = context.Canceled
	if l.done != nil {
		close(l.done)
	}
	if l.one != nil {
		go l.one()
	}
	for _, f := range l.more {
		go f()
	}
	l.one, l.more = nil, nil
}
