package browser

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"

	"github.com/d710e0ae/countersign/internal/finding"
)

// A recorder follows the forged request through the events of a tab.
type recorder struct {
	attack Attack
	wake   chan struct{} // has room for one: something happened

	mu         sync.Mutex
	id         network.RequestID
	preflight  map[network.RequestID]bool
	preflights struct{ sent, allowed bool }
	request    network.Headers
	response   network.Headers
	cookies    []*network.AssociatedCookie
	earlyInfo  map[network.RequestID]*network.EventRequestWillBeSentExtraInfo
	status     int
	failed     string
	cors       bool // the failure is one of CORS
	ended      bool
	extra      bool // the cookies are known
	committed  bool // the tab has gone over to the answer, where the attack navigates
	shown      bool // and shows it
}

func newRecorder(a Attack) *recorder {
	return &recorder{attack: a, wake: make(chan struct{}, 1), preflight: map[network.RequestID]bool{},
		earlyInfo: map[network.RequestID]*network.EventRequestWillBeSentExtraInfo{}}
}

// event is called for every event of the tab, one after the other.
func (r *recorder) event(ev any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		r.willBeSent(e)
	case *network.EventRequestWillBeSentExtraInfo:
		r.earlyInfo[e.RequestID] = e
		if e.RequestID == r.id {
			r.info(e)
		}
	case *network.EventResponseReceived:
		switch {
		case r.preflight[e.RequestID]:
			r.preflights.allowed = e.Response.Status >= 200 && e.Response.Status < 300
		case e.RequestID == r.id:
			r.end(int(e.Response.Status), e.Response.Headers)
		}
	case *network.EventLoadingFailed:
		if e.RequestID == r.id {
			r.failed, r.cors, r.ended = e.ErrorText, e.CorsErrorStatus != nil, true
			if e.CorsErrorStatus != nil {
				r.failed = "CORS: " + string(e.CorsErrorStatus.CorsError)
			}
		}
	case *page.EventFrameNavigated:
		if e.Frame != nil && e.Frame.ParentID == "" && sameRequest(e.Frame.URL, r.attack.URL) {
			r.committed = true
		}
	case *page.EventLoadEventFired:
		r.shown = r.committed
	case *network.EventWebSocketCreated:
		if r.attack.Shape == finding.WebSocket && sameRequest(strings.Replace(e.URL, "ws", "http", 1), r.attack.URL) {
			r.id = e.RequestID
		}
	case *network.EventWebSocketWillSendHandshakeRequest:
		if e.RequestID == r.id {
			r.request = e.Request.Headers
		}
	case *network.EventWebSocketHandshakeResponseReceived:
		if e.RequestID == r.id {
			r.end(int(e.Response.Status), e.Response.Headers)
		}
	case *network.EventWebSocketFrameError:
		if e.RequestID == r.id && !r.ended {
			r.failed, r.ended = e.ErrorMessage, true
		}
	default:
		return
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *recorder) willBeSent(e *network.EventRequestWillBeSent) {
	if e.RequestID == r.id && e.RedirectResponse != nil {
		// A redirect is the API's answer; what follows is another request.
		r.end(int(e.RedirectResponse.Status), e.RedirectResponse.Headers)
		r.id = ""
		return
	}
	if !sameRequest(e.Request.URL, r.attack.URL) || r.ended {
		return
	}
	if e.Type == network.ResourceTypePreflight || e.Request.Method == "OPTIONS" && r.attack.Method != "OPTIONS" {
		r.preflight[e.RequestID] = true
		r.preflights.sent = true
		return
	}
	if e.Request.Method != r.attack.Method || r.id != "" {
		return
	}
	r.id, r.request = e.RequestID, e.Request.Headers
	if info := r.earlyInfo[e.RequestID]; info != nil {
		r.info(info)
	}
}

func (r *recorder) info(e *network.EventRequestWillBeSentExtraInfo) {
	r.request, r.cookies, r.extra = e.Headers, e.AssociatedCookies, true
}

func (r *recorder) end(status int, h network.Headers) {
	if !r.ended {
		r.status, r.response, r.ended = status, h, true
	}
}

// sameRequest compares addresses as a browser writes them.
func sameRequest(a, b string) bool {
	if a == b {
		return true
	}
	ua, errA := url.Parse(a)
	ub, errB := url.Parse(b)
	return errA == nil && errB == nil && ua.Host == ub.Host && ua.EscapedPath() == ub.EscapedPath() && ua.Query().Encode() == ub.Query().Encode()
}

// wait returns when the request has ended and its cookies are known, or when
// nothing more is to be expected.
func (r *recorder) wait(ctx context.Context) error {
	deadline := time.NewTimer(stepTimeout)
	defer deadline.Stop()
	var quiet <-chan time.Time
	for {
		r.mu.Lock()
		ended, whole := r.ended, r.ended && r.extra && (r.shown || !navigates(r.attack.Shape))
		r.mu.Unlock()
		if whole {
			return nil
		}
		if ended && quiet == nil {
			quiet = time.After(settle)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return nil // the trace says that nothing was sent, or not answered
		case <-quiet:
			return nil
		case <-r.wake:
		}
	}
}

// navigates tells shapes that end on the API's answer as a page. It cannot be
// shown before it is there.
func navigates(s finding.Shape) bool {
	switch s {
	case finding.Form, finding.TextPlain, finding.Multipart, finding.Override, finding.Navigate:
		return true
	}
	return false
}

func (r *recorder) trace(b *Browser) *Trace {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &Trace{
		PreflightSent:    r.preflights.sent,
		PreflightAllowed: r.preflights.sent && r.preflights.allowed && !r.cors,
		Status:           r.status,
		Policy:           b.cfg.ThirdPartyCookies,
		Error:            r.failed,
	}
	// A request that CORS hides from the page was sent all the same; one that
	// failed at its preflight was not.
	t.Sent = r.status != 0 || r.extra && !(r.preflights.sent && r.failed != "")
	t.Readable = r.status != 0 && r.failed == "" && r.attack.Shape == finding.JSONCORS
	for _, c := range r.cookies {
		if c.Cookie == nil {
			continue
		}
		b.cfg.Redactor.Add(c.Cookie.Value)
		if len(c.BlockedReasons) == 0 {
			t.CookiesSent = append(t.CookiesSent, c.Cookie.Name)
			continue
		}
		var why []string
		for _, reason := range c.BlockedReasons {
			why = append(why, string(reason))
		}
		t.CookiesBlocked = append(t.CookiesBlocked, BlockedCookie{c.Cookie.Name, strings.Join(why, ", ")})
	}
	t.Transcript = b.cfg.Redactor.Redact(r.transcript(t))
	return t
}

// maxShown bounds the body in a transcript, in bytes.
const maxShown = 2000

func (r *recorder) transcript(t *Trace) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %s\n%s", r.attack.Method, r.attack.URL, headerText(r.request))
	if len(r.attack.Body) > 0 {
		fmt.Fprintf(&s, "\n%s\n", r.attack.Body[:min(len(r.attack.Body), maxShown)])
	}
	switch {
	case t.Status != 0:
		fmt.Fprintf(&s, "\n→ %d\n%s", t.Status, headerText(r.response))
	case t.Error != "":
		fmt.Fprintf(&s, "\n→ %s\n", t.Error)
	default:
		s.WriteString("\n→ no answer\n")
	}
	for _, c := range t.CookiesBlocked {
		fmt.Fprintf(&s, "cookie %s kept back: %s\n", c.Name, c.Reason)
	}
	return s.String()
}
