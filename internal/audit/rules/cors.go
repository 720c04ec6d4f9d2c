package rules

import (
	"regexp"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// A policy is one use of Starlette's CORSMiddleware.
type policy struct {
	at          fastapi.Place
	origins     *fastapi.Value
	regex       *fastapi.Value
	credentials bool
}

func (c *Context) policies() []policy {
	var out []policy
	for _, call := range c.model.calls {
		args := call.Args
		switch name := tail(call.Name); {
		case name == "add_middleware" || call.Name == "starlette.Middleware":
			cls := args.Get("middleware_class", 0)
			if cls == nil || !cls.Is("starlette.CORSMiddleware") {
				continue
			}
			if len(args.Pos) > 0 {
				args.Pos = args.Pos[1:]
			}
		case call.Name == "starlette.CORSMiddleware":
		default:
			continue
		}
		p := policy{at: call.At, origins: args.Get("allow_origins", -1), regex: args.Get("allow_origin_regex", -1)}
		if v := args.Get("allow_credentials", -1); v != nil {
			v.Each(func(x *fastapi.Value) {
				if t, known := x.Truth(); known && t {
					p.credentials = true
				}
			})
		}
		out = append(out, p)
	}
	return out
}

// anyOrigin reports whether a list of origins admits every one, and how.
func (p policy) anyOrigin() (bool, string) {
	found, how := false, ""
	if p.origins != nil {
		p.origins.Each(func(v *fastapi.Value) {
			switch v.Kind {
			case fastapi.List:
				for _, e := range v.Elems {
					e.Each(func(x *fastapi.Value) {
						if x.Kind == fastapi.Str && strings.TrimSpace(x.Text) == "*" {
							found, how = true, `"*"`
							if x.Env != "" {
								how = `"*", the default of the setting ` + x.Env
							}
						}
					})
				}
			case fastapi.Str:
				// "*" in "*" is true as well.
				if strings.Contains(v.Text, "*") {
					found, how = true, `"*"`
				}
			}
		})
	}
	if p.regex != nil {
		p.regex.Each(func(v *fastapi.Value) {
			if v.Kind == fastapi.Str && !found && matchesAll(v.Text) {
				found, how = true, "a pattern that matches every origin"
			}
		})
	}
	return found, how
}

// fullmatch is what Starlette does with the pattern.
func fullmatch(pattern, origin string) bool {
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	return err == nil && re.MatchString(origin)
}

func matchesAll(pattern string) bool {
	return fullmatch(pattern, "https://evil.test") && fullmatch(pattern, "https://a.b-c.example")
}
