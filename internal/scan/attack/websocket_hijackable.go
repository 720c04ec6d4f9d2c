package attack

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/browser"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/d710e0ae/countersign/internal/weakness"
)

// usualSockets are the paths at which APIs most often serve WebSockets, which
// their documents do not show.
var usualSockets = []string{"/ws", "/api/ws", "/websocket", "/socket", "/ws/", "/ws/chat", "/ws/notifications", "/notifications/ws", "/chat/ws", "/chat", "/ws/updates", "/ws/events", "/live", "/stream", "/feed", "/events", "/updates", "/notifications", "/messages", "/ws/live", "/ws/feed", "/ws/stream", "/ws/echo", "/echo"}

var socketInText = regexp.MustCompile(`(?:wss?://[^/\s"'` + "`" + `]+|["'` + "`" + `])(/[A-Za-z0-9_\-/.{}]*(?:ws|socket|live|stream|chat|feed|events)[A-Za-z0-9_\-/.]*)`)

// Sockets returns paths that may serve a WebSocket: those that pages of the
// API name, those that the document names, and the usual ones.
func Sockets(pages []*client.Response, paths []string) []string {
	var out []string
	add := func(p string) {
		if !slices.Contains(out, p) && !strings.Contains(p, "{") && len(out) < 48 {
			out = append(out, p)
		}
	}
	for _, p := range pages {
		for _, m := range socketInText.FindAllSubmatch(p.Body, 20) {
			add(string(m[1]))
		}
	}
	for _, p := range paths {
		if strings.Contains(p, "ws") || strings.Contains(p, "socket") {
			add(p)
		}
	}
	for _, p := range usualSockets {
		add(p)
	}
	return out
}

// dialled is the end of one handshake.
type dialled struct {
	open     bool
	status   int
	greeting string // the first message that the server sent by itself
	closed   bool   // the server closed it at once
}

// websocketHijackable opens each WebSocket as a page of another site does,
// with the cookies that travel. Controls: from the own origin with the cookie
// it opens, and without the cookie it does not.
func websocketHijackable(ctx context.Context, t *Target) error {
	var pages []*client.Response
	home := *t.Base
	home.Path = strings.TrimSuffix(home.Path, "/") + "/"
	res, err := t.Client.Do(ctx, &client.Request{Method: http.MethodGet, URL: &home, Header: http.Header{}})
	if err != nil {
		return err
	}
	pages = append(pages, res)
	creds := t.Victim.Credentials()
	own := t.Base.Scheme + "://" + t.Base.Host
	for _, path := range Sockets(pages, slices.Concat(t.Sockets, t.Paths)) {
		u := *t.Base
		u.Path = strings.TrimSuffix(u.Path, "/") + path
		cookies := creds.Jar.Header(&u)
		if cookies == "" {
			continue
		}
		with, err := t.dial(ctx, &u, own, cookies)
		if err != nil {
			return err
		}
		if !with.open || with.closed {
			continue
		}
		s := &Subject{Ref: finding.OperationRef{Method: http.MethodGet, Path: path}, ChangesState: true, Exercised: true,
			Credential: finding.CredentialCookie, Call: &Call{Request: &openapi.Request{Method: http.MethodGet, Path: path}, Base: t.Base}}
		without, err := t.dial(ctx, &u, own, "")
		if err != nil {
			return err
		}
		if without.open && !without.closed && without.greeting == with.greeting {
			t.Handler.Operation(finding.Operation{OperationRef: s.Ref, Exercised: true, Credential: finding.CredentialNone, Reason: "a WebSocket that opens without any credential"})
			continue
		}
		t.Handler.Operation(finding.Operation{OperationRef: s.Ref, ChangesState: true, Exercised: true, Credential: finding.CredentialCookie, Reason: "a WebSocket"})
		if err := t.hijack(ctx, s, &u, !without.open); err != nil {
			return err
		}
	}
	return nil
}

// hijack tries every position on one WebSocket. Where the handshake alone
// tells whether the cookie was taken, a browser makes it, too.
func (t *Target) hijack(ctx context.Context, s *Subject, u *url.URL, telling bool) error {
	creds := t.Victim.Credentials()
	var got []string
	var shown *Seen
	var page browser.Attack
	cross := false
	for _, pos := range finding.Positions() {
		try := &Try{Verdict: finding.Verdict{Operation: s.Ref.String(), Position: pos, Shape: finding.WebSocket, Proof: finding.ByHTTP}}
		s.Tries = append(s.Tries, try)
		from, exists := Origin(pos, t.Base)
		if !exists {
			try.Verdict.Verdict, try.Reason, try.Proof = finding.NotTested, "the API speaks plain http itself, so an http page of its host is no other position", ""
			t.Handler.Verdict(try.Verdict)
			continue
		}
		_, travel := t.travelling(creds, s, pos, finding.WebSocket)
		// What the server makes of the Origin is asked with all cookies.
		d, err := t.dial(ctx, u, from, creds.Jar.Header(u))
		if err != nil {
			return err
		}
		switch opened := d.open && !d.closed; {
		case opened && travel.Sent:
			try.Verdict.Verdict, try.Reason = finding.Forged, "the upgrade is accepted: "+travel.Why
			a := browser.Attack{Position: pos, Shape: finding.WebSocket, Method: http.MethodGet, URL: u.String(), Operation: s.Ref.String(), Picture: shown == nil}
			if seen := t.try(ctx, a, true); seen != nil && telling {
				try.Proof = finding.ByBrowser
				if seen.Status != http.StatusSwitchingProtocols {
					try.Verdict.Verdict, try.By, try.Reason = finding.Blocked, finding.BySameSite, fmt.Sprintf("the browser's upgrade is refused (%d), as it is without the cookie", seen.Status)
					break
				}
				if shown == nil {
					shown, page = seen, a
				}
			}
			got = append(got, string(pos))
			cross = cross || pos != finding.SameSite
		case opened:
			try.Verdict.Verdict, try.By, try.Reason = finding.Blocked, travel.By, travel.Why
		default:
			try.Verdict.Verdict, try.By, try.Reason = finding.Blocked, finding.ByOrigin, fmt.Sprintf("the upgrade is refused (%d)", d.status)
		}
		t.Handler.Verdict(try.Verdict)
	}
	if len(got) == 0 {
		return nil
	}
	opts := []option{evidence(finding.Evidence{Kind: finding.ResponseEvidence,
		Text: "101 Switching Protocols for a foreign Origin with the victim's cookie; without the cookie the upgrade is refused"})}
	if shown != nil {
		opts = append(opts, shown.proved(t.Browser.Keep(page))...)
	} else {
		opts = append(opts, t.unproved)
	}
	if !cross {
		opts = append(opts, severity(weakness.Medium))
	}
	t.report("websocket-hijackable", s, t.sayf("The WebSocket %s opens with the victim's cookie for a foreign Origin (%s).", s.Ref.Path, strings.Join(got, ", ")), opts...)
	return nil
}

// dial tries one handshake and waits shortly for what the server says first.
func (t *Target) dial(ctx context.Context, u *url.URL, origin, cookies string) (dialled, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	h := http.Header{}
	h.Set("Origin", origin)
	h.Set("User-Agent", client.UserAgent)
	if cookies != "" {
		h.Set("Cookie", cookies)
	}
	// Most paths have no WebSocket. That is asked over a kept connection, at
	// the pace of the scan; a handshake that succeeds takes its own with it.
	asked, err := t.Client.Do(ctx, &client.Request{Method: http.MethodGet, URL: u, Header: upgrade(h), Bare: true})
	switch {
	case err != nil && ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return dialled{}, ctx.Err()
	case err != nil:
		return dialled{}, nil
	case asked.Status != http.StatusSwitchingProtocols:
		return dialled{status: asked.Status}, nil
	}
	ws := *u
	ws.Scheme = "ws" + strings.TrimPrefix(u.Scheme, "http")
	t.Client.Count()
	conn, res, err := websocket.Dial(ctx, ws.String(), &websocket.DialOptions{HTTPHeader: h, HTTPClient: t.Client.HTTP()})
	if err != nil {
		if res == nil {
			if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return dialled{}, ctx.Err()
			}
			return dialled{}, nil
		}
		return dialled{status: res.StatusCode}, nil
	}
	defer conn.CloseNow()
	conn.SetReadLimit(64 << 10)
	short, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	d := dialled{open: true, status: http.StatusSwitchingProtocols}
	_, msg, err := conn.Read(short)
	switch {
	case err == nil:
		d.greeting = digits(string(msg))
	case websocket.CloseStatus(err) != -1:
		d.closed = true
	}
	return d, nil
}

// upgrade adds what asks for a WebSocket (RFC 6455 §4.1).
func upgrade(h http.Header) http.Header {
	h = h.Clone()
	h.Set("Connection", "Upgrade")
	h.Set("Upgrade", "websocket")
	h.Set("Sec-WebSocket-Version", "13")
	h.Set("Sec-WebSocket-Key", base64.StdEncoding.EncodeToString([]byte(rand.Text()[:16])))
	return h
}
