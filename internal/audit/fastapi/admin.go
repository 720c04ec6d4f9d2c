package fastapi

import (
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

// adminRoutes returns, for each class of modules that says who may use a library's pages for
// administration, the route by which those pages change what is stored.
func adminRoutes(modules []*Module, mw []Middleware) []*Route {
	var out []*Route
	for _, l := range libraries.All() {
		if l.Admin == nil {
			continue
		}
		for _, m := range modules {
			for _, v := range sortedValues(m.scope.all()) {
				if v.Kind != ClassKind || v.Class.Module != m || !slices.ContainsFunc(v.Class.Externals(), l.Admin.Is) {
					continue
				}
				asks, _ := v.Class.scope.get(l.Admin.Asks)
				if asks == nil || asks.Kind != Func || asks.Fn.Decl == nil {
					continue
				}
				fn := *asks.Fn
				fn.Self = &Value{Kind: ObjectKind, Object: &Object{Class: v.Class, Qual: l.Admin.Class, At: v.Class.place()}}
				out = append(out, &Route{
					Method: "POST", Path: "/admin", Handler: &Value{Kind: Func, Fn: &fn, At: asks.At}, Middleware: mw, At: asks.At, Admin: l.Name,
				})
			}
		}
	}
	return out
}

// administers reports whether a group holds such a class.
func (p *Program) administers(g group) bool {
	imports := false
	for _, l := range libraries.All() {
		imports = imports || l.Admin != nil && slices.ContainsFunc(g, func(i int) bool {
			return slices.ContainsFunc(p.Modules[i].imports, func(name string) bool { return first(name) == first(l.Admin.Class) })
		})
	}
	return imports && slices.ContainsFunc(g, func(i int) bool { return len(adminRoutes(p.Modules[i:i+1], nil)) > 0 })
}
