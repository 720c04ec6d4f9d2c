package openapi

import (
	"slices"
	"strings"
)

// This file pairs names of one thing without knowing the language that they
// are in: by their stems, and by the parameters of the document's paths.

// minStem is how many letters two forms of one noun begin with alike.
const minStem = 4

// sameStem reports whether two nouns may be forms of one, such as "faktura" and
// "faktury": all but their endings is the same.
func sameStem(a, b string) bool {
	if a == b {
		return true
	}
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	longer := max(len(a), len(b))
	return n >= minStem && n >= longer-3 && 5*n >= 3*longer
}

// kindLike returns the kind of things that are known under that noun or, where
// there is none, under another form of it. The caller holds the lock.
func (p *Pool) kindLike(noun string) string {
	if len(p.things[noun]) > 0 || len(noun) < minStem {
		return noun
	}
	if len(p.kinds) != p.kinned {
		p.kin, p.kinned = nil, len(p.kinds)
	}
	if is, ok := p.kin[noun]; ok {
		return is
	}
	is := noun
	if i := slices.IndexFunc(p.kinds, func(k string) bool { return sameStem(k, noun) }); i >= 0 {
		is = p.kinds[i]
	}
	if p.kin == nil {
		p.kin = map[string]string{}
	}
	if len(p.kin) < maxNames {
		p.kin[noun] = is
	}
	return is
}

// findKeys fills keys and views, once all operations are known.
func (d *Document) findKeys() {
	d.keys, d.views = map[string]bool{}, map[string]bool{}
	for _, o := range d.Operations {
		parts := segments(o.Path)
		for i, part := range parts {
			if !isSlot(part) {
				continue
			}
			d.views["/"+strings.Join(parts[:i], "/")] = true
			for _, name := range pathParams(part) {
				if n := plainName(name); n != "id" {
					d.keys[n] = true
				}
			}
		}
	}
}

// isKey reports whether a parameter of a path is called so: what answers hold
// under that name tells a thing from its like.
func (d *Document) isKey(plain string) bool { return d != nil && d.keys[plain] }

// keyLike returns the parameter of a path that is another form of a noun, or
// nothing.
func (d *Document) keyLike(noun string) string {
	if d == nil {
		return ""
	}
	for _, key := range sortedKeys(d.keys) {
		if sameStem(key, noun) {
			return key
		}
	}
	return ""
}

// viewed reports whether a path shows a part of the collection before its end:
// /tasks/late lists tasks, since /tasks/{task_id} is one.
func (d *Document) viewed(path string) bool {
	i := strings.LastIndexByte(path, '/')
	return d != nil && i > 0 && !strings.Contains(path[i:], "{") && d.views[path[:i]]
}

// refersTo reports whether a member of that name, in the body of op, names a
// thing that exists: it is called as a parameter of another path is. What is
// changed by PUT or PATCH may be what the thing itself is called.
func (d *Document) refersTo(op *Operation, name string) bool {
	plain := plainName(name)
	return op.Method == "POST" && d.isKey(plain) && !isAccount(plain) && !op.signsUp()
}

// gives reports whether a member of that name, in the body of op, is what op
// gives to what it makes: POST /heroes takes the slug of /heroes/{slug}.
func (d *Document) gives(op *Operation, name string) bool {
	plain := plainName(name)
	if !d.isKey(plain) {
		return false
	}
	own := strings.TrimSuffix(op.Path, "/") + "/{"
	return slices.ContainsFunc(d.Operations, func(o *Operation) bool {
		rest, below := strings.CutPrefix(o.Path, own)
		key, _, _ := strings.Cut(rest, "}")
		return below && plainName(key) == plain
	})
}
