package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/d710e0ae/countersign/internal/lab"
	"github.com/d710e0ae/countersign/internal/scan/browser"
)

// A user works at the bank's own page, in a browser.
type user struct {
	victim *browser.Victim
	base   string
	bank   *lab.Bank
	csrf   string
}

func (u *user) send(ctx context.Context, method, path string, body any) (*browser.Response, error) {
	q := browser.Request{Method: method, URL: u.base + path, Header: http.Header{}}
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		q.Body, q.ContentType = b, "application/json"
	}
	if u.csrf != "" && method != http.MethodGet {
		q.Header.Set("X-CSRF-Token", u.csrf)
	}
	return u.victim.Do(ctx, q)
}

func expect(r *browser.Response, err error, status int) error {
	if err != nil {
		return err
	}
	if r.Status != status {
		return fmt.Errorf("the answer is %d: %.200s", r.Status, r.Body)
	}
	return nil
}

func (u *user) logIn(ctx context.Context) error {
	r, err := u.send(ctx, http.MethodPost, "/login", map[string]string{"username": lab.Victim, "password": lab.VictimPassword})
	if err := expect(r, err, http.StatusOK); err != nil {
		return err
	}
	var answer struct {
		CSRF  string `json:"csrf_token"`
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(r.Body, &answer); err != nil {
		return err
	}
	cookies, err := u.victim.Cookies(ctx)
	if err != nil {
		return err
	}
	switch {
	case answer.CSRF == "":
		return fmt.Errorf("no CSRF token came back")
	case strings.Count(answer.Token, ".") == 2:
		return fmt.Errorf("the token itself came back")
	case len(cookies) != 1 || !cookies[0].HTTPOnly || !cookies[0].Secure || cookies[0].SameSite != "Strict":
		return fmt.Errorf("the browser keeps other cookies than one that is HttpOnly, Secure and SameSite=Strict")
	}
	u.csrf = answer.CSRF
	return nil
}

func (u *user) readBalance(ctx context.Context) error {
	r, err := u.send(ctx, http.MethodGet, "/balance", nil)
	return expect(r, err, http.StatusOK)
}

func (u *user) transfer(ctx context.Context) error {
	before := u.bank.Balance(lab.Victim)
	r, err := u.send(ctx, http.MethodPost, "/transfer", map[string]any{"to": lab.Attacker, "amount": 100})
	if err := expect(r, err, http.StatusOK); err != nil {
		return err
	}
	if after := u.bank.Balance(lab.Victim); after != before-100 {
		return fmt.Errorf("the balance went from %d to %d", before, after)
	}
	return nil
}

func (u *user) logOut(ctx context.Context) error {
	r, err := u.send(ctx, http.MethodPost, "/.countersign/logout", nil)
	if err != nil {
		return err
	}
	if r.Status/100 != 2 {
		return fmt.Errorf("the answer is %d: %.200s", r.Status, r.Body)
	}
	r, err = u.send(ctx, http.MethodGet, "/balance", nil)
	return expect(r, err, http.StatusUnauthorized)
}
