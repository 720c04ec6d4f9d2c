package rules

import (
	"regexp"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

var headerAlg = regexp.MustCompile(`get_unverified_header\([^)]*\)\s*(\[|\.get\()\s*["']alg|header\s*(\[|\.get\()\s*["']alg["']`)

var jwtAlgConfusion = Rule{"jwt-alg-confusion", func(c *Context) {
	c.eachVerify(func(call *fastapi.Call, v libraries.Verify) {
		symmetric, public := false, false
		for _, a := range algorithms(call, v) {
			if strings.HasPrefix(a, "HS") {
				symmetric = true
			} else if len(a) == 5 && a != "EdDSA" {
				public = true
			}
		}
		if symmetric && public {
			c.report(call.At, "The list of algorithms mixes HMAC with public-key ones: a token signed with the public key as an HMAC secret may pass.")
			return
		}
		a := get(call, v.Algorithms)
		if a == nil || unverified(call, v) {
			return
		}
		fromHeader := false
		var look func(*fastapi.Value)
		look = func(x *fastapi.Value) {
			if strings.Contains(x.Method, "get_unverified_header") || x.Text == "alg" && x.Kind == fastapi.Unknown {
				fromHeader = true
			}
			if x.Recv != nil && x.Recv.Method != "" && strings.Contains(x.Recv.Method, "get_unverified_header") {
				fromHeader = true
			}
			for _, e := range x.Elems {
				look(e)
			}
		}
		a.Each(look)
		if fromHeader && headerAlg.MatchString(functionText(call)) {
			c.report(call.At, "The algorithm is taken from the token's own header: whoever writes the token chooses how it is checked.")
		}
	})
}}
