package fix

import (
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// yourOrigin stands where someone must name the frontends. No one can ever
// register a name under .invalid (RFC 2606, section 2), so that until then
// every other origin is refused.
const yourOrigin = `["https://name-your-frontend.invalid"]`

// corsAnyOrigin mends a wildcard with credentials: one that is written in the
// call is replaced by the origin to be named, any other loses the credentials.
func corsAnyOrigin(f *pysrc.File, call *pysrc.Call) []edit {
	if v := keyword(call, "allow_origins"); v != nil && keyword(call, "allow_origin_regex") == nil && literalStar(v) {
		r := v.Range()
		return []edit{{int(r.Start), int(r.End), yourOrigin}}
	}
	return addArgument(nil, f, call, argument{"allow_credentials", "False"})
}

func literalStar(v pysrc.Expr) bool {
	switch v := v.(type) {
	case *pysrc.Str:
		return v.Value == "*"
	case *pysrc.Seq:
		for _, e := range v.Elts {
			if s, ok := e.(*pysrc.Str); ok && s.Value == "*" {
				return true
			}
		}
	}
	return false
}

// corsString makes a list of a string of origins that is written in the call
// or read there from the environment. A name is left to people: what it is
// elsewhere is not seen here.
func corsString(f *pysrc.File, call *pysrc.Call) []edit {
	v := keyword(call, "allow_origins")
	if v == nil {
		return nil
	}
	r := v.Range()
	switch v := v.(type) {
	case *pysrc.Str:
		if v.Format || v.Bytes {
			return nil
		}
		var list []string
		for part := range strings.SplitSeq(v.Value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, strconv.QuoteToASCII(part))
			}
		}
		return []edit{{int(r.Start), int(r.End), "[" + strings.Join(list, ", ") + "]"}}
	case *pysrc.Call, *pysrc.Index:
		text := f.Text(r)
		if !strings.HasPrefix(text, "os.getenv(") && !strings.HasPrefix(text, "os.environ") || strings.Contains(text, "\n") {
			return nil
		}
		return []edit{{int(r.Start), int(r.End), "[o.strip() for o in " + text + `.split(",") if o.strip()]`}}
	}
	return nil
}

func keyword(call *pysrc.Call, name string) pysrc.Expr {
	for _, a := range call.Args {
		if a.Name == name {
			return a.Value
		}
	}
	return nil
}
