package csrf

import (
	_ "embed"
	"strings"
)

//go:embed client/countersign.js
var classic string

//go:embed client/index.mjs
var module string

//go:embed client/index.d.ts
var types string

// ClientScript returns a classic script that puts the token on the requests
// that fetch and XMLHttpRequest send to the page's own origin, and to no
// other (CVE-2023-45857, CVE-2025-66035). It fetches the token from tokenPath,
// where TokenHandler is; header is what Protection.Header returns. Both are
// written into the script as they are: constants of the program, never input.
//
// It leaves forms alone, which Config.Field is for. A page of a trusted origin
// fetches the token with credentials and sets the header itself.
func ClientScript(header, tokenPath string) string { return fill(classic, header, tokenPath) }

// ClientModule returns the same for "import", without touching globals.
func ClientModule(header, tokenPath string) string { return fill(module, header, tokenPath) }

// ClientTypes returns the TypeScript types of ClientModule.
func ClientTypes() string { return types }

func fill(script, header, tokenPath string) string {
	return strings.NewReplacer("X-CSRF-Token", header, "/.countersign/csrf", tokenPath).Replace(script)
}
