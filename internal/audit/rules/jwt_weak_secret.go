package rules

import (
	"fmt"
	"regexp"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// wellKnown matches what stands in tutorials and word lists: the words people
// write for "to be replaced", and the key of FastAPI's own tutorial.
var wellKnown = regexp.MustCompile(`(?i)secret|change[-_ ]?(me|this|in|it)|password|your[-_ ]|example|default|insecure|placeholder|replace|dev[-_]|test|dummy|super|my[-_]?key|jwt[-_]?key|^09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7$`)

// minSecret is the least number of bytes for HS256 (RFC 7518, section 3.2).
const minSecret = 32

var jwtWeakSecret = Rule{"jwt-weak-secret", func(c *Context) {
	c.secrets(func(v *fastapi.Value, where fastapi.Place) {
		switch {
		case wellKnown.MatchString(v.Text):
			c.report(v.At, "The secret that signs tokens is one that word lists hold, or easily guessed from them.", related(where, "it signs or verifies tokens here"))
		case len(v.Text) < minSecret:
			c.report(v.At, fmt.Sprintf("The secret that signs tokens has %d bytes; HS256 asks for %d at least (RFC 7518, section 3.2).", len(v.Text), minSecret), related(where, "it signs or verifies tokens here"))
		}
	})
}}
