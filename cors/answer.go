package cors

import (
	"net/http"
	"slices"
	"strings"
)

func (p *policy) allowed(text string) bool { return p.any || p.origins.Contains(text) }

// decorate puts the headers on an answer. Vary is always there, also for
// requests without an origin: a cache must not give their answer to one that
// has one (Fetch, "CORS protocol and HTTP caches").
func (p *policy) decorate(h http.Header, origins []string) {
	if p.any {
		h["Access-Control-Allow-Origin"] = p.star.get()
		p.exposed(h)
		return
	}
	addVary(h, p.actual)
	if p.refusesOrigin(origins) != nil {
		return
	}
	h["Access-Control-Allow-Origin"] = origins
	if p.credentials {
		h["Access-Control-Allow-Credentials"] = p.yes.get()
	}
	p.exposed(h)
}

func (p *policy) exposed(h http.Header) {
	if p.expose != nil {
		h["Access-Control-Expose-Headers"] = p.expose.get()
	}
}

func addVary(h http.Header, v *values) {
	if len(h) > 0 { // else nobody was there before us, and nothing need be looked up
		if have := h["Vary"]; len(have) > 0 {
			h["Vary"] = append(have[:len(have):len(have)], v.get()...)
			return
		}
	}
	h["Vary"] = v.get()
}

// answer answers a preflight. A refused one gets no header that allows
// anything, and a status that says so to people.
func (p *policy) answer(w http.ResponseWriter, origins, methods, requested []string) {
	h := w.Header()
	addVary(h, p.preflight)
	if p.refuses(origins, methods, requested) != nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if p.any {
		h["Access-Control-Allow-Origin"] = p.star.get()
	} else {
		h["Access-Control-Allow-Origin"] = origins
	}
	if p.credentials {
		h["Access-Control-Allow-Credentials"] = p.yes.get()
	}
	// What was asked for and allowed is given back in its own slices, which
	// belong to this request alone: nothing is copied, and nothing is told
	// that was not asked for.
	h["Access-Control-Allow-Methods"] = methods
	if len(requested) > 0 && requested[0] != "" {
		h["Access-Control-Allow-Headers"] = requested
	}
	if p.maxAge != nil {
		h["Access-Control-Max-Age"] = p.maxAge.get()
	}
	w.WriteHeader(http.StatusNoContent)
}

// allowedMethod compares with few texts, which is quicker than a map.
func (p *policy) allowedMethod(m string) bool {
	return m == "GET" || m == "HEAD" || m == "POST" || slices.Contains(p.methods, m)
}

// Bounds of a preflight's list: a browser sends it sorted, in lower case,
// each name once, so nothing longer than all that is allowed can be right
// (GO-2024-2883).
const maxEmpty = 16

// allowedHeaders reads the list without splitting it into new texts. A browser
// asks for most of what is allowed, in its order: the name behind the last one
// is tried first, and only others are hashed.
func (p *policy) allowedHeaders(lists []string) bool {
	seen, empty, next := 0, 0, 0
	for _, list := range lists {
		for len(list) > 0 {
			var name string
			if i := strings.IndexByte(list, ','); i >= 0 {
				name, list = list[:i], list[i+1:]
			} else {
				name, list = list, ""
			}
			// RFC 9110, section 5.6.1: white space and empty members are to be
			// borne, within reason; intermediaries add them.
			name = trim(name)
			if name == "" {
				if empty++; empty > maxEmpty {
					return false
				}
				continue
			}
			if seen++; seen > len(p.headers) || len(name) > p.longest {
				return false
			}
			if next < len(p.sorted) && p.sorted[next] == name {
				next++
			} else if _, ok := p.headers[name]; !ok {
				return false
			}
		}
	}
	return len(lists) <= maxEmpty
}

func trim(s string) string {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
