package browser

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/d710e0ae/countersign/internal/finding"
)

// A Trace is what the browser did with an attack. Its texts are redacted.
type Trace struct {
	PageURL          string // of the attacker's page
	Sent             bool   // the forged request left the browser
	PreflightSent    bool
	PreflightAllowed bool
	Status           int    // of the answer; 0 where there was none
	Readable         bool   // the attacker's script can read the answer
	Error            string // why the browser refused, in its own words
	CookiesSent      []string
	CookiesBlocked   []BlockedCookie
	Policy           ThirdPartyCookies
	Screenshot       []byte // PNG of the page after the attack; nil where none could be made
	Transcript       string // request and answer, as the browser sent and got them
}

// A BlockedCookie was kept back, for the reason that the browser names.
type BlockedCookie struct{ Name, Reason string }

// NotHere says that the attack's position does not exist for this target.
type NotHere struct{ Position finding.Position }

func (e *NotHere) Error() string {
	return fmt.Sprintf("no page can be served from position %s for this target", e.Position)
}

// settle is how long the events of a request may come after one another.
const settle = 700 * time.Millisecond

// Attack opens the attacker's page in the second tab and returns what the
// browser did. That the request was sent and answered does not say that it
// did anything: read the state back.
func (v *Victim) Attack(ctx context.Context, a Attack) (*Trace, error) {
	html, err := render(a, true)
	if err != nil {
		return nil, err
	}
	id := v.b.site.put(document{html, a.Position == finding.Null})
	at, ok := v.b.site.url(a.Position, id)
	if !ok {
		return nil, &NotHere{a.Position}
	}
	if a.Referrer == "unsafe-url" { // the page's address is what the server sees
		at += "?" + a.Origin() + "/"
	}
	rec := newRecorder(a)
	listening, stop := context.WithCancel(v.away.ctx)
	defer stop()
	if err := chromedp.Listen(listening, rec.event); err != nil {
		return nil, err
	}
	if err := v.away.navigate(ctx, at); err != nil {
		return nil, fmt.Errorf("opening the attacker's page: %w", err)
	}
	if err := rec.wait(ctx); err != nil {
		return nil, err
	}
	t := rec.trace(v.b)
	t.PageURL = at
	if a.Picture {
		t.Screenshot = v.picture(ctx)
	}
	// Leave the page, so that nothing of it is still under way.
	if err := v.away.navigate(ctx, "about:blank"); err != nil {
		return nil, err
	}
	return t, nil
}

// headerText writes headers, one a line, in a steady order.
func headerText(h network.Headers) string {
	var b strings.Builder
	for _, name := range sortedKeys(h) {
		fmt.Fprintf(&b, "%s: %v\n", name, h[name])
	}
	return b.String()
}

// Visit opens any page in the second tab and returns when the browser has
// sent its POST to the address and been answered: how a person would try a
// proof of concept.
func (v *Victim) Visit(ctx context.Context, pageURL, posts string) error {
	rec := newRecorder(Attack{Method: "POST", URL: posts})
	listening, stop := context.WithCancel(v.away.ctx)
	defer stop()
	if err := chromedp.Listen(listening, rec.event); err != nil {
		return err
	}
	if err := v.away.navigate(ctx, pageURL); err != nil {
		return fmt.Errorf("opening %s: %w", pageURL, err)
	}
	return rec.wait(ctx)
}
