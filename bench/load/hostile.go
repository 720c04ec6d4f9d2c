package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// An attacker knows the victim's cookie, as a browser attaches it, and not
// the token.
type attacker struct {
	run    *run
	victim *browser
	other  *browser // of the attacker's own
}

// attack tries everything once; the API must execute nothing of it.
func (r *run) attack() error {
	a := &attacker{r, r.browser(), r.browser()}
	defer a.victim.close()
	defer a.other.close()
	for _, b := range []*browser{a.victim, a.other} {
		if err := b.login(); err != nil {
			return err
		}
	}
	for _, try := range a.requests() {
		if err := a.refused(try.name, try.method, try.path, try.field...); err != nil {
			return err
		}
	}
	for name, text := range smuggled() {
		if err := a.raw(name, text); err != nil {
			return err
		}
	}
	for _, f := range []func() error{a.webSocket, a.slowHead, a.slowBody, a.halfClosed, a.goneWithinBody, a.goneBeforeAnswer} {
		if err := r.wait(); err != nil {
			return err
		}
		if err := f(); err != nil {
			return err
		}
	}
	for _, b := range []*browser{a.victim, a.other} {
		// The victim's session must have survived it all.
		if err := b.item("POST", []byte("{}")); err != nil {
			return fmt.Errorf("after the attacks: %w", err)
		}
		if _, _, err := b.expect(204, "POST", "/.countersign/logout", nil); err != nil {
			return err
		}
	}
	return nil
}

type try struct {
	name, method, path string
	field              []string
}

func (a *attacker) requests() []try {
	item := func() string { return "/items/" + hostile + rand.Text() }
	form := "application/x-www-form-urlencoded"
	cookie := a.victim.cookie
	evil := []string{"Cookie", cookie, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Content-Type", form}
	with := func(more ...string) []string { return append(evil[:len(evil):len(evil)], more...) }
	none := "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0."
	return []try{
		{"a form of another site", "POST", item(), evil},
		{"a form with a token of the attacker's own", "POST", item(), with("X-CSRF-Token", a.other.csrf)},
		{"a form of another site with a junk bearer", "POST", item(), with("Authorization", "Bearer x")},
		{"a form of a sandboxed page", "POST", item(), []string{"Cookie", cookie, "Origin", "null", "Content-Type", form}},
		{"a form of a sibling", "POST", item(), []string{"Cookie", cookie, "Origin", "http://127.0.0.1:9", "Sec-Fetch-Site", "same-site", "Content-Type", "text/plain"}},
		{"a form without an origin", "POST", item(), []string{"Cookie", cookie}},
		{"no token", "POST", item(), []string{"Cookie", cookie, "Origin", own, "Sec-Fetch-Site", "same-origin"}},
		{"another session's token", "DELETE", item(), []string{"Cookie", cookie, "Origin", own, "X-CSRF-Token", a.other.csrf}},
		{"an unknown method", "QUERY", item(), evil},
		{"an overridden method", "POST", item(), with("X-HTTP-Method-Override", "GET")},
		{"a login from another site", "POST", "/login/" + hostile + "login", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}},
		{"a token without signature", "POST", item(), []string{"Authorization", "Bearer " + none}},
		{"a token of a mebibyte of dots", "POST", item(), []string{"Authorization", "Bearer " + strings.Repeat(".", 16<<10)}},
		{"two session cookies", "POST", item(), []string{"Cookie", cookie + "; " + a.other.cookie, "Origin", own, "X-CSRF-Token", a.other.csrf}},
		{"a flood of cookies", "POST", item(), []string{"Cookie", strings.Repeat("a=b; ", 200) + cookie, "Origin", own, "X-CSRF-Token", a.victim.csrf}},
		{"a path that is another", "POST", "/x/..%2fitems/" + hostile + "path", evil},
		{"a head that is too long", "POST", item(), []string{"X-Long", strings.Repeat("x", 64<<10)}},
	}
}

// refused sends a request that must be answered with 4xx.
func (a *attacker) refused(name, method, path string, field ...string) error {
	if err := a.run.wait(); err != nil {
		return err
	}
	r, err := http.NewRequest(method, own+path, strings.NewReader("to=mallory"))
	if err != nil {
		return err
	}
	for i := 0; i < len(field); i += 2 {
		r.Header.Set(field[i], field[i+1])
	}
	res, err := a.other.http.Do(r)
	if err != nil {
		// A head that is too long may be answered while it is still being
		// written; the answer can be lost then, and the connection ends.
		if name == "a head that is too long" {
			return nil
		}
		return fmt.Errorf("%s: %w", name, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if res.StatusCode < 400 || res.StatusCode > 499 {
		return fmt.Errorf("%s: %s %s", name, res.Status, clip(body))
	}
	return nil
}

// smuggled are messages of which another reader may see two.
func smuggled() map[string]string {
	hidden := "POST /items/" + hostile + "smuggled HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 0\r\n\r\n"
	head := func(lines ...string) string {
		return "POST /items/" + hostile + "outer HTTP/1.1\r\nHost: " + host + "\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
	}
	return map[string]string{
		"two kinds of length":      head("Content-Length: 4", "Transfer-Encoding: chunked") + "0\r\n\r\n" + hidden,
		"two lengths":              head("Content-Length: 0", "Content-Length: 5") + hidden,
		"an obscured coding":       head("Transfer-Encoding: xchunked") + "0\r\n\r\n" + hidden,
		"a folded line":            head("X-A: b", " Transfer-Encoding: chunked") + hidden,
		"bare line feeds":          "POST /items/" + hostile + "lf HTTP/1.1\nHost: " + host + "\nContent-Length: 0\n\n" + hidden,
		"space before the colon":   head("Transfer-Encoding : chunked", "Content-Length: 0") + hidden,
		"a chunk size that is odd": head("Transfer-Encoding: chunked") + "0x0\r\n\r\n" + hidden,
		"no protocol":              "GET /items/" + hostile + "nine\r\n\r\n" + hidden,
		"noise":                    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + rand.Text() + "\r\n\r\n",
	}
}

func (a *attacker) dial() (net.Conn, error) {
	c, err := net.DialTimeout("tcp", a.run.guard.addr, patience)
	if err == nil {
		c.SetDeadline(time.Now().Add(patience))
	}
	return c, err
}

// raw sends bytes and reads until the guard closes the connection, which it
// must. Every answer must be 4xx.
func (a *attacker) raw(name, text string) error {
	if err := a.run.wait(); err != nil {
		return err
	}
	c, err := a.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	io.WriteString(c, text)
	return ended(name, c)
}

func ended(name string, c net.Conn) error {
	answer, err := io.ReadAll(io.LimitReader(c, 64<<10))
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("%s: the guard keeps the connection after %q", name, clip(answer))
	}
	if len(answer) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 4") || strings.Count(string(answer), "HTTP/1.1 ") > 1 {
		return fmt.Errorf("%s: answered with %s", name, clip(answer))
	}
	return nil
}

func (a *attacker) webSocket() error {
	c, res, _, err := a.run.handshake("/ws/"+hostile+"socket", "https://evil.example", a.victim.cookie)
	if err != nil {
		return err
	}
	defer c.Close()
	if res.StatusCode != http.StatusForbidden {
		return fmt.Errorf("a WebSocket of another site: %s", res.Status)
	}
	return nil
}

// slowHead sends a byte now and then and never ends.
func (a *attacker) slowHead() error {
	return a.slow("a slow head", "GET / HTTP/1.1\r\nHost: "+host+"\r\nX-Slow: ")
}

func (a *attacker) slowBody() error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /items/%sslow HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nAuthorization: Bearer %s\r\nContent-Length: 100\r\n\r\nabc", hostile, host, own, a.run.api.token())
	return ended("a body that stops", c)
}

func (a *attacker) slow(name, beginning string) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	io.WriteString(c, beginning)
	over, stop := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		drip := time.NewTicker(100 * time.Millisecond)
		defer drip.Stop()
		for {
			select {
			case <-stop:
				return
			case <-drip.C:
			}
			if _, err := c.Write([]byte{'x'}); err != nil {
				return
			}
		}
	}()
	err = ended(name, c)
	close(stop)
	<-over
	return err
}

// halfClosed says that nothing more comes and still reads: the request was
// whole, and is answered.
func (a *attacker) halfClosed() error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /items/none HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
	c.(*net.TCPConn).CloseWrite()
	// net/http takes a half-closed connection for one that is gone; either an
	// answer or an end is right, waiting is not.
	return ended("a half-closed connection", c)
}

// goneWithinBody announces more than it sends.
func (a *attacker) goneWithinBody() error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	fmt.Fprintf(c, "POST /items/%sgone HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nAuthorization: Bearer %s\r\nContent-Length: 100000\r\n\r\n%s", hostile, host, own, a.run.api.token(), strings.Repeat("x", 70_000))
	return c.Close()
}

// goneBeforeAnswer leaves an event stream after its first byte.
func (a *attacker) goneBeforeAnswer() error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	fmt.Fprintf(c, "GET /events/gone HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", host, a.run.api.token())
	_, err = bufio.NewReader(c).ReadByte()
	a.run.api.take("gone")
	return errors.Join(err, c.Close())
}
