package client

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// window is how long an API that counts requests and does not say when it will
// take more is waited for: most count by the minute. The rest is for its clock.
const window = 65 * time.Second

// maxVain is how many paths in a row may be waited for in vain: an API that lets
// nobody in any more is not one that counts by the minute.
const maxVain = 3

// patience decides whether an API is waited for that answers that there were
// too many requests.
type patience struct {
	mu     sync.Mutex
	spent  time.Duration   // waited in all
	closed map[string]bool // paths for which a window was waited in vain
	vain   int             // of those, since a wait was last worth it
}

// wait returns how long to wait before r is sent again, where its answer asks
// for it: try counts the answers of that kind, waited is what was waited
// between them. Where the API names a time, that is obeyed, else the waits
// grow from one second to five: a window that slides lets a few more through
// every moment.
func (p *patience) wait(r *Request, res *Response, try int, waited time.Duration, cfg *Config) (time.Duration, bool) {
	if res.Status != http.StatusTooManyRequests && res.Status != http.StatusServiceUnavailable {
		if try > 0 {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.vain = 0
		}
		return 0, false
	}
	said := strings.TrimSpace(res.Header.Get("Retry-After"))
	if said == "" && res.Status == http.StatusServiceUnavailable {
		return 0, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	d := time.Duration(min(try+1, 5)) * time.Second
	if said != "" {
		d = retryAfter(said, cfg.MaxWait)
	}
	key := r.Method + " " + r.URL.Path
	switch {
	case p.closed[key], p.vain >= maxVain, d > cfg.MaxWait, p.spent+d > cfg.Patience:
		return 0, false
	case said != "" && try >= 3, waited+d > window && try > 0:
		if p.closed == nil {
			p.closed = map[string]bool{}
		}
		p.closed[key] = true
		p.vain++
		return 0, false
	}
	p.spent += d
	return d, true
}

// retryAfter reads a Retry-After (RFC 9110 §10.2.3); what cannot be read is
// longer than anyone waits.
func retryAfter(v string, longest time.Duration) time.Duration {
	if n, err := strconv.Atoi(v); err == nil && n >= 0 {
		return time.Duration(min(n, 1<<20)) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(time.Until(t), 0)
	}
	return longest + 1
}
