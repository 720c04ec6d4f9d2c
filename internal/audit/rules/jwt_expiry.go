package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
	"github.com/d710e0ae/countersign/internal/weakness"
)

var (
	expWord      = regexp.MustCompile(`["']exp["']|\bexp\s*=|\.exp\b|["']expires?(_at)?["']`)
	argumentWord = regexp.MustCompile(`(?i)refresh|reset|verif|invit|activat`)
	purposeWord  = regexp.MustCompile(`(?i)refresh|reset|verif|confirm|invit|activat|email|csrf|state|(sign_?up|register|registration)_?token`)
)

// claimsOf returns the claims that a call signs, and their exp.
func claimsOf(call *fastapi.Call, s libraries.Sign) (claims, exp *fastapi.Value) {
	claims = get(call, s.Claims)
	if claims == nil {
		return nil, nil
	}
	claims.Each(func(x *fastapi.Value) {
		if e := x.Lookup("exp"); e != nil {
			exp = e
		}
	})
	return claims, exp
}

var jwtNoExpiry = Rule{"jwt-no-expiry", func(c *Context) {
	c.eachSign(func(call *fastapi.Call, s libraries.Sign) {
		claims, exp := claimsOf(call, s)
		if claims == nil || exp != nil || s.Lifetime.Name != "" || expWord.MatchString(uncommented(functionText(call))) {
			return
		}
		for _, at := range call.Chain {
			if at.File != nil && expWord.MatchString(uncommented(enclosing(at))) {
				return
			}
		}
		known := claims.Kind == fastapi.Dict
		for _, k := range claims.Keys {
			known = known && k != nil && k.Kind == fastapi.Str
		}
		if !known && !dumped(claims) && (len(call.Chain) == 0 || claims.Kind != fastapi.Dict && claims.Kind != fastapi.Unknown) {
			return
		}
		c.report(call.At, "The token is made without exp: it works for ever once it leaks.")
	})
}}

var (
	dumpName   = regexp.MustCompile(`^(to_dict|as_dict|to_json|serialize|dict|model_dump)$`)
	entityName = regexp.MustCompile(`(?i)(^|_)(user|account|member|customer|employee|admin|person)$`)
)

// dumped reports whether claims are the columns of an account, as they are.
func dumped(claims *fastapi.Value) bool {
	return claims.Call != nil && dumpName.MatchString(tail(claims.Call.Name)) && entityName.MatchString(claims.Call.Text)
}

// uncommented returns source without its comments, in which what is no longer
// done often stands.
func uncommented(source string) string {
	var b strings.Builder
	for line := range strings.Lines(source) {
		quote := rune(0)
		end := strings.IndexFunc(line, func(c rune) bool {
			switch {
			case quote != 0 && c == quote:
				quote = 0
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			}
			return quote == 0 && c == '#'
		})
		if end < 0 {
			end = len(line)
		}
		b.WriteString(strings.TrimRight(line[:end], "\n"))
		b.WriteByte('\n')
	}
	return b.String()
}

// enclosing returns the text around a call: forty lines up and ten down.
func enclosing(at fastapi.Place) string {
	src := at.File.Source()
	from, to := max(0, int(at.Span.Start)-1500), min(len(src), int(at.Span.End)+300)
	return src[from:to]
}

const (
	shortLife = 15 * 60.0
	longLife  = 24 * 3600.0
)

var jwtLongLived = Rule{"jwt-long-lived", func(c *Context) {
	c.eachSign(func(call *fastapi.Call, s libraries.Sign) {
		claims, exp := claimsOf(call, s)
		if s.Lifetime.Name != "" {
			exp = get(call, s.Lifetime)
		}
		if exp == nil || c.forOtherPurpose(call, claims) {
			return
		}
		life := lifetime(exp, 0)
		if life == nil || life.Num <= shortLife {
			return
		}
		c.tooLong(call, life)
	})
	for _, call := range c.model.calls {
		for _, l := range c.model.libs {
			for _, s := range l.Secrets {
				if s.Seconds.Name == "" || call.Name != s.Call && !(tail(call.Name) == tail(s.Call) && strings.HasPrefix(call.Name, l.Modules[0]+".")) {
					continue
				}
				if life := get(call, s.Seconds); life != nil && life.Kind == fastapi.Num && life.Num > shortLife {
					c.tooLong(call, life)
				}
			}
		}
	}
}}

// tooLong reports a token that lives for long, or longer than need be where it
// cannot be renewed.
func (c *Context) tooLong(call *fastapi.Call, life *fastapi.Value) {
	at := life.At
	if at.IsZero() || at.InSettings() {
		at = call.At
	}
	switch {
	case life.Num > longLife:
		c.report(call.At, fmt.Sprintf("The token lives for %s, and nothing can take it back before.", span(life.Num)), related(at, "the lifetime is set here"))
	case !c.model.refresh:
		if f := c.report(call.At, fmt.Sprintf("The token lives for %s and there is no way to renew it; 15 minutes with a refresh token limit what a leak is worth.", span(life.Num)), related(at, "the lifetime is set here")); f != nil {
			f.Severity = weakness.Low
		}
	}
}

func span(seconds float64) string {
	switch {
	case seconds >= 2*365*86400:
		return fmt.Sprintf("%.0f years", seconds/(365*86400))
	case seconds >= 2*86400:
		return fmt.Sprintf("%.3g days", seconds/86400)
	case seconds >= 2*3600:
		return fmt.Sprintf("%.3g hours", seconds/3600)
	}
	return fmt.Sprintf("%.3g minutes", seconds/60)
}

// forOtherPurpose reports whether a token is no access token: its function, a
// call that leads there, or its own claims speak of refresh, reset and the
// like.
func (c *Context) forOtherPurpose(call *fastapi.Call, claims *fastapi.Value) bool {
	if call.Fn != nil && purposeWord.MatchString(checked(call.Fn.Name())) {
		return true
	}
	for _, key := range []string{"type", "token_type", "typ", "purpose", "scope", "token_use"} {
		other := false
		claims.Each(func(x *fastapi.Value) {
			if v := x.Lookup(key); v != nil {
				other = other || purposeWord.MatchString(text(v))
			}
		})
		if other {
			return true
		}
	}
	for _, at := range append(call.Chain[:len(call.Chain):len(call.Chain)], call.At) {
		if at.File == nil {
			continue
		}
		head, _, _ := strings.Cut(line(at), "(")
		if purposeWord.MatchString(head) || argumentWord.MatchString(at.File.Text(at.Span)) {
			return true
		}
	}
	return false
}

var (
	makesWord  = regexp.MustCompile(`(?i)^_*(a?(create|generate|gen|make|issue|encode|build|sign|get|new|send))`)
	checksWord = regexp.MustCompile(`(?i)(^|_)(verify|confirm)(_|$)`)
)

// checked returns a function's name without what it says that the function
// checks: verify_code makes the token of who is let in then, and no token to
// verify something by, as create_verify_token does.
func checked(name string) string {
	if makesWord.MatchString(name) {
		return name
	}
	return checksWord.ReplaceAllString(name, "_")
}

// sameTime are methods that write the time down in another way.
var sameTime = set("timestamp replace astimezone isoformat timetuple utctimetuple")

// lifetime finds the duration that was added to the time of issue.
func lifetime(v *fastapi.Value, depth int) *fastapi.Value {
	if v == nil || depth > 5 {
		return nil
	}
	var best *fastapi.Value
	v.Each(func(x *fastapi.Value) {
		if x.Kind == fastapi.Num && x.Method == "timedelta" {
			if best == nil || x.Num > best.Num {
				best = x
			}
			return
		}
		if len(x.Elems) == 2 && x.Method == "op+" {
			// time.time() + 3600
			for i, e := range x.Elems {
				if now := x.Elems[1-i]; e.Kind == fastapi.Num && (strings.HasSuffix(now.Method, "time.time") || strings.HasSuffix(now.Method, ".timestamp")) {
					if best == nil || e.Num > best.Num {
						best = e
					}
					return
				}
			}
		}
		list := x.Elems
		if x.Recv != nil {
			list = append(list[:len(list):len(list)], x.Recv)
		}
		if x.Call != nil && sameTime[tail(x.Call.Name)] && x.Call.Recv != nil {
			list = append(list[:len(list):len(list)], x.Call.Recv)
		}
		for _, e := range list {
			if l := lifetime(e, depth+1); l != nil && (best == nil || l.Num > best.Num) {
				best = l
			}
		}
	})
	return best
}

// functionsTo returns the names of the functions that lead to a call.
func functionsTo(call *fastapi.Call) []string {
	var out []string
	if call.Fn != nil {
		out = append(out, call.Fn.Name())
	}
	for _, at := range call.Chain {
		if at.File != nil {
			out = append(out, enclosingName(at))
		}
	}
	return out
}

var defLine = regexp.MustCompile(`^([ \t]*)(async\s+)?def\s+(\w+)`)

// enclosingName returns the name of the innermost function that a place stands
// in, by the lines above it that are indented less; "" where it stands in none.
func enclosingName(at fastapi.Place) string {
	n := at.Start().Line
	indent := len(at.File.LineText(n))
	for ; n > 0; n-- {
		text := at.File.LineText(n)
		own := len(text) - len(strings.TrimLeft(text, " \t"))
		if trimmed := strings.TrimSpace(text); trimmed == "" || trimmed[0] == ')' || own >= indent {
			continue
		}
		if m := defLine.FindStringSubmatch(text); m != nil {
			return m[3]
		}
		indent = own
	}
	return ""
}

var jwtExpiredAccepted = Rule{"jwt-expired-accepted", func(c *Context) {
	c.eachVerify(func(call *fastapi.Call, v libraries.Verify) {
		if unverified(call, v) || !isFalse(option(call, v, "verify_exp")) {
			return
		}
		if slices.ContainsFunc(functionsTo(call), func(name string) bool { return logoutWord.MatchString(name) || refreshWord.MatchString(name) }) || readsOnlyExpiry(call) {
			return
		}
		c.report(call.At, "Expired tokens are accepted: verify_exp is turned off.")
	})
}}
