package rules

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

var (
	sqlWrite  = regexp.MustCompile(`(?i)^\s*(INSERT|UPDATE|DELETE|REPLACE|MERGE|TRUNCATE)\b`)
	storeName = regexp.MustCompile(`(?i)(^|[._])(db|session|conn|connection|uow|database|cursor|sess|async_session|tx|transaction)$`)
)

// storing returns how a call changes what is stored, or "".
func storing(call *fastapi.Call) string {
	m := tail(call.Name)
	if table, ok := tableOf(call); ok && tableWrites[m] && !onTheSide(table) {
		return m + " of the table " + table
	}
	switch m {
	case "commit", "add", "add_all", "delete", "merge":
		if storeName.MatchString(call.Text) && !ofTheSide(call) {
			return call.Text + "." + m + "()"
		}
	case "insert_one", "insert_many", "update_one", "update_many", "delete_one", "delete_many", "replace_one", "find_one_and_update", "find_one_and_delete", "find_one_and_replace", "bulk_write":
		return m
	case "execute":
		for _, a := range call.Args.Pos {
			if w := sqlOf(a); w != "" {
				return w
			}
		}
	case "send_message", "sendmail", "send_email":
		return "mail is sent"
	}
	return ""
}

// tableWrites are the methods by which PostgREST's client, which Supabase hands
// out, begins a statement that changes a table.
var tableWrites = set("insert upsert update delete")

// tableOf returns the table in client.table("…").m(), where it is written out.
// The client need not be known: it is often made far away.
func tableOf(call *fastapi.Call) (string, bool) {
	if call.Recv == nil || call.Recv.Call == nil || tail(call.Recv.Call.Name) != "table" {
		return "", false
	}
	name := text(call.Recv.Call.Args.Get("table_name", 0))
	return name, name != ""
}

// ofTheSide reports whether what a call stores says by its name that it is a
// log or a counter.
func ofTheSide(call *fastapi.Call) bool {
	return slices.ContainsFunc(written(call), func(arg string) bool {
		name, _, _ := strings.Cut(arg, "(")
		return onTheSide(name)
	})
}

// written returns the arguments of a call as they are written, without their
// names; none where the call is not written out.
func written(call *fastapi.Call) []string {
	if !call.Written || call.At.File == nil {
		return nil
	}
	// It may stand in brackets that let it go over several lines.
	text := "(" + call.At.File.Text(call.At.Span) + ")"
	x, _ := pysrc.ParseExpr(text).(*pysrc.Call)
	if x == nil {
		return nil
	}
	var out []string
	for _, a := range x.Args {
		s := a.Value.Range()
		out = append(out, text[s.Start:s.End])
	}
	return out
}

// sqlOf returns what an SQL statement changes, or "": one that is written out,
// or put together by SQLAlchemy.
func sqlOf(v *fastapi.Value) string {
	if sql := text(v); sqlWrite.MatchString(sql) {
		if sideTable(sql) {
			return ""
		}
		return "an SQL " + strings.ToUpper(strings.Fields(sql)[0])
	}
	out := ""
	v.Each(func(x *fastapi.Value) {
		for _, e := range x.Elems {
			if sqlWrite.MatchString(text(e)) && !sideTable(text(e)) {
				out = "an SQL write"
			}
		}
		for n := 0; x != nil && n < 6; n++ {
			if x.Call != nil && strings.HasPrefix(x.Call.Name, "sqlalchemy.") {
				switch t := tail(x.Call.Name); t {
				case "insert", "update", "delete":
					out = "an SQL " + strings.ToUpper(t)
				}
			}
			if x.Call == nil {
				break
			}
			x = x.Call.Recv
		}
	})
	return out
}

var setColumn = regexp.MustCompile(`(?is)\bSET\s+([\w."]+)\s*=`)

// sideTable reports whether a statement writes to a table of logs or counters,
// or to such a column.
func sideTable(sql string) bool {
	w := strings.Fields(sql)
	if m := setColumn.FindStringSubmatch(sql); m != nil && onTheSide(m[1]) {
		return true
	}
	return onTheSide(strings.Join(w[:min(len(w), 3)], " "))
}

// changing are the words by which functions and paths say that they change
// something.
var changing = set(`accept activate add approve archive assign ban block bookmark buy cancel claim clear clone close complete confirm connect create
	deactivate decline decrement delete demote deposit destroy disable disconnect dislike drop duplicate edit enable favorite favourite finish follow generate
	grant hide increment insert join kick leave like mark mute pause pay pin promote publish purchase redeem reject remove rename reopen reserve reset restore
	resume retry revoke save send set start stop store submit subscribe switch toggle transfer trigger unarchive unassign unban unblock unfollow unhide unlike
	unlink unlock unmute unpin unpublish unsubscribe update upsert vote withdraw`)

// incidental are the words for changes that come along with reading:
// counters, logs, caches, tokens of third parties, rows made when first asked
// for.
var incidental = set(`activity analytics at audit cache cached cleanup click clicks count counter default defaults ensure expire expired expires expiry heartbeat
	history hit hits init last log logger logging logs metric metrics migrate migration migrations queue refresh seed seen session sessions stat stats
	sync synced timestamp token tokens touch track tracking usage view viewed views visit visits`)

// reading are names of handlers that say that they only read.
var reading = regexp.MustCompile(`(?i)^_*(a|async_)?(get|list|read|fetch|show|view|export|download|search|find|index|home|root|page|dashboard|render|check|count|stats|status|preview|load|retrieve|display|browse|detail|all|me)(_|$|[A-Z])`)

// taking are names of handlers that take a form and do not show it.
var taking = regexp.MustCompile(`(?i)^_*(handle|process|submit|post)_`)

// anyQuery are names of helpers that run whatever statement they are given, or
// read, and commit in any case.
var anyQuery = regexp.MustCompile(`(?i)^_*(execute|run|query|fetch|get|find|select|read|list|load)(_|$|[A-Z])|_(query|sql)$`)

func set(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

// words splits a name or a path, without its parameters, into words.
func words(name string) []string {
	var b strings.Builder
	open := false
	for i, c := range name {
		switch {
		case c == '{':
			open = true
		case c == '}':
			open = false
		case open:
			continue
		case unicode.IsUpper(c) && i > 0:
			b.WriteByte(' ')
		}
		if !open && unicode.IsLetter(c) {
			b.WriteRune(unicode.ToLower(c))
		} else {
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}

func changes(name string) bool {
	return slices.ContainsFunc(words(name), func(w string) bool { return changing[w] || runTogether.MatchString(w) })
}

// runTogether matches words for a change written in one with what is changed:
// deletefile, and not deleted.
var runTogether = regexp.MustCompile(`^(create|delete|remove|update)[^drs].{2,}$`)

func onTheSide(name string) bool {
	return strings.Contains(name, "get_or_") || slices.ContainsFunc(words(name), func(w string) bool { return incidental[w] })
}

// writes finds where a handler changes state by itself: not what runs before
// it, nor what comes along with reading.
func (r *route) writes() (fastapi.Place, string) {
	if r.Handler.Kind != fastapi.Func || r.Handler.Fn.Decl == nil {
		return fastapi.Place{}, ""
	}
	handler := r.Handler.Fn
	page := !taking.MatchString(handler.Name()) && slices.ContainsFunc(words(handler.Name()), func(w string) bool { return w == "page" || w == "form" })
	// Who answers in words of his own reads nothing for whoever asks.
	tells := !page && len(r.Returns) > 0 && !slices.ContainsFunc(r.Returns, func(ret fastapi.Return) bool { return !saysOnly(ret.Value, 0) })
	shows := reading.MatchString(handler.Name()) && !tells || page
	named := changes(r.name()) && !page
	for _, call := range r.Trace.Calls {
		if call.InDependency || call.Fn == nil || call.Fn.Decl == nil {
			continue
		}
		what := storing(call)
		if what == "" || comesAlong(call) {
			continue
		}
		commit := tail(call.Name) == "commit"
		if call.Fn.Decl == handler.Decl {
			// A handler that says nothing of a change may keep on the side what
			// it finds out; what it adds or deletes, it changes. One that says it
			// only reads is not believed against a statement of its own.
			if named || (!shows || tail(call.Name) == "execute") && !commit && !whereAbsent(call) || commit && !shows && decides(call) {
				return call.At, what
			}
			continue
		}
		path := callNames(call)
		if manages(call.Fn.Decl) || slices.ContainsFunc(path, onTheSide) || commit && slices.ContainsFunc(path, anyQuery.MatchString) {
			continue
		}
		if !named && !tells && slices.ContainsFunc(path, marksRead.MatchString) {
			continue
		}
		if named || !shows && changes(path[0]) || tells && strings.HasPrefix(what, "an SQL") {
			return call.At, what
		}
	}
	return fastapi.Place{}, ""
}

// marksRead are names of helpers that note that something was shown.
var marksRead = regexp.MustCompile(`(?i)^_*(a?mark|set)_.*(read|seen|viewed|opened)(_|$)`)

// saysOnly reports whether an answer is a text that is written out, or a display
// of such.
func saysOnly(v *fastapi.Value, depth int) bool {
	switch {
	case v == nil || depth > 2:
		return false
	case v.Kind == fastapi.Dict:
		return len(v.Elems) > 0 && !slices.ContainsFunc(v.Elems, func(e *fastapi.Value) bool { return !saysOnly(e, depth+1) })
	case v.Kind == fastapi.Bool:
		return depth > 0
	}
	return v.Kind == fastapi.Str && v.Env == ""
}

// callNames returns the names of the functions between the handler and a call.
func callNames(call *fastapi.Call) []string {
	var out []string
	for _, at := range call.Chain {
		if at.File == nil {
			continue
		}
		name, _, _ := strings.Cut(at.File.Text(at.Span), "(")
		out = append(out, tail(strings.TrimSpace(name)))
	}
	return append(out, call.Fn.Name())
}

// manages reports whether a function ends the transactions of others: a
// context manager, or a generator that is one.
func manages(f *pysrc.FuncDef) bool {
	switch f.Name {
	case "__exit__", "__aexit__", "commit":
		return true
	}
	found := false
	pysrc.InspectAll(f.Body, func(n pysrc.Node) bool {
		switch n.(type) {
		case *pysrc.Yield:
			found = true
		case *pysrc.FuncDef, *pysrc.Lambda:
			return false
		}
		return !found
	})
	return found
}

// comesAlong reports whether a commit keeps nothing but what its function
// notes on the side: a token that was renewed, a time of last use.
func comesAlong(call *fastapi.Call) bool {
	if tail(call.Name) != "commit" {
		return false
	}
	noted, other := false, false
	pysrc.InspectAll(call.Fn.Decl.Body, func(n pysrc.Node) bool {
		switch n := n.(type) {
		case *pysrc.Assign:
			for _, t := range n.Targets {
				a, ok := t.(*pysrc.Attr)
				if !ok {
					continue
				}
				if x, ok := a.X.(*pysrc.Name); ok && (x.ID == "self" || x.ID == "request" || x.ID == "response") {
					continue
				}
				if onTheSide(a.Name) {
					noted = true
				} else {
					other = true
				}
			}
		case *pysrc.Call:
			if a, ok := n.Fn.(*pysrc.Attr); ok {
				switch a.Name {
				case "add", "add_all", "delete", "merge", "execute", "update", "insert":
					other = true
				}
			}
		}
		return !other
	})
	return noted && !other
}

// decides reports whether what a commit keeps was decided by the function itself:
// an attribute of something that it was not given, set to what is written out,
// as a status is, and not to what was found out on the way.
func decides(call *fastapi.Call) bool {
	found := false
	pysrc.InspectAll(call.Fn.Decl.Body, func(n pysrc.Node) bool {
		s, ok := n.(*pysrc.Assign)
		if !ok || s.Value == nil || !writtenOut(s.Value) {
			return !found
		}
		for _, t := range s.Targets {
			a, ok := t.(*pysrc.Attr)
			if !ok || onTheSide(a.Name) || readMark.MatchString(a.Name) {
				continue
			}
			x, ok := a.X.(*pysrc.Name)
			found = found || ok && x.ID != "self" && x.ID != "request" && x.ID != "response"
		}
		return !found
	})
	return found
}

// readMark are attributes that say that something was shown.
var readMark = regexp.MustCompile(`(?i)(^|_)(un)?(read|opened|online|active_at|fetched)(_|$)`)

// writtenOut reports whether a value stands in the source: a literal, a member of an
// enumeration, or the contrary of what was there.
func writtenOut(x pysrc.Expr) bool {
	switch x := x.(type) {
	case *pysrc.Str:
		return !x.Format
	case *pysrc.Num, *pysrc.Const:
		return true
	case *pysrc.Unary:
		_, toggles := x.X.(*pysrc.Attr)
		return x.Op == "not" && toggles
	case *pysrc.Attr:
		n, ok := x.X.(*pysrc.Name)
		return ok && unicode.IsUpper([]rune(n.ID)[0]) && x.Name == strings.ToUpper(x.Name)
	}
	return false
}

// whereAbsent reports whether a call stands in a branch for what is not there
// yet, as where a row is made when it is first asked for, or whose statement
// leaves alone what is there.
func whereAbsent(call *fastapi.Call) bool {
	found := slices.ContainsFunc(call.Args.Pos, func(a *fastapi.Value) bool { return ifAbsent.MatchString(text(a)) })
	pysrc.InspectAll(call.Fn.Decl.Body, func(n pysrc.Node) bool {
		if s, ok := n.(*pysrc.If); ok && len(s.Body) > 0 && absent(s.Test) {
			from, to := s.Body[0].Range().Start, s.Body[len(s.Body)-1].Range().End
			found = found || from <= call.At.Span.Start && call.At.Span.End <= to
		}
		return !found
	})
	return found
}

var ifAbsent = regexp.MustCompile(`(?is)^\s*INSERT\s+(OR\s+)?IGNORE\b|\bON\s+CONFLICT\b.*\bDO\s+NOTHING\b`)

// absent reports whether a condition says that something is not there.
func absent(test pysrc.Expr) bool {
	switch t := test.(type) {
	case *pysrc.Unary:
		return t.Op == "not"
	case *pysrc.Compare:
		if c, ok := t.Xs[len(t.Xs)-1].(*pysrc.Const); ok && c.Kind == pysrc.None {
			return t.Ops[0] == "is" || t.Ops[0] == "=="
		}
	}
	return false
}

// bearsOwnToken reports whether the route acts on a token of the link itself,
// as those in mail do, and not on the cookie.
func (r *route) bearsOwnToken() bool {
	if !r.is.oneTime {
		return false
	}
	if linkToken.MatchString(r.Path) || r.Handler.Kind != fastapi.Func || r.Handler.Fn.Decl == nil {
		return linkToken.MatchString(r.Path)
	}
	file := r.Handler.Fn.Module.File
	return slices.ContainsFunc(r.Handler.Fn.Decl.Params, func(p pysrc.Param) bool {
		return linkToken.MatchString(p.Name) && !strings.Contains(file.Text(p.Span), "Depends(") // what a dependency found is none of the link's
	})
}

var linkToken = regexp.MustCompile(`(?i)(^|[{_])(token|code|key|hash|signature|sig)([}:_]|$)`)
