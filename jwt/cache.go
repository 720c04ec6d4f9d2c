package jwt

import (
	"slices"
	"sync"
	"time"
)

// A cache remembers tokens whose signature was right. It is keyed by the
// whole text of the token, which canonical base64url makes the only text of
// that token, so nobody can put in one token and take out another.
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

// get returns the token if it was verified with a key that is among keys.
func (c *cache) get(text string, keys []*Key) *Token {
	c.mu.RLock()
	e := c.entries[text]
	c.mu.RUnlock()
	if e == nil || !slices.Contains(keys, e.key) {
		return nil
	}
	return e.token
}

func (c *cache) put(text string, key *Key, t *Token) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= c.limit {
		c.evict()
	}
	c.entries[text] = &cached{t, key}
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

// Forget drops every remembered token that has expired by now. A Verifier
// with a cache may call it from time to time; the cache is bounded without.
func (v *Verifier) Forget(now time.Time) {
	if v.cache == nil {
		return
	}
	v.cache.mu.Lock()
	defer v.cache.mu.Unlock()
	for text, e := range v.cache.entries {
		if !e.token.Expiry.IsZero() && now.After(e.token.Expiry.Add(v.cfg.Leeway)) {
			delete(v.cache.entries, text)
		}
	}
}
