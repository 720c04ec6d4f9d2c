package rules

import (
	"fmt"
	"regexp"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// wellKnown matches what stands in tutorials and word lists: the words people
// write for "to be replaced", and the key of FastAPI's own tutorial.
var wellKnown = regexp.MustCompile(`(?i)secret|change[-_ ]?(me|this|in|it)|password|your[-_ ]|example|default|insecure|placeholder|replace|dev[-_]|test|dummy|super|my[-_]?key|jwt[-_]?key|^09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7$`)

// minSecret is the least number of bytes for HS256 (RFC 7518, section 3.2).
const minSecret = 32

// asksFor reports whether some condition or validator of a file looks at a
// setting, which may be what demands that it is set.
func asksFor(file *pysrc.File, name string) bool {
	return file != nil && regexp.MustCompile(`(?im)^[ \t]*(if|elif|assert|@(field_)?validator\()[^\n]*\b`+regexp.QuoteMeta(name)+`\b`).MatchString(file.Source())
}

var jwtWeakSecret = Rule{"jwt-weak-secret", func(c *Context) {
	c.eachSecret(true, func(v *fastapi.Value, where fastapi.Place) {
		switch {
		case v.Text == "" && (asksFor(v.At.File, v.Env) || asksFor(where.File, v.Env)):
			return
		case v.Text == "":
			c.report(v.At, "The secret that signs tokens is empty wherever "+v.Env+" is not set: anyone can sign one.", related(where, "it signs or verifies tokens here"))
		case wellKnown.MatchString(v.Text):
			c.report(v.At, "The secret that signs tokens is one that word lists hold, or easily guessed from them.", related(where, "it signs or verifies tokens here"))
		case len(v.Text) < minSecret:
			c.report(v.At, fmt.Sprintf("The secret that signs tokens has %d bytes; HS256 asks for %d at least (RFC 7518, section 3.2).", len(v.Text), minSecret), related(where, "it signs or verifies tokens here"))
		}
	})
}}
