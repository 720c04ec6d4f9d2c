package fastapi

import (
	"path"
	"slices"
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
			if v.Kind == Func && v.Method == "class" {
				return v.bind(recv)
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
	case Dict:
		// pydantic makes models of nested mappings.
		if v := recv.Lookup(name); v != nil && !dictMethods[name] {
			return v.with(recv.Sources)
		}
	case Str:
		if name == "value" { // of a member of an Enum
			return recv
		}
	}
	return &Value{Method: name, Recv: recv, Sources: recv.Sources, At: in.place(node)}
}

var dictMethods = map[string]bool{"get": true, "items": true, "keys": true, "values": true, "pop": true, "update": true, "copy": true, "setdefault": true}

// linear returns a class and its bases of the program, in the order of
// look-up.
func (c *Class) linear() []*Class {
	if known := c.mro.Load(); known != nil {
		return *known
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
	c.mro.Store(&out)
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
		if v, ok := k.scope.get(name); ok {
			return settle(v)
		}
	}
	return nil
}

func (in *interp) objectAttr(recv *Value, name string, node pysrc.Node) *Value {
	o := recv.Object
	switch o.Qual {
	case "request.state":
		in.look(name)
	case requestQual, "starlette.WebSocket":
		if name == "user" || name == "auth" || name == "session" {
			in.look(name)
		}
	}
	if v := in.getAttr(o, name); v != nil {
		v = settle(v)
		if v.plain() && o.Class != nil { // all that is known of it is where it was taken from
			return &Value{Method: name, Recv: recv, Sources: mergeSources(v.Sources, recv.Sources), At: v.At}
		}
		return v.with(recv.Sources)
	}
	if o.Qual == "builtins.super" {
		return in.superAttr(o, name, recv)
	}
	if v := in.requestAttr(recv, name, node); v != nil {
		return v
	}
	if o.Class == nil {
		// Libraries' objects keep most of what they were made with under its name.
		if v := o.Args.Kw[name]; v != nil {
			return settle(v).with(recv.Sources)
		}
		return nil
	}
	if o.Class.extends("BaseSettings") {
		if v := in.setting(o.Class, name); v != nil {
			return v
		}
	}
	v := in.classAttr(o.Class, name)
	if o.Qual == httpException && !(v != nil && v.Kind == Func) {
		if w := exceptionAttr(o.Args, name); w != nil {
			return w
		}
	}
	if v == nil {
		return in.made(recv, name)
	}
	if v.Kind == Func {
		switch v.Method {
		case "static":
		case "class":
			return v.bind(o.Class.value())
		case "property":
			return in.callFunc(v.bind(recv).Fn, Args{}, in.place(node)).with(recv.Sources)
		default:
			return v.bind(recv)
		}
	}
	return in.fieldDefault(v).with(recv.Sources)
}

// bind returns a method of an object, or of a class.
func (v *Value) bind(self *Value) *Value {
	fn := *v.Fn
	fn.Self = self
	return &Value{Kind: Func, Fn: &fn, At: v.At}
}

// value returns the class as what its name stands for.
func (c *Class) value() *Value { return &Value{Kind: ClassKind, Class: c, At: c.place()} }

// made returns an attribute of an object that someone else made, as a container
// of services does: what its constructor sets, or what its class declares.
func (in *interp) made(recv *Value, name string) *Value {
	o := recv.Object
	if in.constructs(o) {
		if init := in.classAttr(o.Class, "__init__"); init != nil && init.Kind == Func && init.Fn.Decl != nil {
			in.quietly(func() { in.callFunc(init.bind(recv).Fn, Args{}, Place{}) })
			if v := in.getAttr(o, name); v != nil {
				return settle(v).with(recv.Sources)
			}
		}
	}
	ann, c := o.Class.declared(name)
	if ann == nil {
		return nil
	}
	var v *Value
	in.stack = append(in.stack, &frame{scope: c.scope})
	if t, _ := in.annotation(ann); t != nil {
		if v = in.special(t); v == nil && t.Kind == ClassKind && !t.Class.plain() {
			v = in.instance(t.Class)
		}
	}
	in.stack = in.stack[:len(in.stack)-1]
	if v == nil {
		return nil
	}
	in.setAttr(o, name, v)
	return v.with(recv.Sources)
}

// plain reports whether objects of the class are data and do nothing.
func (c *Class) plain() bool { return c.extends("BaseModel", "Enum", "StrEnum", "TypedDict") }

// declared returns the annotation of a field and the class that has it.
func (c *Class) declared(name string) (pysrc.Expr, *Class) {
	for _, k := range c.linear() {
		for _, s := range k.Decl.Body {
			if a, ok := s.(*pysrc.Assign); ok && a.Ann != nil {
				if n, ok := a.Targets[0].(*pysrc.Name); ok && n.ID == name {
					return a.Ann, k
				}
			}
		}
	}
	return nil, nil
}

// fields returns an object's fields as a mapping, as asdict and model_dump do.
func (in *interp) fields(recv *Value, at Place) *Value {
	out := &Value{Kind: Dict, At: at, Sources: recv.Sources}
	seen := map[string]bool{}
	add := func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		v := in.attr(recv, name, at.Span)
		out.Keys, out.Elems = append(out.Keys, str(name, at)), append(out.Elems, v)
	}
	for _, k := range recv.Object.Class.linear() {
		for _, s := range k.Decl.Body {
			if a, ok := s.(*pysrc.Assign); ok && a.Ann != nil {
				if n, ok := a.Targets[0].(*pysrc.Name); ok {
					add(n.ID)
				}
			}
		}
	}
	return out
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
	if found := in.dotenv(env, in.classConfig(c, "env_file")); found != nil {
		v := coerce(found, def)
		v.Default = def
		return v
	}
	if file := in.classConfig(c, "yaml_file"); file != nil {
		if v := in.document(file).Lookup(name); v != nil {
			return v
		}
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
	if p := in.classConfig(c, "env_prefix"); p != nil && p.Kind == Str {
		return p.Text
	}
	return ""
}

// classConfig returns what a settings class says of itself: in model_config
// (pydantic v2) or in its inner class Config (v1); nil where it says nothing.
func (in *interp) classConfig(c *Class, key string) *Value {
	if mc := in.classAttr(c, "model_config"); mc != nil {
		switch mc.Kind {
		case ObjectKind:
			return mc.Object.Args.Get(key, -1)
		case Dict:
			return mc.Lookup(key)
		}
	}
	if cfg := in.classAttr(c, "Config"); cfg != nil && cfg.Kind == ClassKind {
		return in.classAttr(cfg.Class, key)
	}
	return nil
}

// dotenv returns what the .env files say of a variable, or nil. Where several
// do, that file counts which the settings class names, and else the one
// nearest to the code that asks, an .env before an .env.production.
func (in *interp) dotenv(name string, files *Value) *Value {
	found := in.prog.env[strings.ToLower(name)]
	if len(found) < 2 {
		if len(found) == 1 && in.loads(found[0], files) {
			return found[0]
		}
		return nil
	}
	named := map[string]bool{}
	for _, s := range stringsOf(files, 0) {
		named[path.Base(s)] = true
	}
	here := in.frame().scope.module.Path
	var best *Value
	score := -1
	for _, v := range found {
		n := 4 * commonPrefix(v.At.FileName(), here)
		if base := path.Base(v.At.FileName()); named[base] {
			n += 1 << 20
		} else if base == ".env" {
			n++
		}
		if n > score {
			best, score = v, n
		}
	}
	return best
}

// loads reports whether the program loads the file that a setting stands in:
// not .env.docker where a settings class names another.
func (in *interp) loads(v *Value, files *Value) bool {
	named := stringsOf(files, 0)
	base := path.Base(v.At.FileName())
	return base == ".env" || len(named) == 0 || slices.ContainsFunc(named, func(s string) bool { return path.Base(s) == base })
}

// stringsOf returns the strings that a value holds or may be.
func stringsOf(v *Value, depth int) []string {
	if v == nil || depth > 5 {
		return nil
	}
	if v.Kind == Str {
		return []string{v.Text}
	}
	var out []string
	for _, list := range [][]*Value{v.Elems, v.Alts} {
		for _, e := range list {
			out = append(out, stringsOf(e, depth+1)...)
		}
	}
	return out
}

// initiated reports whether a base of the class, in the program, has a
// constructor.
func (c *Class) initiated() bool {
	for _, k := range c.linear()[1:] {
		if _, ok := k.scope.get("__init__"); ok {
			return true
		}
	}
	return false
}

// superAttr looks a name up behind the class whose method runs.
func (in *interp) superAttr(o *Object, name string, recv *Value) *Value {
	self := o.Attrs["__self__"]
	if name == "__init__" && self != nil && self.Kind == ObjectKind && o.Class != nil && !o.Class.initiated() {
		return &Value{Method: name, Recv: self} // the library's constructor
	}
	if o.Class != nil {
		for _, k := range o.Class.linear()[1:] {
			if v, ok := k.scope.get(name); ok && v.Kind == Func {
				if v.Method == "static" || self == nil {
					return v
				}
				return v.bind(self)
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
