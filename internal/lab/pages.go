package lab

import (
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed bank.tmpl
var bankSource string

//go:embed attacker.tmpl
var attackerSource string

var (
	bankTemplate     = template.Must(template.New("bank").Parse(bankSource))
	attackerTemplate = template.Must(template.New("attacker").Parse(attackerSource))
)

// bankPage is the page on which a person logs in and transfers.
func bankPage(v Variant) http.Handler {
	return page(bankTemplate, struct {
		Variant          Variant
		User, Password   string
		Cookie, Guarded  bool
		Explain, Attacks string
	}{v, Victim, VictimPassword, v == Cookie, v == Guarded, explanations[v], attacksOn[v]})
}

var explanations = map[Variant]string{
	Vulnerable: "This bank takes its token from a cookie or from a header, reflects every origin in CORS, and checks nothing else.",
	Bearer:     "This bank takes its token from the Authorization header only. No browser attaches that by itself.",
	Cookie:     "This bank keeps a strict session cookie, asks for a CSRF token that is bound to it, and checks the Origin.",
	Guarded:    "This is the vulnerable bank, unchanged, behind the guard: the browser never sees its token.",
}

var attacksOn = map[Variant]string{
	Vulnerable: "Log in, then open the attacker's site in the same browser.",
	Bearer:     "Log in, then open the attacker's site: its requests arrive without a credential.",
	Cookie:     "Log in, then open the attacker's site: its requests are refused.",
	Guarded:    "Log in, then open the attacker's site: its requests are refused before they reach the bank.",
}

func page(t *template.Template, data any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if err := t.Execute(w, data); err != nil {
			// The client is gone, or the template is wrong, which a test finds.
			return
		}
	})
}
