package actor_test

import (
	"net/http"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/actor"
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
