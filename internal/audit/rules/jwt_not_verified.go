package rules

import (
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

var jwtNotVerified = Rule{"jwt-not-verified", func(c *Context) {
	// A look at the claims before a decode that verifies the same token, as
	// for choosing the key by issuer, is none.
	verifiedIn := map[any]bool{}
	c.eachVerify(func(call *fastapi.Call, v libraries.Verify) {
		if call.Fn != nil && call.Fn.Decl != nil && !unverified(call, v) {
			verifiedIn[call.Fn.Decl] = true
		}
	})
	c.eachVerify(func(call *fastapi.Call, v libraries.Verify) {
		if !unverified(call, v) || call.Fn != nil && call.Fn.Decl != nil && verifiedIn[call.Fn.Decl] {
			return
		}
		if call.Fn != nil && logoutWord.MatchString(call.Fn.Name()) {
			return
		}
		how := "verification is turned off"
		if v.Never {
			how = strings.TrimPrefix(call.Name, "jose.") + " never checks the signature"
		}
		c.report(call.At, "The token is read without checking its signature ("+how+"): anyone can write one for any user.")
	})
}}
