package rules

import (
	"path"
	"regexp"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

func get(call *fastapi.Call, a libraries.Arg) *fastapi.Value {
	if a.Name == "" {
		return nil
	}
	return call.Args.Get(a.Name, a.Pos)
}

func (c *Context) eachVerify(visit func(*fastapi.Call, libraries.Verify)) {
	for _, call := range c.model.calls {
		if v, ok := c.model.verifies[call.Name]; ok {
			visit(call, v)
		}
	}
}

func (c *Context) eachSign(visit func(*fastapi.Call, libraries.Sign)) {
	for _, call := range c.model.calls {
		if s, ok := c.model.signs[call.Name]; ok {
			visit(call, s)
		}
	}
}

// option returns what options={name: …} says.
func option(call *fastapi.Call, v libraries.Verify, name string) *fastapi.Value {
	o := get(call, v.Options)
	if o == nil {
		return nil
	}
	var out *fastapi.Value
	o.Each(func(x *fastapi.Value) {
		if e := x.Lookup(name); e != nil && out == nil {
			out = e
		}
	})
	return out
}

func isFalse(v *fastapi.Value) bool {
	if v == nil {
		return false
	}
	t, known := v.Truth()
	return known && !t
}

// unverified reports whether a decode leaves the signature alone.
func unverified(call *fastapi.Call, v libraries.Verify) bool {
	return v.Never || isFalse(option(call, v, "verify_signature")) || v.Switch.Name != "" && isFalse(get(call, v.Switch))
}

// algorithms returns the names that a decode is given.
func algorithms(call *fastapi.Call, v libraries.Verify) []string {
	a := get(call, v.Algorithms)
	if a == nil {
		return nil
	}
	var out []string
	a.Each(func(x *fastapi.Value) {
		switch x.Kind {
		case fastapi.Str:
			out = append(out, x.Text)
		case fastapi.List:
			for _, e := range x.Elems {
				e.Each(func(y *fastapi.Value) {
					if y.Kind == fastapi.Str {
						out = append(out, y.Text)
					}
				})
			}
		}
	})
	return out
}

// functionText returns the source of the function that a call stands in.
func functionText(call *fastapi.Call) string {
	if call.Fn == nil || call.Fn.Decl == nil {
		return ""
	}
	return call.Fn.Module.File.Text(call.Fn.Decl.Range())
}

var (
	claimsVar  = regexp.MustCompile(`(\w+)\s*=\s*(await\s+)?$`)
	readsClaim = regexp.MustCompile(`^(\.get\(\s*|\[\s*)(["'])(exp|jti)["']`)
)

// readsOnlyExpiry reports whether a function looks at nothing of the claims
// that it reads but their exp and jti: it asks whether a token is still good, or
// which it is, and not whose.
func readsOnlyExpiry(call *fastapi.Call) bool {
	if call.Fn == nil || call.Fn.Decl == nil || call.At.File == nil {
		return false
	}
	body := call.Fn.Decl.Range()
	src := call.At.File.Source()
	m := claimsVar.FindStringSubmatch(src[body.Start:call.At.Span.Start])
	if m == nil {
		return false
	}
	uses := 0
	rest := uncommented(src[call.At.Span.End:body.End])
	for _, at := range regexp.MustCompile(`\b`+m[1]+`\b`).FindAllStringIndex(rest, -1) {
		if !readsClaim.MatchString(rest[at[1]:]) {
			return false
		}
		uses++
	}
	return uses > 0
}

var keyName = regexp.MustCompile(`(?i)key|secret`)

// secrets visits every literal that reaches a place where a signing secret is
// due.
func (c *Context) secrets(visit func(v *fastapi.Value, where fastapi.Place)) {
	c.eachSecret(false, visit)
}

// eachSecret visits, with empty, also the empty default of a variable that no
// settings file sets.
func (c *Context) eachSecret(empty bool, visit func(v *fastapi.Value, where fastapi.Place)) {
	seen := map[fastapi.Place]bool{}
	var look func(v *fastapi.Value, where fastapi.Place, depth int)
	look = func(v *fastapi.Value, where fastapi.Place, depth int) {
		if v == nil || depth > 4 {
			return
		}
		v.Each(func(x *fastapi.Value) {
			if x.Default != nil {
				look(x.Default, where, depth+1)
			}
			if x.Kind == fastapi.Unknown && x.Env != "" {
				for _, v := range c.Program.Settings(x.Env) {
					look(v, where, depth+1)
				}
			}
			if x.Kind == fastapi.Num && x.Default == nil {
				return
			}
			if x.Kind == fastapi.ObjectKind { // OctKey.import_key("…"), SecretStr("…")
				if depth < 2 && len(x.Object.Args.Pos) > 0 && keyName.MatchString(tail(x.Object.Qual)) {
					look(x.Object.Args.Pos[0], where, depth+1)
				}
				return
			}
			if k := x.Lookup("k"); k != nil { // a symmetric key as JSON (RFC 7518, section 6.4.1)
				look(k, where, depth+1)
				return
			}
			if x.Kind != fastapi.Str || x.Text == "" && !(empty && x.Env != "" && len(c.Program.Settings(x.Env)) == 0) || x.At.IsZero() || seen[x.At] {
				return
			}
			if x.At.InSettings() && c.Committed != nil && !c.Committed(x.At.FileName()) {
				return
			}
			if strings.Contains(x.Text, "BEGIN PUBLIC KEY") || strings.Contains(x.Text, "BEGIN CERTIFICATE") || strings.HasSuffix(x.Text, ".pem") || strings.HasSuffix(x.Text, ".key") {
				return
			}
			seen[x.At] = true
			visit(x, where)
			if x.Env != "" { // what other deployments set
				for _, v := range c.Program.Settings(x.Env) {
					if of := serviceOf(v.At.FileName()); of == "" || of == serviceOf(x.At.FileName()) {
						look(v, where, depth+1)
					}
				}
			}
		})
	}
	for _, call := range c.model.calls {
		if s, ok := c.model.signs[call.Name]; ok {
			look(get(call, s.Key), call.At, 0)
		}
		if v, ok := c.model.verifies[call.Name]; ok && !unverified(call, v) {
			look(get(call, v.Key), call.At, 0)
		}
		for _, s := range c.model.meaningOf(call).secrets {
			look(get(call, s.Key), call.At, 0)
		}
	}
	for _, k := range c.model.cookies {
		if k.lib != nil && k.lib.Secret.Name != "" && k.token {
			args := k.call.Args
			if len(args.Pos) > 0 {
				args.Pos = args.Pos[1:]
			}
			look(args.Get(k.lib.Secret.Name, k.lib.Secret.Pos), k.call.At, 0)
		}
	}
	for _, cfg := range c.model.configs {
		look(cfg.secret, cfg.locationAt, 0)
	}
	for _, v := range c.Program.SecretFields() {
		look(v, v.At, 0)
	}
}

// services are words for what a program talks to, by which its settings files
// are told apart.
var services = set(`auth aws bot celery database db email frontend kafka mail minio mongo mongodb mysql pg postgres postgresql rabbitmq redis s3 smtp
	sentry storage stripe web`)

// serviceOf returns the service that a settings file is of: "s3" of .env.s3, and
// "" of .env and .env.production, which are of the whole program.
func serviceOf(file string) string {
	for _, w := range strings.FieldsFunc(strings.ToLower(path.Base(file)), func(r rune) bool { return strings.ContainsRune("._-", r) }) {
		if services[w] {
			return w
		}
	}
	return ""
}
