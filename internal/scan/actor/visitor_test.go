package actor_test

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/secret"
)

// The login wants the pair of a visitor's token, which the API hands out with
// its answer to one who asks who he is: 401, and a cookie. The controls hand it
// to nobody, or refuse for another reason.
func TestAVisitorsTokenIsFoundAmongTheReads(t *testing.T) {
	for name, tc := range map[string]struct {
		hands  string // path that hands the token out
		refuse int
		ok     bool
	}{
		"with a refusal":       {"/auth/me", 403, true},
		"last of the reads":    {"/z", 403, true},
		"nowhere":              {"", 403, false},
		"a wrong body is told": {"/auth/me", 422, false},
	} {
		asked := 0
		a, _ := visitor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch c, err := r.Cookie("XSRF-TOKEN"); {
			case r.URL.Path == tc.hands:
				http.SetCookie(w, &http.Cookie{Name: "XSRF-TOKEN", Value: "of-a-visitor", Path: "/"})
				w.WriteHeader(401)
			case r.URL.Path != "/auth/enter":
				asked++
				w.WriteHeader(404)
			case err != nil || r.Header.Get("X-XSRF-TOKEN") != c.Value:
				w.WriteHeader(tc.refuse)
			default:
				http.SetCookie(w, &http.Cookie{Name: "session", Value: "0123456789abcdef", Path: "/"})
			}
		}))
		a.Routes = []actor.Route{{Method: http.MethodPost, Path: "/auth/enter", Encoding: actor.JSON, UserField: "username", PassField: "password"}}
		a.Reads = []string{"/a", "/b", "/auth/me", "/z"}
		if _, err := a.Login(t.Context()); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
		if !tc.ok {
			continue
		}
		if tc.hands == "/auth/me" && asked > 2 {
			t.Errorf("%s: %d others were asked, though it lies beside the login", name, asked)
		}
		asked = 0
		if c := a.Visit(t.Context(), a.Routes[0]); c.CSRFValue() != "of-a-visitor" || asked > 0 {
			t.Errorf("%s: the next visitor got %q after %d questions", name, c.CSRFValue(), asked)
		}
	}
}

// hasty fails at a second login of one account within a second, as APIs do
// whose tokens say the second and must be unique.
type hasty struct {
	last  time.Time
	tries int
	never bool
}

func (h *hasty) RoundTrip(r *http.Request) (*http.Response, error) {
	h.tries++
	if h.never || time.Since(h.last) < time.Second {
		return &http.Response{StatusCode: 500, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	h.last = time.Now()
	return &http.Response{StatusCode: 200, Header: http.Header{"Set-Cookie": {"session=0123456789abcdef; Path=/"}}, Body: http.NoBody, Request: r}, nil
}

func TestALoginThatFailsOnceIsTriedAgain(t *testing.T) {
	for never, most := range map[bool]int{false: 5, true: 2} {
		synctest.Test(t, func(t *testing.T) {
			api := &hasty{never: never}
			base := &url.URL{Scheme: "http", Host: "api.test"}
			a := &actor.Actor{Account: actor.Account{Name: "alice", Password: secret.New("wonderland-7")}, Base: base, Redactor: &secret.Redactor{},
				Client: client.New(client.Config{Target: base, Transport: api}),
				Routes: []actor.Route{{Method: http.MethodPost, Path: "/enter", Encoding: actor.JSON, UserField: "username", PassField: "password"}},
				Page:   func(http.Header, string, *url.URL) {}}
			for n := range 3 {
				if _, err := a.Login(t.Context()); (err == nil) == never {
					t.Errorf("never %v, login %d: %v", never, n, err)
				}
				if never {
					break
				}
			}
			if api.tries > most {
				t.Errorf("never %v: %d requests, want %d at the most", never, api.tries, most)
			}
		})
	}
}
