package browser

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"github.com/d710e0ae/countersign/internal/secret"
)

// A Victim is a person at the browser, with two tabs: one on the API's own
// origin, one that the attacker's pages are opened in.
type Victim struct {
	b    *Browser
	home *tab
	away *tab
}

// A tab of the browser.
type tab struct {
	ctx    context.Context
	cancel context.CancelFunc
	target *chromedp.Target
}

// stepTimeout is how long one step in the browser may take.
const stepTimeout = 15 * time.Second

// blankPath is a path on the API's origin at which the browser is given an
// empty page; the API is not asked for it.
const blankPath = "/.countersign-blank-page"

// NewVictim returns a person who has no cookies yet: whatever the last one
// had is gone.
func (b *Browser) NewVictim(ctx context.Context) (*Victim, error) {
	v := &Victim{b: b}
	var err error
	if v.home, err = b.newTab(ctx); err != nil {
		return nil, err
	}
	if v.away, err = b.newTab(ctx); err != nil {
		v.Close()
		return nil, err
	}
	if err := v.Forget(ctx); err != nil {
		v.Close()
		return nil, err
	}
	if err := v.goHome(ctx); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// Forget deletes all cookies.
func (v *Victim) Forget(ctx context.Context) error {
	if _, err := call(ctx, v.home, storage.ClearCookies, storage.ClearCookiesParams{}); err != nil {
		return fmt.Errorf("clearing cookies: %w", err)
	}
	return nil
}

// Close closes the person's tabs.
func (v *Victim) Close() {
	for _, t := range []*tab{v.home, v.away} {
		if t != nil {
			t.cancel()
		}
	}
}

func (b *Browser) newTab(ctx context.Context) (*tab, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := &tab{}
	t.ctx, t.cancel = chromedp.NewContext(b.ctx)
	if err := chromedp.Do(t.ctx); err != nil {
		t.cancel()
		return nil, fmt.Errorf("opening a tab: %w", err)
	}
	t.target = chromedp.FromContext(t.ctx).Target
	for _, err := range []error{
		second(call(ctx, t, network.Enable, network.EnableParams{})),
		second(call(ctx, t, page.Enable, page.EnableParams{})),
	} {
		if err != nil {
			t.cancel()
			return nil, err
		}
	}
	return t, nil
}

func second[T any](_ T, err error) error { return err }

// call sends one command to a tab, for no longer than a step may take and
// than ctx lives.
func call[P, R any](ctx context.Context, t *tab, c cdp.Command[P, R], params P) (R, error) {
	limited, cancel := context.WithTimeout(t.ctx, stepTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	r, err := cdp.Call(limited, t.target, c, params)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return r, err
}

// goHome opens an empty page on the API's origin in the first tab. The
// browser is handed the page; the API sees no request.
func (v *Victim) goHome(ctx context.Context) error {
	blank := v.b.target.String() + blankPath
	listening, stop := context.WithCancel(v.home.ctx)
	defer stop()
	failed := make(chan error, 1)
	err := chromedp.Listen(listening, func(ev any) {
		paused, ok := ev.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		go func() { // a listener must not wait for an answer
			_, err := call(ctx, v.home, fetch.FulfillRequest, fetch.FulfillRequestParams{
				RequestID:       paused.RequestID,
				ResponseCode:    http.StatusOK,
				ResponseHeaders: []*fetch.HeaderEntry{{Name: "Content-Type", Value: "text/html"}},
				Body:            []byte("<!DOCTYPE html><title>The API's own origin</title>"),
			})
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		}()
	})
	if err != nil {
		return err
	}
	if _, err := call(ctx, v.home, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: blank}}}); err != nil {
		return err
	}
	defer call(ctx, v.home, fetch.Disable, cdp.Empty{})
	if err := v.home.navigate(ctx, blank); err != nil {
		select {
		case cause := <-failed:
			return fmt.Errorf("standing on the API's origin: %w", cause)
		default:
			return fmt.Errorf("standing on the API's origin: %w", err)
		}
	}
	return nil
}

func (t *tab) navigate(ctx context.Context, to string) error {
	r, err := call(ctx, t, page.Navigate, page.NavigateParams{URL: to})
	if err != nil {
		return err
	}
	if r.ErrorText != "" {
		return fmt.Errorf("%s", r.ErrorText)
	}
	return nil
}

// A Request is sent by the API's own page, as its own script would.
type Request struct {
	Method      string
	URL         string // absolute
	Header      http.Header
	ContentType string
	Body        []byte
}

// A Response is what that script reads.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	URL    string // after redirects
}

// maxBody bounds what is read of an answer, in bytes.
const maxBody = 1 << 20

const fetchScript = `(async (q) => {
  const body = q.body ? Uint8Array.from(atob(q.body), (c) => c.charCodeAt(0)) : undefined;
  const r = await fetch(q.url, { method: q.method, headers: q.headers, body, credentials: "include", cache: "no-store" });
  const data = new Uint8Array(await r.arrayBuffer()).slice(0, q.max);
  let text = "";
  for (let i = 0; i < data.length; i += 4096) text += String.fromCharCode(...data.subarray(i, i + 4096));
  return JSON.stringify({ status: r.status, url: r.url, headers: [...r.headers], body: btoa(text) });
})(%s)`

// Do sends the request from the API's own page and returns what that page's
// script can read.
func (v *Victim) Do(ctx context.Context, q Request) (*Response, error) {
	headers := map[string]string{}
	for name, values := range q.Header {
		headers[name] = strings.Join(values, ", ")
	}
	if q.ContentType != "" {
		headers["Content-Type"] = q.ContentType
	}
	arg, err := json.Marshal(map[string]any{
		"method": q.Method, "url": q.URL, "headers": headers, "body": base64.StdEncoding.EncodeToString(q.Body), "max": maxBody,
	})
	if err != nil {
		return nil, err
	}
	text, err := v.home.evaluate(ctx, fmt.Sprintf(fetchScript, arg))
	if err != nil {
		return nil, fmt.Errorf("%s %s in the browser: %w", q.Method, q.URL, err)
	}
	var got struct {
		Status  int         `json:"status"`
		URL     string      `json:"url"`
		Headers [][2]string `json:"headers"`
		Body    []byte      `json:"body"`
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		return nil, fmt.Errorf("the browser's answer: %w", err)
	}
	r := &Response{Status: got.Status, URL: got.URL, Body: got.Body, Header: http.Header{}}
	for _, h := range got.Headers {
		r.Header.Add(h[0], h[1])
	}
	return r, nil
}

// evaluate runs script in the tab and returns the text that it resolves to.
func (t *tab) evaluate(ctx context.Context, script string) (string, error) {
	yes := true
	r, err := call(ctx, t, runtime.Evaluate, runtime.EvaluateParams{Expression: script, AwaitPromise: &yes, ReturnByValue: &yes})
	if err != nil {
		return "", err
	}
	if r.ExceptionDetails != nil {
		what := r.ExceptionDetails.Text
		if r.ExceptionDetails.Exception != nil {
			what = firstLine(r.ExceptionDetails.Exception.Description)
		}
		return "", fmt.Errorf("script: %s", what)
	}
	if r.Result == nil || len(r.Result.Value) == 0 {
		return "", nil
	}
	var text string
	if err := json.Unmarshal(r.Result.Value, &text); err != nil {
		return "", err
	}
	return text, nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// A Cookie as the browser keeps it.
type Cookie struct {
	Name     string
	Value    secret.Text
	Domain   string
	Path     string
	Secure   bool
	HTTPOnly bool
	SameSite string // "Strict", "Lax", "None", or "" where the server did not say
}

// Login sends the request from the API's own page, so that the browser
// itself applies the Set-Cookie of the answer, and returns the answer.
func (v *Victim) Login(ctx context.Context, q Request) (*Response, error) { return v.Do(ctx, q) }

// Cookies returns what the browser keeps for the API, and tells the redactor
// of the values.
func (v *Victim) Cookies(ctx context.Context) ([]Cookie, error) {
	r, err := call(ctx, v.home, network.GetCookies, network.GetCookiesParams{URLs: []string{v.b.cfg.Target.String()}})
	if err != nil {
		return nil, err
	}
	var out []Cookie
	for _, c := range r.Cookies {
		v.b.cfg.Redactor.Add(c.Value)
		out = append(out, Cookie{c.Name, secret.New(c.Value), c.Domain, c.Path, c.Secure, c.HTTPOnly, string(c.SameSite)})
	}
	return out, nil
}

// SetCookies gives the browser cookies that the user told, where there is no
// login.
func (v *Victim) SetCookies(ctx context.Context, cookies []*http.Cookie) error {
	for _, c := range cookies {
		p := network.SetCookieParams{Name: c.Name, Value: c.Value, URL: v.b.target.String(), Path: c.Path, Secure: ptr(c.Secure), HTTPOnly: ptr(c.HttpOnly)}
		switch c.SameSite {
		case http.SameSiteStrictMode:
			p.SameSite = network.CookieSameSiteStrict
		case http.SameSiteLaxMode:
			p.SameSite = network.CookieSameSiteLax
		case http.SameSiteNoneMode:
			p.SameSite = network.CookieSameSiteNone
		}
		if _, err := call(ctx, v.home, network.SetCookie, p); err != nil {
			return fmt.Errorf("setting the cookie %s: %w", c.Name, err)
		}
	}
	return nil
}

func ptr[T any](v T) *T { return &v }
