package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// patience bounds each wait for the guard, so that a hanging one is an error
// and not a hanging run.
const patience = 60 * time.Second

// host is what the guard's configuration calls itself.
const host = "127.0.0.1:8443"

const own = "http://" + host

// A browser is one visitor with connections and a session of its own.
type browser struct {
	run    *run
	http   *http.Client
	cookie string
	csrf   string
}

func (r *run) browser() *browser {
	return &browser{run: r, http: &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			DisableCompression: true,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, network, r.guard.addr)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (b *browser) close() { b.http.CloseIdleConnections() }

// do sends a request as a page of the guard's own origin does.
func (b *browser) do(method, path string, body io.Reader, field ...string) (status int, answer []byte, h http.Header, err error) {
	if err := b.run.wait(); err != nil {
		return 0, nil, nil, err
	}
	r, err := http.NewRequest(method, own+path, body)
	if err != nil {
		return 0, nil, nil, err
	}
	r.Header.Set("Origin", own)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	if b.csrf != "" && method != http.MethodGet {
		r.Header.Set("X-CSRF-Token", b.csrf)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(field); i += 2 {
		r.Header.Set(field[i], field[i+1])
	}
	res, err := b.http.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	return res.StatusCode, answer, res.Header, err
}

// expect sends a request that must be answered with status.
func (b *browser) expect(status int, method, path string, body io.Reader, field ...string) ([]byte, http.Header, error) {
	got, answer, h, err := b.do(method, path, body, field...)
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if got != status {
		return nil, nil, fmt.Errorf("%s %s: %d %s, not %d", method, path, got, clip(answer), status)
	}
	return answer, h, nil
}

// jwt is the shape of one. Its first letters alone stand by chance in one of
// some thousand CSRF tokens.
var jwt = regexp.MustCompile(`eyJ[\w-]+\.`)

func clip(b []byte) []byte { return b[:min(len(b), 300)] }

func (b *browser) login() error {
	answer, h, err := b.expect(200, "POST", "/login", strings.NewReader(`{"username":"alice","password":"wonderland-7"}`))
	if err != nil {
		return err
	}
	var in struct {
		CSRF string `json:"csrf_token"`
	}
	if err := json.Unmarshal(answer, &in); err != nil || in.CSRF == "" || jwt.Match(answer) {
		return fmt.Errorf("the login answered %s", clip(answer))
	}
	cookie, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
	if cookie == "" {
		return errors.New("the login set no cookie")
	}
	b.cookie, b.csrf = cookie, in.CSRF
	return nil
}

// visit is one honest visitor, from login to logout.
func (r *run) visit() error {
	b := r.browser()
	defer b.close()
	if err := b.login(); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return b.item("GET", nil) },
		func() error { return b.item("POST", []byte(`{"to":"bob"}`)) },
		func() error { return b.item("POST", []byte(`{"to":"bob"}`), "Idempotency-Key", `"`+rand.Text()+`"`) },
		func() error { return b.item("PUT", []byte(`{"to":"bob"}`)) },
		func() error { return b.item("DELETE", nil) },
		b.webSocket,
		b.eventStream,
		func() error { return b.upload(false) },
		func() error { return b.upload(true) },
		func() error {
			_, _, err := b.expect(200, "POST", "/refresh", strings.NewReader(`{}`))
			return err
		},
		func() error { return b.item("GET", nil) },
		func() error {
			_, _, err := b.expect(204, "POST", "/.countersign/logout", nil)
			return err
		},
		func() error {
			_, _, err := b.expect(401, "GET", "/items/l-after", nil)
			return err
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// once fails unless the API executed the item exactly once.
func (b *browser) once(item string) error {
	if n := b.run.api.take(item); n != 1 {
		return fmt.Errorf("the API executed %s %d times", item, n)
	}
	return nil
}

func (b *browser) item(method string, body []byte, field ...string) error {
	item := "l-" + rand.Text()
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	answer, _, err := b.expect(200, method, "/items/"+item, r, field...)
	if err != nil {
		return err
	}
	if !bytes.Contains(answer, []byte(item)) {
		return fmt.Errorf("%s %s got another request's answer: %s", method, item, clip(answer))
	}
	return b.once(item)
}

// upload sends 256 KiB, with or without saying so beforehand.
func (b *browser) upload(chunked bool) error {
	item, body := "l-"+rand.Text(), make([]byte, 256<<10)
	rand.Read(body)
	sum := sha256.Sum256(body)
	var r io.Reader = bytes.NewReader(body)
	if chunked {
		r = io.MultiReader(r)
	}
	answer, _, err := b.expect(200, "POST", "/items/"+item, r, "Content-Type", "application/octet-stream")
	if err != nil {
		return err
	}
	if want := fmt.Sprintf(`"sum":"%x"`, sum); !bytes.Contains(answer, []byte(want)) {
		return fmt.Errorf("the upload arrived changed: %s", clip(answer))
	}
	return b.once(item)
}

func (b *browser) eventStream() error {
	item := "l-" + rand.Text()
	answer, _, err := b.expect(200, "GET", "/events/"+item, nil, "Accept", "text/event-stream")
	if err != nil {
		return err
	}
	if n := bytes.Count(answer, []byte("data: "+item)); n != eventsOf {
		return fmt.Errorf("%d events came, not %d", n, eventsOf)
	}
	return b.once(item)
}

func (b *browser) webSocket() error {
	if err := b.run.wait(); err != nil {
		return err
	}
	item := "l-" + rand.Text()
	conn, res, in, err := b.run.handshake("/ws/"+item, own, b.cookie)
	if err != nil {
		return err
	}
	defer conn.Close()
	if res.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("the WebSocket handshake was answered with %s", res.Status)
	}
	text := []byte("hello")
	frame := append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...) // a mask of zeros changes nothing
	if _, err := conn.Write(frame); err != nil {
		return err
	}
	if got, err := readFrame(in); err != nil || !bytes.Equal(got, text) {
		return fmt.Errorf("the WebSocket sent back %q, %w", got, err)
	}
	return b.once(item)
}

// handshake asks for a WebSocket from a page of that origin.
func (r *run) handshake(path, origin, cookie string) (net.Conn, *http.Response, *bufio.Reader, error) {
	conn, err := net.DialTimeout("tcp", r.guard.addr, patience)
	if err != nil {
		return nil, nil, nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nCookie: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n", path, host, origin, cookie)
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		conn.Close()
		return nil, nil, nil, err
	}
	return conn, res, in, nil
}
