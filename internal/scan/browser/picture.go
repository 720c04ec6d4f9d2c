package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/chromedp/cdproto/page"
)

// picture returns what the second tab shows, without the secrets in it; nil
// where that cannot be had: the evidence is poorer then, and the verdict the
// same.
func (v *Victim) picture(ctx context.Context) []byte {
	// Cookies tells the redactor of those that the attack itself brought.
	if _, err := v.Cookies(ctx); err != nil {
		return nil
	}
	if _, err := v.mask(ctx); err != nil {
		return nil
	}
	for range maxPictures {
		params := page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng, Clip: v.filled(ctx)}
		r, err := call(ctx, v.away, page.CaptureScreenshot, params)
		if err != nil {
			return nil
		}
		// A script may have written on the page meanwhile: only a picture after
		// which there was nothing to mask is kept.
		switch n, err := v.mask(ctx); {
		case err != nil:
			return nil
		case n == 0:
			return r.Data
		}
	}
	return nil
}

// maxPictures is how often a page is pictured that does not come to rest.
const maxPictures = 3

// filled returns the part of the window that the page has something in; nil is
// the whole window.
func (v *Victim) filled(ctx context.Context) *page.Viewport {
	text, err := v.away.evaluate(ctx, `(() => {
  const bottoms = [...document.body.children].map((e) => e.getBoundingClientRect().bottom + 16);
  const height = Math.min(innerHeight, Math.max(160, ...bottoms));
  return JSON.stringify([innerWidth, Math.ceil(height)]);
})()`)
	var size [2]float64
	if err != nil || json.Unmarshal([]byte(text), &size) != nil {
		return nil
	}
	return &page.Viewport{Width: size[0], Height: size[1], Scale: 1}
}

// maxMasked bounds the texts of a page that are looked through, in UTF-16
// units: a page that has more is not pictured.
const maxMasked = 1 << 20

// textsScript is two functions: to visit every text that a page shows, those
// of fields among them, and to change it.
const textsScript = `((change) => {
  const visit = (root) => {
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let n = walk.currentNode; n; n = walk.nextNode()) {
      if (n.nodeType === Node.TEXT_NODE) { const to = change(n.data); if (to !== undefined) n.data = to; continue; }
      for (const key of ["value", "placeholder", "alt"]) {
        if (typeof n[key] !== "string") continue;
        const to = change(n[key]);
        if (to !== undefined) n[key] = to;
      }
      if (n.shadowRoot) visit(n.shadowRoot);
    }
  };
  visit(document);
})`

var errTooMuchText = errors.New("the page has too much text to be looked through")

// mask takes the secrets out of what the second tab shows, and returns in how
// many texts there were some.
func (v *Victim) mask(ctx context.Context) (int, error) {
	got, err := v.away.evaluate(ctx, fmt.Sprintf(`(() => {
  const texts = new Set(); let size = 0;
  %s((t) => { if (t.trim() && !texts.has(t)) { texts.add(t); size += t.length; } });
  return size > %d ? "" : JSON.stringify([...texts]);
})()`, textsScript, maxMasked))
	if err != nil {
		return 0, err
	}
	if got == "" {
		return 0, errTooMuchText
	}
	var texts []string
	if err := json.Unmarshal([]byte(got), &texts); err != nil {
		return 0, err
	}
	red := v.b.cfg.Redactor
	if v.b.cfg.Secrets != nil {
		for _, t := range texts {
			red.Add(v.b.cfg.Secrets(t)...)
		}
	}
	masked := [][2]string{}
	for _, t := range texts {
		if to := red.Redact(t); to != t {
			masked = append(masked, [2]string{t, to})
		}
	}
	if len(masked) == 0 {
		return 0, nil
	}
	pairs, err := json.Marshal(masked)
	if err != nil {
		return 0, err
	}
	_, err = v.away.evaluate(ctx, fmt.Sprintf(`(() => { const to = new Map(%s); %s((t) => to.get(t)); return ""; })()`, pairs, textsScript))
	return len(masked), err
}
