package fastapi

import (
	"slices"
	"strings"
)

// authorization is the header in which clients send their token.
const authorization = "authorization"

// isHeaderList reports whether a value is what a request's headers are kept in:
// the list in the ASGI scope, or the one that Starlette's Headers hold.
func (in *interp) isHeaderList(v *Value) bool {
	for range 4 {
		switch {
		case v == nil || in.verb == "":
			return false
		case isHeaders(v):
			return true
		case v.Recv != nil && v.Recv.Kind == ObjectKind && v.Recv.Object.Qual == "request.headers":
			return v.Method == "_list" || v.Method == "raw" || v.Method == "__dict__"
		}
		v = v.Of
	}
	return false
}

// isMutableHeaders reports whether a value is Starlette's MutableHeaders of the
// request, which change the list that it was made of.
func (in *interp) isMutableHeaders(v *Value) bool {
	if in.verb == "" || v.Kind != ObjectKind || tail(v.Object.Qual) != "MutableHeaders" {
		return false
	}
	scope, raw := v.Object.Args.Get("scope", 2), v.Object.Args.Get("raw", 1)
	return scope != nil && in.isScope(scope) || raw != nil && in.isHeaderList(raw)
}

// handOn notes that middleware writes an Authorization header into the request:
// whoever reads that header then reads what it was made of, as the token of a
// cookie.
func (in *interp) handOn(header *Value) {
	if v := authorizationIn(header, 0); v != nil {
		in.keep(authorization)
		in.handed = mergeSources(in.handed, slices.DeleteFunc(sourcesOf(v), func(s *Source) bool { return s.Kind == FromHeader }))
	}
}

// authorizationIn returns what a display of headers says under that name.
func authorizationIn(v *Value, depth int) *Value {
	if v == nil || depth > 4 {
		return nil
	}
	if v.Kind == List && len(v.Elems) == 2 && namesAuthorization(v.Elems[0]) {
		return v.Elems[1]
	}
	for i, k := range v.Keys {
		if namesAuthorization(k) && i < len(v.Elems) {
			return v.Elems[i]
		}
	}
	for _, list := range [][]*Value{v.Elems, v.Alts} {
		for _, e := range list {
			if found := authorizationIn(e, depth+1); found != nil {
				return found
			}
		}
	}
	return nil
}

func namesAuthorization(v *Value) bool {
	return v != nil && v.Kind == Str && strings.EqualFold(v.Text, authorization)
}

// handedOn returns what the Authorization header is made of: what clients send, or
// what middleware wrote there, which does as well.
func (in *interp) handedOn(s *Source) []*Source {
	srcs := []*Source{s}
	if s.Name == authorization && len(in.handed) > 0 {
		in.look(authorization)
		s.Required = false
		srcs = mergeSources(srcs, in.handed)
	}
	return srcs
}
