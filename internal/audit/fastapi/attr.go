package fastapi

import (
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// attr returns recv.name.
func (in *interp) attr(recv *Value, name string, node pysrc.Node) *Value {
	recv = settle(recv)
	switch recv.Kind {
	case Union:
		var out *Value
		for _, a := range recv.Alts {
			if a.Kind == None {
				continue
			}
			out = join(out, in.attr(a, name, node))
		}
		if out == nil {
			out = unknown
		}
		return out.with(recv.Sources)
	case ModuleKind:
		return in.member(recv.Module, name)
	case External:
		return &Value{Kind: External, Text: canonical(recv.Text + "." + name), At: in.place(node), Sources: recv.Sources}
	case ClassKind:
		if v := in.classAttr(recv.Class, name); v != nil {
			if v.Kind == Func && v.Method != "static" && recv.Class != nil {
				return v
			}
			return v
		}
		if name == "__name__" {
			return unknown
		}
	case ObjectKind:
		if v := in.objectAttr(recv, name, node); v != nil {
			return v
		}
	case Str:
		if name == "value" { // of a member of an Enum
			return recv
		}
	}
	return &Value{Method: name, Recv: recv, Sources: recv.Sources, At: in.place(node)}
}

// linear returns a class and its bases of the program, in the order of
// look-up.
func (c *Class) linear() []*Class {
	if c.mro != nil {
		return c.mro
	}
	seen := map[*Class]bool{}
	var visit func(*Class, int)
	var out []*Class
	visit = func(k *Class, depth int) {
		if seen[k] || depth > 12 {
			return
		}
		seen[k] = true
		out = append(out, k)
		for _, b := range k.Bases {
			settle(b).Each(func(v *Value) {
				if v.Kind == ClassKind {
					visit(v.Class, depth+1)
				}
			})
		}
	}
	visit(c, 0)
	c.mro = out
	return out
}

// Externals returns the names of the library classes that it derives from.
func (c *Class) Externals() []string {
	var out []string
	for _, k := range c.linear() {
		for _, b := range k.Bases {
			settle(b).Each(func(v *Value) {
				if v.Kind == External {
					out = append(out, v.Text)
				}
			})
		}
	}
	return out
}

func (c *Class) extends(tails ...string) bool {
	for _, q := range c.Externals() {
		for _, t := range tails {
			if tail(q) == t {
				return true
			}
		}
	}
	return false
}

func (in *interp) classAttr(c *Class, name string) *Value {
	for _, k := range c.linear() {
		if v, ok := k.scope.vars[name]; ok {
			return settle(v)
		}
	}
	return nil
}

func (in *interp) objectAttr(recv *Value, name string, node pysrc.Node) *Value {
	o := recv.Object
	if v, ok := o.Attrs[name]; ok {
		return settle(v).with(recv.Sources)
	}
	if o.Qual == "builtins.super" {
		return in.superAttr(o, name, recv)
	}
	if v := in.requestAttr(recv, name, node); v != nil {
		return v
	}
	if o.Class == nil {
		return nil
	}
	if o.Class.extends("BaseSettings") {
		if v := in.setting(o.Class, name); v != nil {
			return v
		}
	}
	v := in.classAttr(o.Class, name)
	if v == nil {
		return nil
	}
	if v.Kind == Func && v.Method != "static" {
		fn := *v.Fn
		fn.Self = recv
		if v.Method == "property" {
			return in.callFunc(&fn, Args{}, in.place(node)).with(recv.Sources)
		}
		return &Value{Kind: Func, Fn: &fn, At: v.At}
	}
	return in.fieldDefault(v).with(recv.Sources)
}

// fieldDefault looks through pydantic's and dataclasses' field functions.
func (in *interp) fieldDefault(v *Value) *Value {
	if v.Kind != ObjectKind || v.Object.Class != nil {
		return v
	}
	switch tail(v.Object.Qual) {
	case "Field", "field", "PrivateAttr":
		if d := v.Object.Args.Get("default", 0); d != nil && d.Method != "..." {
			return d
		}
		if f := v.Object.Args.Get("default_factory", -1); f != nil {
			return in.apply(f, Args{}, v.Object.At, nil)
		}
		return unknown
	}
	return v
}

// setting returns a field of a pydantic settings class: what .env says, or
// its default, either of which the environment may replace.
func (in *interp) setting(c *Class, name string) *Value {
	raw := in.classAttr(c, name)
	declared := raw != nil || c.annotates(name)
	if !declared || raw != nil && (raw.Kind == Func || raw.Kind == ClassKind) {
		return nil
	}
	env := in.envPrefix(c) + name
	def := raw
	if raw != nil && raw.Kind == ObjectKind && tail(raw.Object.Qual) == "Field" {
		for _, k := range []string{"env", "alias", "validation_alias"} {
			if a := raw.Object.Args.Get(k, -1); a != nil && a.Kind == Str {
				env = a.Text
			}
		}
		def = in.fieldDefault(raw)
		if def.Kind == Unknown {
			def = nil
		}
	}
	if def != nil && def.Env != "" {
		// The default is itself an os.getenv.
		return def
	}
	if found := in.prog.Env[strings.ToLower(env)]; found != nil {
		v := coerce(found, def)
		v.Default = def
		return v
	}
	if def == nil {
		return &Value{Env: env}
	}
	v := *def
	v.Env = env
	return &v
}

// coerce gives the text of an environment variable its field's type.
func coerce(found, def *Value) *Value {
	v := *found
	boolish := truthWords[strings.ToLower(v.Text)]
	if def != nil && def.Kind == Bool && boolish {
		v.Kind = Bool
		v.Bool = isYes(v.Text)
	}
	if def != nil && def.Kind == List || strings.HasPrefix(strings.TrimSpace(v.Text), "[") {
		v.Kind = List
		for part := range strings.SplitSeq(strings.Trim(strings.TrimSpace(v.Text), "[]"), ",") {
			v.Elems = append(v.Elems, str(strings.Trim(strings.TrimSpace(part), `"'`), v.At))
		}
	}
	if def != nil && def.Kind == Num || def == nil {
		if n, ok := number(v.Text); ok && !boolish {
			v.Kind, v.Num = Num, n
		}
	}
	return &v
}

func isYes(s string) bool {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "on", "t", "y":
		return true
	}
	return false
}

func (c *Class) annotates(name string) bool {
	for _, k := range c.linear() {
		for _, s := range k.Decl.Body {
			if a, ok := s.(*pysrc.Assign); ok && a.Ann != nil && len(a.Targets) == 1 {
				if n, ok := a.Targets[0].(*pysrc.Name); ok && n.ID == name {
					return true
				}
			}
		}
	}
	return false
}

func (in *interp) envPrefix(c *Class) string {
	if mc := in.classAttr(c, "model_config"); mc != nil {
		var p *Value
		switch mc.Kind {
		case ObjectKind:
			p = mc.Object.Args.Get("env_prefix", -1)
		case Dict:
			p = mc.Lookup("env_prefix")
		}
		if p != nil && p.Kind == Str {
			return p.Text
		}
	}
	if cfg := in.classAttr(c, "Config"); cfg != nil && cfg.Kind == ClassKind {
		if p := in.classAttr(cfg.Class, "env_prefix"); p != nil && p.Kind == Str {
			return p.Text
		}
	}
	return ""
}

// superAttr looks a name up behind the class whose method runs.
func (in *interp) superAttr(o *Object, name string, recv *Value) *Value {
	self := o.Attrs["__self__"]
	if o.Class != nil {
		for _, k := range o.Class.linear()[1:] {
			if v, ok := k.scope.vars[name]; ok && v.Kind == Func {
				fn := *v.Fn
				fn.Self = self
				return &Value{Kind: Func, Fn: &fn, At: v.At}
			}
		}
		if name == "__call__" {
			for _, q := range o.Class.Externals() {
				if strings.HasPrefix(q, "fastapi.security.") {
					obj := &Object{Qual: q, At: o.Class.place()}
					if self != nil && self.Kind == ObjectKind {
						obj.Args, obj.At = self.Object.Args, self.Object.At
					}
					return &Value{Kind: ObjectKind, Object: obj}
				}
			}
		}
	}
	return &Value{Method: name, Recv: recv}
}

func (c *Class) place() Place { return Place{File: c.Module.File, Span: c.Decl.Range()} }
