package attack

import (
	"net/url"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/browser"
)

// WebStorage says whether the page at u keeps a token where any script on it
// reads it. That is theft by script, not forgery.
func (t *Target) WebStorage(u *url.URL, st *browser.Storage) {
	var where []string
	for _, k := range st.Local {
		where = append(where, "localStorage "+k)
	}
	for _, k := range st.Session {
		where = append(where, "sessionStorage "+k)
	}
	if len(where) == 0 {
		return
	}
	text := strings.Join(where, ", ")
	t.report("token-in-web-storage", nil, t.sayf("The page %s keeps a token in %s: any script on it can steal the token. This is theft by script, not request forgery.", u.Redacted(), text),
		evidence(finding.Evidence{Kind: finding.BrowserEvidence, Text: "seen in the browser: " + text}))
}
