package jwt_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/jwt"
)

func TestAuthenticate(t *testing.T) {
	at := now
	v := newVerifier(t, func(c *jwt.VerifierConfig) { c.Clock = func() time.Time { return at } })
	h := v.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tok, ok := jwt.FromContext(r.Context())
		fmt.Fprint(w, ok, tok.Subject)
	}))
	good := issue(t, nil, nil)
	if w := ask(h, http.Header{"Authorization": {"Bearer " + good}}); w.Code != 200 || w.Body.String() != "truealice" || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("good: %d %v %s", w.Code, w.Header(), w.Body)
	}
	const none, invalid = "Bearer", `Bearer error="invalid_token"`
	for name, c := range map[string]struct {
		header    http.Header
		later     time.Duration
		status    int
		detail    string
		code      string
		challenge string
	}{
		"none":         {http.Header{}, 0, 401, "Not authenticated", "no-token", none},
		"cookie":       {http.Header{"Cookie": {"access_token=" + good}}, 0, 401, "Not authenticated", "no-token", none},
		"other scheme": {http.Header{"Authorization": {"Basic YTpi"}}, 0, 401, "Not authenticated", "no-token", none},
		"changed":      {http.Header{"Authorization": {"Bearer " + good[:len(good)-4] + "AAAA"}}, 0, 401, "Invalid token", "token-invalid", invalid},
		"not a token":  {http.Header{"Authorization": {"Bearer x"}}, 0, 401, "Invalid token", "token-invalid", invalid},
		"two headers":  {http.Header{"Authorization": {"Bearer " + good, "Bearer " + good}}, 0, 401, "Invalid token", "token-invalid", invalid},
		"expired":      {http.Header{"Authorization": {"Bearer " + good}}, 15 * time.Minute, 401, "Token expired", "token-expired", invalid + `, error_description="the token has expired"`},
	} {
		at = now.Add(c.later)
		w := ask(h, c.header)
		var p struct {
			Status       int
			Detail, Code string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: no problem document: %v %s", name, w.Header(), w.Body)
		}
		if w.Code != c.status || p.Status != c.status || p.Detail != c.detail || p.Code != c.code {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if challenge := w.Header().Get("WWW-Authenticate"); challenge != c.challenge {
			t.Errorf("%s: WWW-Authenticate: %q", name, challenge)
		}
	}
	at = now

	dead := newVerifier(t, func(c *jwt.VerifierConfig) {
		c.Revoked = func(context.Context, *jwt.Token) (bool, error) { return false, errors.New("connection refused") }
	})
	w := ask(dead.Authenticate(http.NotFoundHandler()), http.Header{"Authorization": {"Bearer " + good}})
	if w.Code != 503 || w.Header().Get("WWW-Authenticate") != "" || strings.Contains(w.Body.String(), "refused") {
		t.Errorf("a deny-list that does not answer: %d %s", w.Code, w.Body)
	}
}

// ask sends a GET whose query has a token that must not count.
func ask(h http.Handler, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/?access_token=x", nil)
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestIdentify(t *testing.T) {
	h := newVerifier(t, nil).Identify(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tok, ok := jwt.FromContext(r.Context())
		if ok {
			fmt.Fprint(w, tok.Subject)
			return
		}
		fmt.Fprint(w, "nobody")
	}))
	good := issue(t, nil, nil)
	for name, c := range map[string]struct {
		header []string
		status int
		body   string
	}{
		"good":             {[]string{"Bearer " + good}, 200, "alice"},
		"none":             {nil, 200, "nobody"},
		"another scheme":   {[]string{"Basic YTpi"}, 200, "nobody"},
		"bad":              {[]string{"Bearer x"}, 401, ""},
		"not one word":     {[]string{"Bearer " + good + " x"}, 401, ""},
		"tab for space":    {[]string{"Bearer\t" + good}, 401, ""},
		"two headers":      {[]string{"Basic YTpi", "Bearer " + good}, 401, ""},
		"no token at all":  {[]string{"Bearer"}, 401, ""},
		"expired or wrong": {[]string{"Bearer " + good[:len(good)-4] + "AAAA"}, 401, ""},
	} {
		w := ask(h, http.Header{"Authorization": c.header, "Cookie": {"session=alice"}})
		if w.Code != c.status || c.status == 200 && w.Body.String() != c.body {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestRefuseAnswersInPlaceOfTheDocument(t *testing.T) {
	var noted error
	v := newVerifier(t, func(c *jwt.VerifierConfig) {
		c.Refuse = func(w http.ResponseWriter, _ *http.Request, err error) {
			noted = err
			jwt.Refuse(w, err)
		}
	})
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was let through") })
	if w := ask(v.Authenticate(next), http.Header{"Authorization": {"Bearer x"}}); w.Code != 401 || !errors.Is(noted, jwt.ErrMalformed) {
		t.Errorf("%d, and noted was %v", w.Code, noted)
	}
}

func TestDenylist(t *testing.T) {
	at := now
	list := jwt.NewDenylist(2, func() time.Time { return at })
	v := newVerifier(t, func(c *jwt.VerifierConfig) {
		c.Revoked, c.MaxCached, c.Clock = list.Revoked, 8, func() time.Time { return at }
	})
	verify := func(token string) (*jwt.Token, error) { return v.Verify(context.Background(), token) }
	var tokens []string
	for range 3 {
		tokens = append(tokens, issue(t, nil, nil))
	}
	for i, text := range tokens {
		tok, err := verify(text)
		if err != nil {
			t.Fatal(err)
		}
		err = list.Revoke(tok)
		if i < 2 && err != nil || i == 2 && !errors.Is(err, jwt.ErrDenylistFull) {
			t.Errorf("revoking the token %d: %v", i, err)
		}
		if _, err := verify(text); errors.Is(err, jwt.ErrRevoked) != (i < 2) {
			t.Errorf("the token %d: %v", i, err)
		}
	}
	if err := list.Revoke(&jwt.Token{ID: "x"}); err == nil {
		t.Error("a token that never ends was put on a list that forgets")
	}
	// What has expired makes room; nothing that was revoked is good again.
	at = at.Add(21 * time.Minute)
	tok := &jwt.Token{ID: "x", Expiry: at.Add(time.Minute)}
	if err := list.Revoke(tok); err != nil {
		t.Error(err)
	}
	if _, err := verify(tokens[0]); !errors.Is(err, jwt.ErrExpired) {
		t.Errorf("got %v", err)
	}
}

func TestKeysNeverPrint(t *testing.T) {
	k := hmacKey(t).WithID("1")
	text := fmt.Sprintf("%v %+v %#v %s %q %x %v %+v", k, k, k, k, k, k, []*jwt.Key{k}, struct{ K *jwt.Key }{k})
	for _, s := range []string{string(secret), fmt.Sprintf("%x", secret), fmt.Sprint(secret)} {
		if strings.Contains(text, s) {
			t.Errorf("%s shows the secret", text)
		}
	}
	if !strings.Contains(text, `HS256 key "1"`) {
		t.Errorf("%s does not say which key it is", text)
	}
}

func TestTheZeroVerifierLetsNobodyThrough(t *testing.T) {
	var v jwt.Verifier
	h := v.Authenticate(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was let through") }))
	for _, header := range []string{"", "Bearer x", "Bearer a.b.c", "Bearer .."} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
			t.Errorf("%q: %d", header, w.Code)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("no handler is one")
		}
	}()
	v.Authenticate(nil)
}
