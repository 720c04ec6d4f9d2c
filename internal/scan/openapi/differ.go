package openapi

// Differ returns the request with other values for what its body has in common
// with the thing that it is about: to write again what is there already may be
// refused as nothing to do. Another thing that is known stands for the name of
// one, another choice for a choice, and what is switched on for what is off.
// It reports false where there is nothing that could differ.
func (d *Document) Differ(op *Operation, pool *Pool, prev *Request, thing map[string]any) (*Request, bool) {
	next := prev.Clone()
	object, ok := next.Value.(map[string]any)
	if !ok || pool == nil {
		return nil, false
	}
	f := &fix{doc: d, op: op, pool: pool, prev: prev}
	taken := map[string]bool{}
	var names []string
	changed := false
	for _, name := range sortedKeys(object) {
		has, there := thing[name]
		if !there || has == nil || !scalar(has) || !scalar(object[name]) || text(has) != text(object[name]) {
			continue
		}
		if on, is := has.(bool); is {
			object[name], changed = !on, true
			continue
		}
		if _, is := resourceOf(name); is {
			taken[text(has)] = true
			names = append(names, name)
			continue
		}
		body := f.body()
		if body == nil {
			continue
		}
		for _, c := range f.choices(body.Schema.property(name)) {
			if scalar(c) && text(c) != text(has) {
				object[name], changed = c, true
				break
			}
		}
	}
	if len(names) > 0 {
		opt := prev.opt
		opt.Taken = taken
		made, ok := f.rebuilt(opt, true)
		if !ok {
			return nil, false
		}
		other, _ := made.Value.(map[string]any)
		for _, name := range names {
			if v := other[name]; v != nil && text(v) != text(object[name]) {
				object[name], changed = v, true
			}
		}
	}
	return next, changed && next.Encode(mediaType(next.ContentType)) == nil
}
