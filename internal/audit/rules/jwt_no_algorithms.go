package rules

import (
	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

var jwtNoAlgorithms = Rule{"jwt-no-algorithms", func(c *Context) {
	c.eachVerify(func(call *fastapi.Call, v libraries.Verify) {
		if v.Algorithms.Name == "" || unverified(call, v) || call.Args.Open {
			return
		}
		a := get(call, v.Algorithms)
		if a == nil && call.Args.Get("algorithm", -1) != nil {
			a = nil // "algorithm=" is ignored by decode
		}
		if a == nil || a.Kind == fastapi.None {
			c.report(call.At, "decode is given no list of algorithms: the token's own header chooses, or the call fails, by version.")
		}
	})
}}
