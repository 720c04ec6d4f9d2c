package lab_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/fastapitest"
	"github.com/d710e0ae/countersign/internal/lab"
)

// TestTheLabBehavesAsFastAPIDoes sends the same requests to the bank in real
// FastAPI and to ours, and compares status and the headers that matter.
func TestTheLabBehavesAsFastAPIDoes(t *testing.T) {
	for _, v := range []lab.Variant{lab.Vulnerable, lab.Bearer, lab.Cookie} {
		t.Run(string(v), func(t *testing.T) {
			real := fastapitest.Start(t, "../../testdata/fastapi/bank/"+string(v)+".py").URL
			ours := httptest.NewUnstartedServer(nil)
			ours.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
			ours.Start()
			defer ours.Close()
			b, err := lab.NewBank(v, lab.BankConfig{PublicOrigin: ours.URL, Frontends: []string{"https://app.bank.test"}})
			if err != nil {
				t.Fatal(err)
			}
			ours.Config.Handler = b
			compare(t, v, real, ours.URL)
		})
	}
}

type step struct {
	method, path, body string
	headers            []string
}

func compare(t *testing.T, v lab.Variant, real, ours string) {
	evil := "Origin: http://attacker.test"
	steps := []step{
		{"GET", "/balance", "", nil},
		{"GET", "/balance", "", []string{"AUTH"}},
		{"GET", "/me", "", []string{"AUTH", evil}},
		{"POST", "/transfer", transfer, []string{isJSON, "OWN"}},
		{"POST", "/transfer", transfer, []string{"AUTH", isJSON, "OWN", "CSRF"}},
		{"POST", "/transfer", transfer, []string{"AUTH", "OWN", "CSRF"}},
		{"POST", "/transfer", transfer, []string{"AUTH", "Content-Type: text/plain", "OWN", "CSRF"}},
		{"POST", "/transfer", transfer, []string{"AUTH", isForm, "OWN", "CSRF"}},
		{"POST", "/transfer", `{"to":"mallory"}`, []string{"AUTH", isJSON, "OWN", "CSRF"}},
		{"POST", "/transfer", `{"to":"mallory","amount":-1}`, []string{"AUTH", isJSON, "OWN", "CSRF"}},
		{"POST", "/transfer", `{"to":"nobody","amount":1}`, []string{"AUTH", isJSON, "OWN", "CSRF"}},
		{"POST", "/transfer", `{"to":"mallory","amount":99999999}`, []string{"AUTH", isJSON, "OWN", "CSRF"}},
		{"POST", "/transfer", `{`, []string{"AUTH", isJSON, "OWN", "CSRF"}},
		{"POST", "/transfer/form", "to=mallory&amount=1", []string{"AUTH", isForm, "OWN", "CSRF"}},
		{"POST", "/transfer/form", "to=mallory", []string{"AUTH", isForm, "OWN", "CSRF"}},
		{"POST", "/transfer/form", "to=mallory&amount=1", []string{isForm, "OWN"}},
		{"POST", "/email", `{"email":"a@bank.test"}`, []string{"AUTH", isJSON, "OWN", "CSRF"}},
		{"POST", "/transfer", transfer, []string{"AUTH", isJSON, evil, "CSRF"}},
		{"POST", "/transfer", transfer, []string{"AUTH", isJSON, evil}},
		{"OPTIONS", "/transfer", "", []string{evil, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type"}},
		{"OPTIONS", "/transfer", "", []string{"Origin: https://app.bank.test", "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: authorization"}},
		{"GET", "/balance", "", []string{"AUTH", "Origin: https://app.bank.test"}},
		{"GET", "/history", "", []string{"AUTH"}},
		{"POST", "/login", `{"username":"alice","password":"wrong"}`, []string{isJSON, "OWN"}},
		{"POST", "/login", `{"username":"alice"}`, []string{isJSON, "OWN"}},
		{"GET", "/no-such-thing", "", nil},
	}
	if v == lab.Vulnerable {
		steps = append(steps,
			step{"GET", "/transfer/quick?to=mallory", "", []string{"AUTH"}},
			step{"GET", "/transfer/quick", "", []string{"AUTH"}},
			step{"POST", "/logout", "", nil})
	}
	a, b := newVisitor(t, v, real), newVisitor(t, v, ours)
	for _, s := range steps {
		x, y := a.do(t, s), b.do(t, s)
		if x.StatusCode != y.StatusCode && !(v != lab.Vulnerable && s.method == "OPTIONS" && x.StatusCode/100 == y.StatusCode/100) {
			t.Errorf("%s %s %q: FastAPI answers %d, the lab %d", s.method, s.path, s.headers, x.StatusCode, y.StatusCode)
		}
		for _, h := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "WWW-Authenticate"} {
			// Each names itself where it reflects its own origin.
			theirs, mine := strings.ReplaceAll(x.Header.Get(h), real, "itself"), strings.ReplaceAll(y.Header.Get(h), ours, "itself")
			if theirs != mine {
				t.Errorf("%s %s %q: %s is %q with FastAPI, %q in the lab", s.method, s.path, s.headers, h, theirs, mine)
			}
		}
	}
}

// A visitor is logged in at one bank.
type visitor struct {
	base, auth, csrf string
}

func newVisitor(t *testing.T, v lab.Variant, base string) *visitor {
	t.Helper()
	vis := &visitor{base: base}
	res := vis.do(t, step{"POST", "/login", loginOf, []string{isJSON, "OWN"}})
	if res.StatusCode != 200 {
		t.Fatalf("login at %s: %d", base, res.StatusCode)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	field := func(name string) string {
		_, after, _ := strings.Cut(string(body), `"`+name+`":`)
		_, after, _ = strings.Cut(after, `"`)
		value, _, _ := strings.Cut(after, `"`)
		return value
	}
	vis.csrf = field("csrf_token")
	if v == lab.Bearer {
		vis.auth = "Authorization: Bearer " + field("access_token")
	} else {
		vis.auth = "Cookie: " + res.Cookies()[0].Name + "=" + res.Cookies()[0].Value
	}
	return vis
}

func (v *visitor) do(t *testing.T, s step) *http.Response {
	t.Helper()
	r, err := http.NewRequest(s.method, v.base+s.path, strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range s.headers {
		switch line {
		case "AUTH":
			line = v.auth
		case "OWN":
			line = "Origin: " + v.base
		case "CSRF":
			line = "X-CSRF-Token: " + v.csrf
		}
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}
