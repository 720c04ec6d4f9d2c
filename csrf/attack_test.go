package csrf_test

import (
	"encoding/hex"
	"errors"
	"net/http"
	"testing"

	"github.com/d710e0ae/countersign/csrf"
)

// TestAttack_27_MalformedExpectation: a check that cannot read what it should
// compare with must refuse (GO-2020-0049: nosurf passed every request).
func TestAttack_27_MalformedExpectation(t *testing.T) {
	// The control is the mistake: no expectation, no comparison.
	careless := func(r *http.Request) error {
		expected, err := hex.DecodeString(sessionOf(r).ID)
		if err != nil {
			expected = nil
		}
		given, _ := hex.DecodeString(r.Header.Get("X-CSRF-Token")) // what is unreadable is empty, too
		if string(expected) != string(given) {
			return errors.New("403")
		}
		return nil
	}
	p := protection(t, nil)
	for _, session := range []string{"not-hex", "zz", "%", "a b"} {
		r := request("POST", "/transfer", own, "X-CSRF-Token: not-hex-either")
		r.AddCookie(&http.Cookie{Name: "session", Value: session})
		if err := careless(r); err != nil {
			t.Errorf("control with session %q: %v", session, err)
		}
		if err := p.Check(r); !errors.Is(err, csrf.ErrTokenMalformed) {
			t.Errorf("session %q: %v, want %v", session, err, csrf.ErrTokenMalformed)
		}
	}
}

// TestAttack_30_TokenOutlivesItsSession: a token ends with the session that
// it was made for, and serves all tabs until then.
func TestAttack_30_TokenOutlivesItsSession(t *testing.T) {
	p := protection(t, nil)
	first, second := token(t, p, "before-login"), token(t, p, "before-login")
	check := func(tok, session string) error {
		return p.Check(request("POST", "/transfer", own, "Cookie: session="+session, "X-CSRF-Token: "+tok))
	}
	for _, tab := range []string{first, second, first} {
		if err := check(tab, "before-login"); err != nil {
			t.Errorf("a tab of the session: %v", err)
		}
	}
	// The control keeps a token for a person, not for a session.
	kept := map[string]string{"alice": first}
	if kept["alice"] != first {
		t.Error("control: the token of the person was not accepted after the login")
	}
	for _, after := range []string{"after-login", "after-rotation", ""} {
		if err := check(first, after); err == nil {
			t.Errorf("the token of the session before is accepted in %q", after)
		}
	}
}
