package session

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"
)

// An opened is a record that was decrypted, and what was made of it. Deriving
// the key, setting up the cipher and decrypting were a tenth of what a request
// cost the guard, each time for the same result.
type opened struct {
	record Record // what it was made of; Seen, Expires and Revision play no part
	data   []byte
	value  any
	bound  atomic.Pointer[[]binding]
}

// A binding is what Session.Binding gave for a purpose.
type binding struct {
	purpose string
	secret  [32]byte
}

// maxBindings bounds those that are remembered; programs have one or two
// purposes.
const maxBindings = 4

// of reports whether o was made of this record: of every byte that decrypting
// depends on.
func (o *opened) of(r *Record) bool {
	return o.record.User == r.User && o.record.Created.Equal(r.Created) && o.record.End.Equal(r.End) && bytes.Equal(o.record.Sealed, r.Sealed)
}

// binding is Session.Binding.
func (o *opened) binding(i id, purpose string) [32]byte {
	have := o.bound.Load()
	if have != nil {
		for _, b := range *have {
			if b.purpose == purpose {
				return b.secret
			}
		}
	}
	secret := i.derive("binding " + purpose)
	var next []binding
	if have != nil {
		next = *have
	}
	if len(next) < maxBindings {
		next = append(next[:len(next):len(next)], binding{purpose, secret})
		o.bound.CompareAndSwap(have, &next) // who loses this derives once more
	}
	return secret
}

// A memo remembers records that were opened lately. It decides nothing: the
// store is asked for the record each time, and so is the clock, and what is
// remembered counts only for that very record. What it holds is what an open
// session holds, and it forgets what was not used for a while, so that no
// data stays behind long after its session.
type memo struct {
	mu         sync.Mutex
	young, old map[id]*opened // old is what was not used since the last turn
	bytes      int            // of young
	timer      *time.Timer    // nil while there is nothing
}

const (
	// memoTurn is half of the longest that something unused is remembered.
	memoTurn = 15 * time.Second
	// memoBytes bounds either generation, and memoOverhead is what an entry
	// takes besides its data.
	memoBytes    = 4 << 20
	memoOverhead = 512
)

func (o *opened) size() int { return memoOverhead + len(o.data) + len(o.record.Sealed) }

// get returns what was made of the record under i, or nil.
func (m *memo) get(i id, r *Record) *opened {
	m.mu.Lock()
	o, young := m.young[i]
	if o == nil {
		o = m.old[i]
	}
	m.mu.Unlock()
	if o == nil || !o.of(r) {
		return nil
	}
	if !young {
		m.put(i, o)
	}
	return o
}

// put remembers o.
func (m *memo) put(i id, o *opened) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bytes+o.size() > memoBytes {
		m.turn()
	}
	if before := m.young[i]; before != nil {
		m.bytes -= before.size()
	}
	if m.young == nil {
		m.young = map[id]*opened{}
	}
	m.young[i] = o
	m.bytes += o.size()
	delete(m.old, i)
	if m.timer == nil {
		m.timer = time.AfterFunc(memoTurn, m.tick)
	}
}

// drop forgets what is under i.
func (m *memo) drop(i id) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o := m.young[i]; o != nil {
		m.bytes -= o.size()
	}
	delete(m.young, i)
	delete(m.old, i)
}

func (m *memo) turn() {
	m.old, m.young, m.bytes = m.young, nil, 0
}

func (m *memo) tick() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn()
	if len(m.old) == 0 {
		m.timer = nil
		return
	}
	m.timer.Reset(memoTurn)
}
