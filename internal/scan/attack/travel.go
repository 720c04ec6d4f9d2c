package attack

import (
	"fmt"
	"net/url"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// A Travel is a browser's decision on one cookie of one forged request.
type Travel struct {
	Sent  bool
	Fresh bool       // sent only within two minutes of being set (Chromium's Lax+POST)
	By    finding.By // what withholds it
	Why   string
	// Undeclared is set where the cookie goes along although its server said
	// nothing of SameSite, so that nothing but a browser's default parts sites.
	Undeclared bool
	// Policy names the choice of the browser on which Sent rests, where
	// mainstream browsers differ.
	Policy string
}

// ease orders decisions by how little stands in the forged request's way.
func (t Travel) ease() int {
	switch {
	case !t.Sent:
		return 0
	case t.Fresh:
		return 1
	}
	return 2
}

// topLevel reports whether the shape makes the browser leave the attacker's
// page for the answer. SameSite and the third-party policy turn on that.
func topLevel(s finding.Shape) bool {
	switch s {
	case finding.Form, finding.Multipart, finding.TextPlain, finding.Override, finding.Navigate:
		return true
	}
	return false
}

// Travels judges whether a browser that holds c sends it with a forged
// request of that shape, from that position, to the target.
// RFC 6265bis §5.8.3 (retrieval) and §5.2 (same-site requests); Chromium's
// Lax+POST is §5.6.7.1 (Lax-Allowing-Unsafe).
func Travels(c client.Cookie, pos finding.Position, shape finding.Shape, target *url.URL) Travel {
	if why := c.Refused(target.Scheme); why != "" {
		return Travel{By: finding.BySameSite, Why: fmt.Sprintf("browsers do not store cookie %s: %s", c.Name, why)}
	}
	if pos == finding.SameSite {
		return Travel{Sent: true, Undeclared: c.SameSite == client.SameSiteMissing, Why: "SameSite does not part origins of one site"}
	}
	nav := topLevel(shape)
	safe := shape == finding.Navigate
	switch c.SameSite {
	case client.SameSiteStrict:
		return Travel{By: finding.BySameSite, Why: fmt.Sprintf("cookie %s is SameSite=Strict", c.Name)}
	case client.SameSiteLax:
		if nav && safe {
			return Travel{Sent: true, Why: fmt.Sprintf("cookie %s is SameSite=Lax, which lets top-level GETs through", c.Name)}
		}
		return Travel{By: finding.BySameSite, Why: fmt.Sprintf("cookie %s is SameSite=Lax", c.Name)}
	case client.SameSiteNone:
		if nav {
			return Travel{Sent: true, Why: fmt.Sprintf("cookie %s is SameSite=None, and a top-level request is no third-party one", c.Name)}
		}
		if c.Partitioned {
			return Travel{By: finding.ByThirdPartyCookie, Why: fmt.Sprintf("cookie %s is Partitioned, and the attacker's page is another partition", c.Name)}
		}
		return Travel{Sent: true, Why: fmt.Sprintf("cookie %s is SameSite=None", c.Name),
			Policy: "third-party cookies allowed, as Chrome does by default; browsers that block them withhold it"}
	}
	switch {
	case nav && safe:
		return Travel{Sent: true, Why: fmt.Sprintf("cookie %s has no SameSite, and top-level GETs carry it", c.Name)}
	case nav:
		return Travel{Sent: true, Fresh: true, Why: fmt.Sprintf("cookie %s has no SameSite", c.Name),
			Policy: "within two minutes after the cookie was set in Chromium, always in browsers without default Lax"}
	}
	return Travel{By: finding.BySameSite, Why: fmt.Sprintf("cookie %s has no SameSite, which browsers take for Lax", c.Name)}
}
