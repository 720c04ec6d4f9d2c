package idempotency

import (
	"net/http"
	"slices"
)

// A recorder keeps an answer back until it is complete, so that it is stored
// before it is seen. One that outgrows the limit is passed on as it comes.
type recorder struct {
	to     http.ResponseWriter
	header http.Header
	status int
	body   []byte
	limit  int
	passed bool // the answer is too large, and under way
}

func (rec *recorder) Header() http.Header { return rec.header }

func (rec *recorder) WriteHeader(status int) {
	if status >= 100 && status < 200 {
		merge(rec.to.Header(), rec.header)
		rec.to.WriteHeader(status)
		return
	}
	if rec.status == 0 {
		rec.status = status
	}
}

func (rec *recorder) Write(b []byte) (int, error) {
	rec.WriteHeader(http.StatusOK)
	if rec.passed {
		return rec.to.Write(b)
	}
	if len(rec.body)+len(b) > rec.limit {
		rec.pass()
		return rec.to.Write(b)
	}
	rec.body = append(rec.body, b...)
	return len(b), nil
}

// pass sends on what was kept back.
func (rec *recorder) pass() {
	rec.passed = true
	merge(rec.to.Header(), rec.header)
	rec.to.WriteHeader(rec.status)
	rec.to.Write(rec.body)
	rec.body = nil
}

func (rec *recorder) answer() *answer {
	return &answer{Status: rec.status, Header: rec.header, Body: rec.body, Dropped: rec.passed}
}

// merge puts the fields of an inner handler's answer into the outer one's.
// Fields that are lists may have members of both.
func merge(to, from http.Header) {
	for name, values := range from {
		switch name = http.CanonicalHeaderKey(name); name {
		case "Vary", "Set-Cookie", "Link", "Server-Timing":
			for _, v := range values {
				if !slices.Contains(to[name], v) {
					to[name] = append(to[name], v)
				}
			}
		default:
			to[name] = slices.Clone(values)
		}
	}
}
