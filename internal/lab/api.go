package lab

import (
	"errors"
	"net/http"
)

// An api is what the variants have in common: the operations of the bank over
// an authenticator of their own.
type api struct {
	bank *bank
	// user tells who asks, or answers with the refusal and reports false.
	user func(w http.ResponseWriter, r *http.Request) (string, bool)
}

// handle adds the operations that every variant has. Wrap stands around those
// that change state.
func (a *api) handle(mux *http.ServeMux, wrap func(http.Handler) http.Handler) {
	read := func(pattern string, f func(user string) any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if user, ok := a.user(w, r); ok {
				reply(w, http.StatusOK, f(user))
			}
		})
	}
	read("GET /me", func(user string) any { return map[string]string{"username": user, "email": a.bank.email(user)} })
	read("GET /balance", func(user string) any { return map[string]int{"balance": a.bank.balance(user)} })
	read("GET /history", func(user string) any { return a.bank.history(user) })
	mux.Handle("POST /transfer", wrap(http.HandlerFunc(a.transfer)))
	mux.Handle("POST /transfer/form", wrap(http.HandlerFunc(a.transferForm)))
	mux.Handle("POST /email", wrap(http.HandlerFunc(a.email)))
}

// transfer takes JSON. FastAPI decodes the body first, then asks who calls,
// then validates.
func (a *api) transfer(w http.ResponseWriter, r *http.Request) {
	object, ok := readJSON(w, r)
	if !ok {
		return
	}
	user, ok := a.user(w, r)
	if !ok {
		return
	}
	t, wrong := transferOf(object)
	a.move(w, user, t, wrong)
}

func (a *api) transferForm(w http.ResponseWriter, r *http.Request) {
	values := form(w, r)
	user, ok := a.user(w, r)
	if !ok {
		return
	}
	t, wrong := transferFrom(values, "body")
	a.move(w, user, t, wrong)
}

// transferQuick is the GET that should not be.
func (a *api) transferQuick(w http.ResponseWriter, r *http.Request) {
	user, ok := a.user(w, r)
	if !ok {
		return
	}
	t, wrong := transferFrom(r.URL.Query(), "query")
	a.move(w, user, t, wrong)
}

func (a *api) move(w http.ResponseWriter, user string, t Transfer, wrong []complaint) {
	if len(wrong) > 0 {
		unprocessable(w, wrong...)
		return
	}
	switch err := a.bank.transfer(user, t); {
	case errors.Is(err, errNoAccount):
		detail(w, http.StatusNotFound, "No such account")
	case err != nil:
		detail(w, http.StatusConflict, "Insufficient funds")
	default:
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
	}
}

func (a *api) email(w http.ResponseWriter, r *http.Request) {
	object, ok := readJSON(w, r)
	if !ok {
		return
	}
	user, ok := a.user(w, r)
	if !ok {
		return
	}
	got, wrong := texts(object, "email")
	if len(wrong) > 0 {
		unprocessable(w, wrong...)
		return
	}
	a.bank.setEmail(user, got[0])
	reply(w, http.StatusOK, map[string]string{"status": "ok"})
}

// credentials reads a login in JSON, or answers and reports false.
func (a *api) credentials(w http.ResponseWriter, r *http.Request) (string, bool) {
	object, ok := readJSON(w, r)
	if !ok {
		return "", false
	}
	got, wrong := texts(object, "username", "password")
	if len(wrong) > 0 {
		unprocessable(w, wrong...)
		return "", false
	}
	return got[0], a.admit(w, got[0], got[1])
}

// credentialsForm reads the form of OAuth 2.0's password grant.
func (a *api) credentialsForm(w http.ResponseWriter, r *http.Request) (string, bool) {
	values := form(w, r)
	var wrong []complaint
	for _, n := range []string{"username", "password"} {
		if values.Get(n) == "" {
			wrong = append(wrong, missing("body", n))
		}
	}
	if len(wrong) > 0 {
		unprocessable(w, wrong...)
		return "", false
	}
	return values.Get("username"), a.admit(w, values.Get("username"), values.Get("password"))
}

func (a *api) admit(w http.ResponseWriter, user, password string) bool {
	if !a.bank.login(user, password) {
		detail(w, http.StatusUnauthorized, "Incorrect username or password")
		return false
	}
	return true
}
