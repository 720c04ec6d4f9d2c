// Package pulse keeps many deadlines coarsely, at the cost of one. A timer of
// its own for every wait of every connection was a twentieth of what a request
// cost: setting one takes locks of the runtime, and most are taken back at
// once. Here a wait notes when it must be over, in one atomic word, and a
// [Group] looks at all the words ten times a second.
package pulse

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Period is how often a group of ordinary size looks at its members, and so by
// how much a deadline may be late. None is early.
const Period = 100 * time.Millisecond

// crowd is how many members are looked at in one ordinary period. A larger
// group is looked at more seldom, so that a hundred thousand idle connections
// cost no more than these.
const crowd = 16 << 10

// A Time is a point on the monotonic clock.
type Time int64

var start = time.Now()

// Now returns the present.
func Now() Time { return Time(time.Since(start)) }

// After returns the point in time that comes d later.
func (t Time) After(d time.Duration) Time { return t + Time(d) }

// A Member is looked at by its group.
type Member interface {
	// Pulse is called about once a period, by one goroutine at a time. It must
	// neither block nor call the group.
	Pulse(now Time)
}

// A Group looks at its members for as long as it has any. The zero value is
// empty. It is safe for concurrent use.
type Group struct {
	mu      sync.Mutex
	entries []*Entry
	timer   *time.Timer
}

// An Entry is a membership. Its zero value is none.
type Entry struct {
	member Member
	index  int
}

// Add makes m a member by the entry e, until it is removed.
func (g *Group) Add(e *Entry, m Member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e.member, e.index = m, len(g.entries)
	g.entries = append(g.entries, e)
	if len(g.entries) == 1 {
		if g.timer == nil {
			g.timer = time.AfterFunc(Period, g.beat)
		} else {
			g.timer.Reset(Period)
		}
	}
}

// Remove ends a membership. When it returns, the member is not looked at, nor
// ever will be. To remove again does nothing.
func (g *Group) Remove(e *Entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e.member == nil {
		return
	}
	last := len(g.entries) - 1
	g.entries[e.index] = g.entries[last]
	g.entries[e.index].index = e.index
	g.entries[last] = nil
	g.entries = g.entries[:last]
	e.member = nil
	if last == 0 {
		g.timer.Stop()
	}
}

// Each calls f for every member, under the conditions of Pulse.
func (g *Group) Each(f func(Member)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range g.entries {
		f(e.member)
	}
}

// Len returns the number of members.
func (g *Group) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.entries)
}

func (g *Group) beat() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.entries) == 0 {
		return
	}
	now := Now()
	for _, e := range g.entries {
		e.member.Pulse(now)
	}
	g.timer.Reset(Period * time.Duration(1+len(g.entries)/crowd))
}

// A Deadline is when a wait must be over. Its zero value is none. One
// goroutine sets and clears it, and its group's looks at it.
type Deadline struct{ at atomic.Int64 }

// What a Deadline holds where it is no point in time.
const (
	none   = 0
	passed = math.MinInt64
)

// Set makes the deadline t. One that has passed stays so.
func (d *Deadline) Set(t Time) {
	if t == none {
		t++
	}
	if old := d.at.Load(); old != passed {
		d.at.CompareAndSwap(old, int64(t))
	}
}

// Clear takes the deadline back, and reports whether it had not passed yet. If
// it had, what waited has been or is being woken, and is to be given up.
func (d *Deadline) Clear() bool {
	return d.at.Load() == none || d.at.Swap(none) != passed
}

// Passed reports whether the deadline passed before it was taken back.
func (d *Deadline) Passed() bool { return d.at.Load() == passed }

// Pass reports whether the deadline passes at this moment. It does so once.
func (d *Deadline) Pass(now Time) bool {
	at := d.at.Load()
	return at != none && at != passed && Time(at) <= now && d.at.CompareAndSwap(at, passed)
}
