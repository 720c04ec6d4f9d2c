package rules

import (
	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

var jwtNoAudience = Rule{"jwt-no-audience", func(c *Context) {
	c.eachVerify(func(call *fastapi.Call, v libraries.Verify) {
		if unverified(call, v) || !isFalse(option(call, v, "verify_aud")) {
			return
		}
		c.report(call.At, "The token's audience is not checked (verify_aud is off): one made for another service of the same issuer works here.")
	})
}}
