package jwt

import (
	"strings"
	"sync"
	"time"
)

// A cache remembers tokens whose signature was right. It is keyed by the
// whole text of the token, not by a part or a short hash of it, so nobody can
// put in one token and take out another; each entry knows its key, so that
// Verifier.again can ask whether that key is still in force.
type cache struct {
	mu      sync.RWMutex
	limit   int
	entries map[string]*cached
}

type cached struct {
	token *Token
	key   *Key
}

func newCache(limit int) *cache {
	return &cache{limit: limit, entries: make(map[string]*cached, min(limit, 1024))}
}

// get returns what is remembered of that text, or nil.
func (c *cache) get(text string) *cached {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.entries[text]
}

func (c *cache) put(text string, key *Key, t *Token, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(now)
	if len(c.entries) >= c.limit {
		c.evict()
	}
	c.entries[strings.Clone(text)] = &cached{t, key}
}

// expire drops the expired among a few entries: more than one for each that
// comes in, so that none outstays its time for long.
func (c *cache) expire(now time.Time) {
	n := 4
	for text, e := range c.entries {
		if !e.token.Expiry.IsZero() && now.After(e.token.Expiry.Add(maxLeeway)) {
			delete(c.entries, text)
		}
		if n--; n == 0 {
			return
		}
	}
}

// evict makes room: the first that it meets, out of an order that the map
// makes random, so that nobody can choose whose entry goes.
func (c *cache) evict() {
	n := max(c.limit/16, 1)
	for text := range c.entries {
		delete(c.entries, text)
		if n--; n == 0 {
			return
		}
	}
}
