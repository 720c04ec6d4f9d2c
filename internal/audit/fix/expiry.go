package fix

import (
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// expiry is a quarter of an hour from now, in the seconds that every library
// takes (RFC 7519, section 4.1.4).
const expiry = `"exp": int(time.time()) + 900`

// addExpiry gives the claims of a call that signs a token their end, and the
// file the import of time.
func addExpiry(f *pysrc.File, call *pysrc.Call) []edit {
	claims := claimsOf(f, call)
	if claims == nil {
		return nil
	}
	imported, ok := importTime(f)
	if !ok {
		return nil
	}
	r := claims.Range()
	if d, ok := claims.(*pysrc.Dict); ok {
		text := expiry
		if len(d.Items) > 0 {
			text += ", "
		}
		return append(imported, edit{int(r.Start) + 1, int(r.Start) + 1, text})
	}
	switch claims.(type) {
	case *pysrc.Name, *pysrc.Call, *pysrc.Attr:
		return append(imported, edit{int(r.Start), int(r.Start), "{**"}, edit{int(r.End), int(r.End), ", " + expiry + "}"})
	}
	return nil
}

// claimsOf returns the argument with the claims: the first, or the second
// after a header as Authlib and joserfc have it.
func claimsOf(f *pysrc.File, call *pysrc.Call) pysrc.Expr {
	for _, a := range call.Args {
		if a.Star != 0 {
			return nil
		}
		if a.Name == "payload" || a.Name == "claims" {
			return a.Value
		}
	}
	at := 0
	for _, s := range f.Body {
		if from, ok := s.(*pysrc.FromImport); ok && (strings.HasPrefix(from.Module, "authlib") || from.Module == "joserfc") {
			at = 1
		}
	}
	if at < positional(call) {
		return call.Args[at].Value
	}
	return nil
}

// importTime returns what makes the name time stand for the module, and
// whether it can: not where the file calls something else so.
func importTime(f *pysrc.File) ([]edit, bool) {
	have, taken := false, false
	note := func(name, bound string) {
		if bound == "time" {
			have = have || name == "time"
			taken = taken || name != "time"
		}
	}
	at := -1
	for _, s := range f.Body {
		switch s := s.(type) {
		case *pysrc.Import:
			for _, a := range s.Names {
				bound := a.As
				if bound == "" {
					bound = a.Name
				}
				note(a.Name, bound)
			}
			if at < 0 {
				at = int(s.Range().Start)
			}
		case *pysrc.FromImport:
			if at < 0 && s.Module != "__future__" {
				at = int(s.Range().Start)
			}
		}
	}
	pysrc.InspectAll(f.Body, func(n pysrc.Node) bool {
		switch n := n.(type) {
		case *pysrc.FromImport:
			for _, a := range n.Names {
				bound := a.As
				if bound == "" {
					bound = a.Name
				}
				note("from "+a.Name, bound)
				taken = taken || a.Name == "*"
			}
		case *pysrc.Assign:
			for _, t := range n.Targets {
				if name, ok := t.(*pysrc.Name); ok {
					note("", name.ID)
				}
			}
		case *pysrc.FuncDef:
			note("", n.Name)
			for _, p := range n.Params {
				note("", p.Name)
			}
		}
		return true
	})
	switch {
	case taken || at < 0 && !have:
		return nil, false
	case have:
		return nil, true
	}
	return []edit{{at, at, "import time\n"}}, true
}
