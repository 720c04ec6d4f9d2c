package fastapi

import (
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// environ returns an environment variable: what .env says, the default, or
// something that is not known.
func (in *interp) environ(name string, def *Value, at Place) *Value {
	if def != nil && def.Kind == None {
		def = nil
	}
	if found := in.dotenv(name, nil); found != nil {
		v := *coerce(found, def)
		v.Default = def
		return &v
	}
	if def == nil {
		return &Value{Env: name}
	}
	if def.Kind == Union {
		return &Value{Env: name, Sources: def.Sources}
	}
	v := *def
	v.Env = name
	return &v
}

// callExternal does what little must be known of Python's library to follow
// values; the rest is recorded.
func (in *interp) callExternal(q string, args Args, at Place, node *pysrc.Call) *Value {
	arg := func(i int) *Value {
		if i < len(args.Pos) {
			return args.Pos[i]
		}
		return unknown
	}
	switch q {
	case "os.getenv", "os.environ.get", "environ.get", "decouple.config":
		if name := args.Get("key", 0); name != nil && name.Kind == Str {
			v := in.environ(name.Text, args.Get("default", 1), at)
			if v.Kind == Unknown && args.Get("default", 1) == nil {
				v.Default = noneValue // where it is not set; unlike os.environ[…], which demands it
			}
			return v
		}
		return &Value{Env: "?"}
	case "builtins.str", "builtins.int", "builtins.float", "typing.cast", "pydantic.SecretStr", "starlette.datastructures.Secret",
		"starlette.datastructures.CommaSeparatedStrings", "builtins.bytes", "builtins.bytearray":
		v := arg(0)
		if q == "typing.cast" {
			v = arg(1)
		}
		if q == "builtins.int" && v.Kind == Str {
			if n, ok := number(v.Text); ok {
				return &Value{Kind: Num, Num: n, At: v.At, Env: v.Env, Sources: v.Sources}
			}
		}
		if q == "starlette.datastructures.CommaSeparatedStrings" && v.Kind == Str {
			return in.strMethod(v, "split", Args{Pos: []*Value{str(",", at)}}, at)
		}
		if v.Kind == Random || v.Kind == Str || v.Kind == Num || v.Env != "" {
			return v
		}
		return &Value{Sources: sourcesOf(v), Method: v.Method, Recv: v.Recv, Elems: v.Elems, Call: v.Call}
	case "builtins.bool":
		if t, known := arg(0).Truth(); known {
			return &Value{Kind: Bool, Bool: t, Env: arg(0).Env, Sources: arg(0).Sources}
		}
		return unknown.with(sourcesOf(arg(0)))
	case "builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "builtins.sorted", "builtins.iter", "builtins.reversed":
		if arg(0).Kind == List {
			return arg(0)
		}
		if len(args.Pos) == 0 {
			return &Value{Kind: List, At: at}
		}
		return unknown.with(sourcesOf(arg(0)))
	case "builtins.zip":
		if v := zip(args.Pos); v != nil {
			return v
		}
	case "dataclasses.asdict", "attrs.asdict", "attr.asdict", "builtins.vars":
		if v := arg(0); v.Kind == ObjectKind && v.Object.Class != nil {
			return in.fields(v, at)
		}
	case "fastapi.exception_handlers.http_exception_handler":
		if exc := args.Get("exc", 1); exc != nil && exc.Kind == ObjectKind && exc.Object.Qual == httpException {
			return answerOf(exc.Object, at)
		}
	case asgiSend:
		if s := arg(0).Lookup("status"); s != nil && isStatus(s) {
			in.trace.Closed++
		}
		return in.record(q, nil, args, at, node)
	case "builtins.dict":
		if isHeaders(arg(0)) {
			return arg(0)
		}
		v := &Value{Kind: Dict, At: at}
		if arg(0).Kind != Dict && len(args.Pos) > 0 { // a row, or what else is no display
			v.Keys, v.Elems, v.Sources = []*Value{unknown}, []*Value{arg(0)}, arg(0).Sources
		}
		if arg(0).Kind == Dict {
			v.Keys, v.Elems = append(v.Keys, arg(0).Keys...), append(v.Elems, arg(0).Elems...)
		}
		for _, k := range sortedKeys(args.Kw) {
			v.Keys, v.Elems = append(v.Keys, str(k, at)), append(v.Elems, args.Kw[k])
		}
		return v
	case "builtins.any", "builtins.all":
		list := arg(0)
		if list.Kind == List {
			settled := true
			for _, e := range list.Elems {
				t, known := e.Truth()
				if !known || len(e.Sources) > 0 {
					settled = false
				} else if t == (q == "builtins.any") {
					return boolean(t)
				}
			}
			if settled {
				return boolean(q == "builtins.all")
			}
		}
		return unknown.with(sourcesOf(list))
	case "builtins.getattr":
		if arg(1).Kind == Str && node != nil {
			if v := in.attr(arg(0), arg(1).Text, node); v.Kind != Unknown || v.Env != "" || len(v.Sources) > 0 || len(args.Pos) < 3 {
				return v
			}
			if arg(0).Kind == Unknown {
				return join(unknown, arg(2)) // who knows what it holds
			}
			return arg(2)
		}
		return unknown.with(args.sources())
	case "builtins.setattr":
		if arg(0).Kind == ObjectKind && arg(1).Kind == Str {
			in.setAttr(arg(0).Object, arg(1).Text, arg(2))
		}
		return noneValue
	case "builtins.super":
		f := in.frame()
		o := &Object{Qual: "builtins.super", Attrs: map[string]*Value{}}
		if f.fn != nil {
			o.Class = f.fn.Class
			if f.fn.Self != nil {
				o.Attrs["__self__"] = f.fn.Self
			} else if f.fn.Decl != nil && len(f.fn.Decl.Params) > 0 {
				o.Attrs["__self__"], _ = in.get(f.scope, f.fn.Decl.Params[0].Name)
			}
		}
		return &Value{Kind: ObjectKind, Object: o}
	case "functools.partial":
		if arg(0).Kind == Func {
			fn := *arg(0).Fn
			fn.Bound = slices.Clip(fn.Bound)
			for _, v := range args.Pos[1:] {
				fn.Bound = append(fn.Bound, bound{"", v})
			}
			for _, k := range sortedKeys(args.Kw) {
				fn.Bound = append(fn.Bound, bound{k, args.Kw[k]})
			}
			return &Value{Kind: Func, Fn: &fn, At: arg(0).At}
		}
		return arg(0)
	case "functools.lru_cache", "functools.cache", "functools.wraps", "contextlib.asynccontextmanager", "contextlib.contextmanager":
		return arg(0)
	case "asyncio.to_thread", "starlette.concurrency.run_in_threadpool", "fastapi.concurrency.run_in_threadpool", "anyio.to_thread.run_sync":
		if len(args.Pos) > 0 {
			return in.apply(arg(0), Args{Pos: args.Pos[1:], Kw: args.Kw}, at, node)
		}
	case "base64.b64encode", "base64.standard_b64encode", "base64.urlsafe_b64encode", "base64.b64decode", "base64.standard_b64decode", "base64.urlsafe_b64decode",
		"builtins.bytes.fromhex", "binascii.unhexlify":
		if v := arg(0); v.Kind == Str || v.Env != "" || v.Kind == Random {
			return v // as secret as it was, and no more
		}
	case "datetime.timedelta", "datetime.datetime.timedelta":
		return timedelta(args, at)
	case "secrets.token_hex", "secrets.token_urlsafe", "secrets.token_bytes", "os.urandom", "uuid.uuid4", "uuid.uuid1",
		"secrets.choice", "cryptography.fernet.Fernet.generate_key", "secrets.randbelow":
		return random
	case "fastapi.FastAPI", "fastapi.APIRouter", "starlette.Starlette":
		o := &Object{Qual: q, Args: args, At: at, run: in.run}
		in.newRouter(o)
		return &Value{Kind: ObjectKind, Object: o, At: at}
	case "starlette.Request", "starlette.WebSocket":
		return in.request
	case "builtins.isinstance":
		if v, c := arg(0), arg(1); v.Kind == ObjectKind && v.Object.Class != nil && c.Kind == ClassKind {
			is := slices.Contains(v.Object.Class.linear(), c.Class)
			if is || !v.Object.elsewhere {
				return boolean(is)
			}
		}
		return unknown.with(args.sources())
	case "builtins.type":
		if v := arg(0); len(args.Pos) == 1 && v.Kind == ObjectKind && v.Object.Class != nil {
			return v.Object.Class.value()
		}
		return unknown.with(args.sources())
	case "builtins.hasattr":
		if v := arg(0); v.Kind == ObjectKind && strings.HasPrefix(v.Object.Qual, "request.") && arg(1).Kind == Str && node != nil {
			return unknown.with(sourcesOf(in.attr(v, arg(1).Text, node))) // whether there is what middleware keeps
		}
		return unknown.with(args.sources())
	case "builtins.print", "builtins.len":
		return unknown.with(args.sources())
	}
	if yamlReaders[q] {
		if v := in.document(arg(0)); v != nil {
			return v
		}
	}
	v := in.record(q, nil, args, at, node)
	if app := handedBack(q, args); app != nil {
		return app
	}
	if t := tail(q); t != "" && (t[0] >= 'A' && t[0] <= 'Z' || isParamMarker(q) || q == "dataclasses.field" || q == "attrs.field") {
		return &Value{Kind: ObjectKind, Object: &Object{Qual: q, Args: args, At: at}, At: at, Sources: v.Sources}
	}
	return v
}

// zip joins displays element by element; nil where it is given something else.
func zip(lists []*Value) *Value {
	if len(lists) == 0 {
		return nil
	}
	out := &Value{Kind: List}
	for i := 0; ; i++ {
		row := &Value{Kind: List}
		for _, l := range lists {
			switch {
			case l.Kind != List:
				return nil
			case i >= len(l.Elems):
				return out
			}
			row.Elems = append(row.Elems, l.Elems[i].with(l.Sources))
		}
		out.Elems = append(out.Elems, row)
	}
}

// handedBack returns the application that a library's function is given, and
// which it gives back with something mounted or added; nil where it is given none.
func handedBack(q string, args Args) *Value {
	if t := tail(q); t == "" || t[0] >= 'A' && t[0] <= 'Z' || strings.HasPrefix(q, "builtins.") {
		return nil
	}
	for _, v := range args.Pos {
		if v.Kind == ObjectKind && v.Object.route != nil && v.Object.route.App {
			return v
		}
	}
	return nil
}

// timedelta returns seconds, marked as a duration.
func timedelta(args Args, at Place) *Value {
	names := []string{"days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"}
	units := []float64{86400, 1, 1e-6, 1e-3, 60, 3600, 604800}
	total, env := 0.0, ""
	for i, n := range names {
		v := args.Get(n, i)
		if v == nil {
			continue
		}
		if v.Kind == Union {
			for _, a := range v.Alts {
				if a.Kind == Num {
					v = a
				}
			}
		}
		if v.Kind != Num {
			return &Value{Method: "timedelta", Env: v.Env, At: at, Sources: v.Sources}
		}
		total += v.Num * units[i]
		env += v.Env
	}
	return &Value{Kind: Num, Num: total, Method: "timedelta", At: at, Env: env}
}

// method calls a method of something that is no object of the program.
func (in *interp) method(recv *Value, name string, args Args, at Place, node *pysrc.Call) *Value {
	if (name == "append" || name == "insert" || name == "extend") && in.isHeaderList(recv) {
		in.handOn(&Value{Kind: List, Elems: args.Pos})
	}
	switch recv.Kind {
	case Union:
		var out *Value
		for _, a := range recv.Alts {
			if a.Kind != None {
				out = join(out, in.apply(in.attr(a, name, posOf(at)), args, at, node))
			}
		}
		if out == nil {
			return unknown
		}
		return out
	case Str:
		return in.strMethod(recv, name, args, at)
	case Dict:
		switch name {
		case "get", "pop":
			if len(args.Pos) > 0 && args.Pos[0].Kind == Str {
				if in.isScope(recv) {
					in.look(args.Pos[0].Text)
				}
				if v := recv.Lookup(args.Pos[0].Text); v != nil {
					return v.with(recv.Sources)
				}
			}
			if name == "get" && len(args.Pos) > 0 {
				if v := statusOf(recv, args.Pos[0], args.Get("default", 1)); v != nil {
					return v.with(mergeSources(recv.Sources, args.sources()))
				}
			}
		case "items":
			out := &Value{Kind: List}
			for i, k := range recv.Keys {
				out.Elems = append(out.Elems, &Value{Kind: List, Elems: []*Value{k, recv.Elems[i]}})
			}
			return out
		case "keys":
			return &Value{Kind: List, Elems: recv.Keys}
		case "values":
			return &Value{Kind: List, Elems: recv.Elems}
		case "copy":
			return recv
		case "update":
			in.updateDict(recv, args, node)
			return noneValue
		}
		return unknown.with(mergeSources(sourcesOf(recv), args.sources()))
	case List:
		if (name == "append" || name == "extend" || name == "add") && len(args.Pos) == 1 {
			in.appendList(recv, name, args.Pos[0], node)
			return noneValue
		}
		return unknown.with(mergeSources(sourcesOf(recv), args.sources()))
	case ObjectKind:
		if v, ok := in.requestMethod(recv, name, args, at); ok {
			return v
		}
		if name == "__init__" && recv.Object.Qual != "" {
			in.construct(recv.Object, args)
		}
		if recv.Object.route != nil {
			if v, ok := in.routerMethod(recv.Object, name, args, at); ok {
				return v
			}
		}
		switch name {
		case "model_dump", "dict", "_asdict":
			if recv.Object.Class != nil {
				return in.fields(recv, at)
			}
		}
		q := recv.Object.Qual
		if strings.HasPrefix(q, "fastapi.security.") && name == "__call__" {
			return in.security(recv)
		}
		if q == "" {
			q = "?"
		}
		return in.record(q+"."+name, recv, args, at, node)
	case Random:
		return random
	case ClassKind:
		if len(args.Pos) == 1 && (name == "model_validate" || name == "parse_obj") {
			if fields := (&Args{}); args.Pos[0].Kind == Dict {
				for i, k := range args.Pos[0].Keys {
					if k != nil && k.Kind == Str {
						fields.setKw(k.Text, args.Pos[0].Elems[i])
					}
				}
				return in.instantiate(recv.Class, *fields, at)
			}
		}
	}
	switch name {
	case "copy", "dict", "model_dump":
		if recv.Kind == Unknown && recv.Recv == nil {
			return &Value{Kind: Dict, Keys: []*Value{unknown}, Elems: []*Value{recv}, Sources: recv.Sources, At: at}
		}
	case "update":
		table := recv.Call != nil && tail(recv.Call.Name) == "table" // a statement about rows, no dict
		if recv.Kind == Unknown && !table && len(args.Pos)+len(args.Kw) > 0 {
			in.updateDict(&Value{Kind: Dict, Keys: []*Value{unknown}, Elems: []*Value{recv}, Sources: recv.Sources, At: at}, args, node)
			return noneValue
		}
	}
	if name == "get_secret_value" || name == "encode" || name == "decode" || name == "strip" {
		if recv.Env != "" || recv.Kind == Random {
			return recv
		}
	}
	if recv.Env != "" {
		return &Value{Env: recv.Env, Sources: args.sources(), Method: name}
	}
	if name == "execute" {
		in.taint(node, args.sources())
	}
	if recv.Kind == Unknown && recv.Method != "headers" {
		if m := in.byMethod(name); m != nil {
			return in.callFunc(m.Fn, args, at).with(sourcesOf(recv))
		}
	}
	return in.record("?."+name, recv, args, at, node)
}

// taint notes what a statement was made of on the cursor that executes it,
// since its rows are taken out of the cursor and not of the call.
func (in *interp) taint(node *pysrc.Call, srcs []*Source) {
	n := receiver(node)
	if n == nil || len(srcs) == 0 {
		return
	}
	s := in.frame().scope
	if v, local := in.get(s, n.ID); local {
		in.write(s, n.ID, v.with(srcs))
	}
}

func posOf(at Place) pysrc.Node { return at.Span }

func (in *interp) updateDict(recv *Value, args Args, node *pysrc.Call) {
	out := *recv
	if len(args.Pos) > 0 && args.Pos[0].Kind == Dict {
		out.Keys, out.Elems = append(out.Keys[:len(out.Keys):len(out.Keys)], args.Pos[0].Keys...), append(out.Elems[:len(out.Elems):len(out.Elems)], args.Pos[0].Elems...)
	}
	for _, k := range sortedKeys(args.Kw) {
		out.Keys, out.Elems = append(out.Keys[:len(out.Keys):len(out.Keys)], str(k, Place{})), append(out.Elems[:len(out.Elems):len(out.Elems)], args.Kw[k])
	}
	in.replace(node, &out)
}

func (in *interp) appendList(recv *Value, name string, v *Value, node *pysrc.Call) {
	out := *recv
	if len(out.Elems) > 256 {
		return
	}
	if name == "extend" && v.Kind == List {
		out.Elems = append(out.Elems[:len(out.Elems):len(out.Elems)], v.Elems...)
	} else {
		out.Elems = append(out.Elems[:len(out.Elems):len(out.Elems)], v)
	}
	in.replace(node, &out)
}

// receiver returns the name whose method a call calls, or nil where it calls
// none of a plain name.
func receiver(node *pysrc.Call) *pysrc.Name {
	if node == nil {
		return nil
	}
	a, ok := node.Fn.(*pysrc.Attr)
	if !ok {
		return nil
	}
	n, _ := a.X.(*pysrc.Name)
	return n
}

// replace binds the receiver of a method that changes it to what it became.
func (in *interp) replace(node *pysrc.Call, v *Value) {
	n := receiver(node)
	if n == nil {
		return
	}
	s := in.frame().scope
	if in.has(s, n.ID) {
		in.write(s, n.ID, v)
	} else if in.frame().fn != nil && in.lookup(s, n.ID) != nil {
		in.trace.Stores = append(in.trace.Stores, Place{File: s.module.File, Span: node.Span})
	}
}

func (in *interp) strMethod(recv *Value, name string, args Args, at Place) *Value {
	set := func(s string) *Value {
		v := *recv
		v.Text = s
		return &v
	}
	a := args.Get("", 0)
	switch name {
	case "lower", "casefold":
		return set(strings.ToLower(recv.Text))
	case "upper":
		return set(strings.ToUpper(recv.Text))
	case "strip":
		return set(strings.TrimSpace(recv.Text))
	case "rstrip", "lstrip":
		if a != nil && a.Kind == Str && name == "rstrip" {
			return set(strings.TrimRight(recv.Text, a.Text))
		}
		return recv
	case "encode", "decode", "get_secret_value":
		return recv
	case "startswith", "endswith":
		if a == nil {
			break
		}
		test := strings.HasPrefix
		if name == "endswith" {
			test = strings.HasSuffix
		}
		var list []*Value
		switch a.Kind {
		case Str:
			list = []*Value{a}
		case List:
			list = a.Elems
		default:
			return unknown.with(mergeSources(recv.Sources, a.Sources))
		}
		for _, e := range list {
			if e.Kind != Str {
				return unknown.with(recv.Sources)
			}
			if test(recv.Text, e.Text) {
				return boolean(true).with(recv.Sources)
			}
		}
		return boolean(false).with(recv.Sources)
	case "split":
		sep := ","
		if a != nil && a.Kind == Str {
			sep = a.Text
		}
		if len(args.Pos)+len(args.Kw) > 1 || sep == "" {
			break
		}
		out := &Value{Kind: List, At: recv.At, Env: recv.Env, Sources: recv.Sources}
		for part := range strings.SplitSeq(recv.Text, sep) {
			out.Elems = append(out.Elems, &Value{Kind: Str, Text: part, At: recv.At, Env: recv.Env})
		}
		return out
	case "replace", "format", "join", "removeprefix":
		return unknown.with(mergeSources(recv.Sources, args.sources()))
	}
	return unknown.with(mergeSources(recv.Sources, args.sources()))
}
