package rules

import (
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

var jwtAlgNone = Rule{"jwt-alg-none", func(c *Context) {
	c.eachVerify(func(call *fastapi.Call, v libraries.Verify) {
		for _, a := range algorithms(call, v) {
			if strings.EqualFold(a, "none") {
				c.report(call.At, `The algorithm "none" is admitted: a token without a signature passes.`)
			}
		}
	})
	c.eachSign(func(call *fastapi.Call, _ libraries.Sign) {
		if a := call.Args.Get("algorithm", 2); a != nil && strings.EqualFold(text(a), "none") {
			c.report(call.At, `Tokens are made with the algorithm "none", that is, without a signature.`)
		}
	})
}}
