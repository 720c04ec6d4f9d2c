package rules

import "github.com/d710e0ae/countersign/internal/audit/fastapi"

var jwtHardcodedSecret = Rule{"jwt-hardcoded-secret", func(c *Context) {
	c.secrets(func(v *fastapi.Value, where fastapi.Place) {
		msg := "The secret that signs tokens is written here."
		switch {
		case v.At.InSettings():
			msg = "The secret that signs tokens stands in a settings file of the repository."
		case v.Env != "":
			msg = "The secret that signs tokens has a default, which is in force wherever " + v.Env + " is not set."
		}
		c.report(v.At, msg, related(where, "it signs or verifies tokens here"))
	})
}}
