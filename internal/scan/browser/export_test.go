package browser

import "context"

// Masked opens a page in the second tab and returns the text of it that a
// picture would show.
func (v *Victim) Masked(ctx context.Context, url string) (string, error) {
	if err := v.away.navigate(ctx, url); err != nil {
		return "", err
	}
	if _, err := v.away.evaluate(ctx, `new Promise((r) => document.readyState === "complete" ? r("") : addEventListener("load", () => r("")))`); err != nil {
		return "", err
	}
	if _, err := v.mask(ctx); err != nil {
		return "", err
	}
	return v.away.evaluate(ctx, `document.body.innerText + [...document.querySelectorAll("*")].map((e) => (e.value ?? "") + (e.shadowRoot?.textContent ?? "")).join("")`)
}
