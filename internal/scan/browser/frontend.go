package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/d710e0ae/countersign/internal/secret"
)

// Storage is what a page keeps that looks like a token. Values are never
// returned.
type Storage struct {
	Local, Session []string // keys that hold a JWT
	Cookies        []string // names of cookies that script can read and that hold a JWT
}

func (s *Storage) empty() bool {
	return len(s.Local) == 0 && len(s.Session) == 0 && len(s.Cookies) == 0
}

const storageScript = `(() => {
  const jwt = /eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*/;
  const keys = (s) => Object.keys(s).filter((k) => jwt.test(s.getItem(k)));
  const cookies = document.cookie.split("; ").filter((c) => jwt.test(c)).map((c) => c.split("=")[0]);
  return JSON.stringify({ Local: keys(localStorage), Session: keys(sessionStorage), Cookies: cookies });
})()`

// signInScript fills in the page's login form as a person would, so that a
// page that listens for input hears of it, and sends it. It says "" where the
// page shows no such form.
const signInScript = `((name, password) => {
  const shown = (e) => e.offsetParent !== null;
  const secret = [...document.querySelectorAll("input[type=password]")].find(shown);
  if (!secret) return "";
  const scope = secret.form || document;
  const text = [...scope.querySelectorAll("input")].find((e) => shown(e) && ["text", "email", "tel"].includes(e.type));
  const fill = (e, value) => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(e, value);
    for (const kind of ["input", "change"]) e.dispatchEvent(new Event(kind, { bubbles: true }));
  };
  if (text) fill(text, name);
  fill(secret, password);
  const press = [...scope.querySelectorAll("button, input[type=submit]")].find((e) => shown(e) && (e.type === "submit" || !secret.form));
  if (press) press.click(); else if (secret.form) secret.form.requestSubmit();
  return "sent";
})`

// The page of a frontend is given this long to show its form, and as long
// again to keep what the login gave.
const (
	frontendTimeout = 3 * time.Second
	frontendPause   = 100 * time.Millisecond
)

// Frontend opens the page that people use in the victim's browser, signs in
// by its form where it shows one, and says what it keeps where script can
// read it.
func (v *Victim) Frontend(ctx context.Context, pageURL, name string, password secret.Text) (*Storage, error) {
	if err := v.load(ctx, pageURL); err != nil {
		return nil, err
	}
	login, err := json.Marshal([]string{name, password.Reveal()})
	if err != nil {
		return nil, err
	}
	signIn := signInScript + "(..." + string(login) + ")"
	sent := false
	var kept Storage
	deadline := time.Now().Add(frontendTimeout)
	for {
		// While the page moves on there is nothing to run a script in.
		if text, err := v.away.evaluate(ctx, storageScript); err == nil {
			if err := json.Unmarshal([]byte(text), &kept); err != nil {
				return nil, err
			}
			if !kept.empty() {
				return &kept, nil
			}
		}
		if !sent {
			if text, err := v.away.evaluate(ctx, signIn); err == nil && text != "" {
				sent, deadline = true, time.Now().Add(frontendTimeout)
			}
		}
		if time.Now().After(deadline) {
			return &kept, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(frontendPause):
		}
	}
}

// load opens a page in the second tab and returns when it has loaded.
func (v *Victim) load(ctx context.Context, pageURL string) error {
	loaded := make(chan struct{}, 1)
	listening, stop := context.WithCancel(v.away.ctx)
	defer stop()
	err := chromedp.Listen(listening, func(ev any) {
		if _, ok := ev.(*page.EventLoadEventFired); ok {
			select {
			case loaded <- struct{}{}:
			default:
			}
		}
	})
	if err != nil {
		return err
	}
	if err := v.away.navigate(ctx, pageURL); err != nil {
		return fmt.Errorf("opening %s: %w", pageURL, err)
	}
	select {
	case <-loaded:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(stepTimeout):
		return fmt.Errorf("%s did not load within %v", pageURL, stepTimeout)
	}
}
