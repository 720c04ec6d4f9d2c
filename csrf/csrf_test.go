package csrf_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/csrf"
)

var key = []byte("an HMAC key of thirty-two bytes.")

func sessionOf(r *http.Request) csrf.Session {
	c, err := r.Cookie("session")
	if err != nil {
		return csrf.Session{}
	}
	return csrf.Session{ID: c.Value, Ambient: true}
}

func protection(t testing.TB, change func(*csrf.Config)) *csrf.Protection {
	t.Helper()
	cfg := csrf.Config{PublicOrigin: "https://bank.example", Keys: [][]byte{key}, Session: sessionOf}
	if change != nil {
		change(&cfg)
	}
	p, err := csrf.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func token(t testing.TB, p *csrf.Protection, session string) string {
	t.Helper()
	s, err := p.Token(session)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// request makes one with headers given as "Name: value".
func request(method, target string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.Host = "bank.example"
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r
}

const (
	own     = "Origin: https://bank.example"
	evil    = "Origin: https://evil.test"
	cookie  = "Cookie: session=alice"
	sameO   = "Sec-Fetch-Site: same-origin"
	cross   = "Sec-Fetch-Site: cross-site"
	sibling = "Sec-Fetch-Site: same-site"
	none    = "Sec-Fetch-Site: none"
)

// plain is the control: an API that asks for the session's cookie only. Every
// attack succeeds against it.
func plain(r *http.Request) error {
	if _, err := r.Cookie("session"); err != nil {
		return errors.New("401")
	}
	return nil
}

// TestAttacks: each line is a request that a page of another origin, or the
// one who sits between, can make; each passes the control.
func TestAttacks(t *testing.T) {
	p := protection(t, func(c *csrf.Config) {
		c.TrustedOrigins = []string{"https://app.example", "https://*.trusted.example"}
		c.Exempt = []string{"POST /webhooks/stripe"}
	})
	good := "X-Csrf-Token: " + token(t, p, "alice")
	foreign := "X-Csrf-Token: " + token(t, p, "mallory")
	for name, c := range map[string]struct {
		r    *http.Request
		want *csrf.Refusal
	}{
		"01 user information":                   {request("POST", "/", "Origin: https://evil@bank.example", cookie, good), csrf.ErrMalformedOrigin},
		"02 http origin of an https host":       {request("POST", "/", "Origin: http://bank.example", cookie, good), csrf.ErrCrossOrigin},
		"03 http origin of a trusted host":      {request("POST", "/", "Origin: http://app.example", cookie, good), csrf.ErrCrossOrigin},
		"04 ftp":                                {request("POST", "/", "Origin: ftp://bank.example", cookie, good), csrf.ErrMalformedOrigin},
		"04 no scheme":                          {request("POST", "/", "Origin: //bank.example", cookie, good), csrf.ErrMalformedOrigin},
		"04 path":                               {request("POST", "/", "Origin: https://bank.example/path", cookie, good), csrf.ErrMalformedOrigin},
		"04 colon":                              {request("POST", "/", "Origin: https://bank.example:", cookie, good), csrf.ErrMalformedOrigin},
		"04 upper case":                         {request("POST", "/", "Origin: https://BANK.example", cookie, good), csrf.ErrMalformedOrigin},
		"04 trailing dot":                       {request("POST", "/", "Origin: https://bank.example.", cookie, good), csrf.ErrMalformedOrigin},
		"05 two origins":                        {request("POST", "/", own, evil, cookie, good), csrf.ErrOriginTwice},
		"05 two Sec-Fetch-Site":                 {request("POST", "/", own, sameO, cross, cookie, good), csrf.ErrFetchSiteTwice},
		"05 joined origins":                     {request("POST", "/", "Origin: https://bank.example, https://evil.test", cookie, good), csrf.ErrMalformedOrigin},
		"05 joined Sec-Fetch-Site":              {request("POST", "/", own, "Sec-Fetch-Site: same-origin, cross-site", cookie, good), csrf.ErrFetchSiteTwice},
		"06 same-origin with a foreign origin":  {request("POST", "/", evil, sameO, cookie, good), csrf.ErrCrossOrigin},
		"06 none with a foreign origin":         {request("POST", "/", evil, none, cookie, good), csrf.ErrCrossOrigin},
		"06 cross-site with the own origin":     {request("POST", "/", own, cross, cookie, good), csrf.ErrDisagree},
		"06 same-origin with a trusted origin":  {request("POST", "/", "Origin: https://app.example", sameO, cookie, good), csrf.ErrDisagree},
		"07 unknown Sec-Fetch-Site":             {request("POST", "/", evil, "Sec-Fetch-Site: Same-Origin", cookie, good), csrf.ErrCrossOrigin},
		"07 unknown Sec-Fetch-Site, no origin":  {request("POST", "/", "Sec-Fetch-Site: SAME-ORIGIN", cookie, good), csrf.ErrNoOrigin},
		"08 sibling":                            {request("POST", "/", "Origin: https://blog.bank.example", sibling, cookie, good), csrf.ErrSameSite},
		"09 null":                               {request("POST", "/", "Origin: null", cookie, good), csrf.ErrNullOrigin},
		"09 null, same-origin":                  {request("POST", "/", "Origin: null", sameO, cookie, good), csrf.ErrNullOrigin},
		"10 neither header":                     {request("POST", "/", cookie, good), csrf.ErrNoOrigin},
		"11 redirected through another site":    {request("POST", "/", "Origin: null", cross, cookie, good), csrf.ErrNullOrigin},
		"12 plain http, no Fetch Metadata":      {request("POST", "/", "Origin: http://evil.test", cookie, good), csrf.ErrCrossOrigin},
		"13 WebSocket":                          {request("GET", "/ws", evil, cross, cookie, "Connection: Upgrade", "Upgrade: websocket"), csrf.ErrCrossOrigin},
		"13 WebSocket without origin":           {request("GET", "/ws", cookie, "Connection: Upgrade", "Upgrade: websocket"), csrf.ErrWebSocketNoOrigin},
		"13 event stream":                       {request("GET", "/events", cross, cookie, "Accept: text/event-stream"), csrf.ErrCrossSite},
		"14 method override":                    {request("POST", "/?_method=GET", evil, cookie, good, "X-HTTP-Method-Override: GET"), csrf.ErrCrossOrigin},
		"15 QUERY":                              {request("QUERY", "/", evil, cookie, good), csrf.ErrCrossOrigin},
		"15 TRACE":                              {request("TRACE", "/", evil, cookie, good), csrf.ErrCrossOrigin},
		"15 unknown method":                     {request("FROB", "/", evil, cookie, good), csrf.ErrCrossOrigin},
		"15 get in lower case":                  {request("get", "/", evil, cookie, good), csrf.ErrCrossOrigin},
		"16 exempt path by cleaning":            {request("POST", "/x/../webhooks/stripe", evil, cookie, good), csrf.ErrCrossOrigin},
		"16 exempt path by double slash":        {request("POST", "//webhooks/stripe", evil, cookie, good), csrf.ErrCrossOrigin},
		"16 exempt path by encoding":            {request("POST", "/webhooks%2Fstripe", evil, cookie, good), csrf.ErrCrossOrigin},
		"17 longer than the exempt path":        {request("POST", "/webhooks/stripe/../../transfer", evil, cookie, good), csrf.ErrCrossOrigin},
		"17 exempt path as a prefix":            {request("POST", "/webhooks/stripeX", evil, cookie, good), csrf.ErrCrossOrigin},
		"18 own name as a label":                {request("POST", "/", "Origin: https://bank.example.evil.test", cookie, good), csrf.ErrCrossOrigin},
		"18 own name as a suffix":               {request("POST", "/", "Origin: https://evilbank.example", cookie, good), csrf.ErrCrossOrigin},
		"18 base of a wildcard":                 {request("POST", "/", "Origin: https://eviltrusted.example", cookie, good), csrf.ErrCrossOrigin},
		"19 two patterns":                       {request("POST", "/", "Origin: https://x.app.example", cookie, good), csrf.ErrCrossOrigin},
		"21 JSON as text/plain":                 {request("POST", "/", evil, cross, cookie, "Content-Type: text/plain"), csrf.ErrCrossOrigin},
		"22 JSON without type":                  {request("POST", "/", evil, cross, cookie), csrf.ErrCrossOrigin},
		"23 form of odd type":                   {request("POST", "/", own, cookie, "Content-Type: Application/X-WWW-Form-URLencoded; x=1"), csrf.ErrTokenMissing},
		"24 junk Authorization":                 {request("POST", "/", own, sameO, cookie, "Authorization: Bearer x"), csrf.ErrTokenMissing},
		"25 token of another session":           {request("POST", "/", own, sameO, cookie, foreign), csrf.ErrTokenWrong},
		"26 tossed pair":                        {request("POST", "/", own, sameO, cookie, "Cookie: csrf=x", "X-Csrf-Token: x"), csrf.ErrTokenMalformed},
		"28 server request without scheme":      {request("POST", "/", "Origin: https://evil.test", cookie, good), csrf.ErrCrossOrigin},
		"29 token in the query":                 {request("POST", "/?csrf_token="+token(t, p, "alice"), own, sameO, cookie), csrf.ErrTokenMissing},
		"29 token in a cookie":                  {request("POST", "/", own, sameO, cookie, "Cookie: X-CSRF-Token="+token(t, p, "alice")), csrf.ErrTokenMissing},
		"31 logout by POST":                     {request("POST", "/logout", evil, cross, cookie), csrf.ErrCrossOrigin},
		"token twice":                           {request("POST", "/", own, sameO, cookie, good, good), csrf.ErrTokenTwice},
		"token empty":                           {request("POST", "/", own, sameO, cookie, "X-Csrf-Token: "), csrf.ErrTokenMissing},
		"user typed it, with a session":         {request("POST", "/", none, cookie, good), csrf.ErrNotFromPage},
		"browser that sends only Fetch Metdata": {request("POST", "/", cross, cookie, good), csrf.ErrCrossSite},
	} {
		t.Run(name, func(t *testing.T) {
			if err := plain(c.r); err != nil {
				t.Fatalf("the control refuses it: %v", err)
			}
			if err := p.Check(c.r); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestLoginFromAnotherSite(t *testing.T) {
	// 31: no session yet, and nothing to steal but the victim's attention.
	p := protection(t, nil)
	for _, h := range [][]string{{evil}, {evil, cross}, {"Origin: null"}, {cross}} {
		if err := p.Check(request("POST", "/login", h...)); err == nil {
			t.Errorf("%q passes", h)
		}
	}
}

func TestHonestRequestsPass(t *testing.T) {
	p := protection(t, func(c *csrf.Config) {
		c.TrustedOrigins = []string{"https://app.example"}
		c.Exempt = []string{"POST /webhooks/stripe", "POST /hooks/*"}
	})
	good := "X-Csrf-Token: " + token(t, p, "alice")
	masked, err := csrf.Mask(token(t, p, "alice"))
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*http.Request{
		"page of the site":                request("POST", "/", own, sameO, cookie, good),
		"browser without Fetch Metadata":  request("POST", "/", own, cookie, good),
		"masked token":                    request("POST", "/", own, sameO, cookie, "X-Csrf-Token: "+masked),
		"trusted origin":                  request("POST", "/", "Origin: https://app.example", cross, cookie, good),
		"GET":                             request("GET", "/", cookie, cross),
		"link from elsewhere":             request("GET", "/", cookie, cross, "Sec-Fetch-Mode: navigate"),
		"HEAD":                            request("HEAD", "/", cookie, cross),
		"OPTIONS":                         request("OPTIONS", "/", evil),
		"10 client with a bearer":         request("POST", "/", "Authorization: Bearer x"),
		"login of a page":                 request("POST", "/login", own, sameO),
		"login of a client":               request("POST", "/login"),
		"webhook":                         request("POST", "/webhooks/stripe"),
		"webhook with odd headers":        request("POST", "/webhooks/stripe", evil, cookie),
		"below an exempt path":            request("POST", "/hooks/a/b", evil, cookie),
		"own WebSocket":                   request("GET", "/ws", own, sameO, cookie, "Connection: Upgrade", "Upgrade: websocket"),
		"own event stream":                request("GET", "/events", sameO, cookie, "Accept: text/event-stream"),
		"DELETE of the page":              request("DELETE", "/x", own, sameO, cookie, good),
		"token also in an ignored cookie": request("PUT", "/x", own, sameO, cookie, good, "Cookie: other=1"),
	} {
		if err := p.Check(r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestForeignReads(t *testing.T) {
	p := protection(t, func(c *csrf.Config) { c.TrustedOrigins = []string{"https://app.example"} })
	for name, c := range map[string]struct {
		r    *http.Request
		want bool
	}{
		"link of a sibling":          {request("GET", "/", sibling, cookie), true},
		"image of another site":      {request("GET", "/", cross, cookie), true},
		"fetch of another origin":    {request("GET", "/", evil, cookie), true},
		"opaque origin":              {request("GET", "/", "Origin: null", cookie), true},
		"two values":                 {request("GET", "/", sameO, sibling, cookie), true},
		"own page":                   {request("GET", "/", sameO, cookie), false},
		"address bar":                {request("GET", "/", none, cookie), false},
		"client that is no browser":  {request("GET", "/"), false},
		"fetch of a trusted origin":  {request("GET", "/", "Origin: https://app.example", cross, cookie), false},
		"browser without the header": {request("GET", "/", cookie), false},
	} {
		if got := p.Foreign(c.r); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestHostOfTheRequest(t *testing.T) {
	// 20: letters' case and a default port do not make another origin.
	p, err := csrf.New(csrf.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"bank.example", "BANK.example", "bank.example:80"} {
		r := request("POST", "/", "Origin: http://bank.example", cookie)
		r.Host = host
		if err := p.Check(r); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	for host, want := range map[string]*csrf.Refusal{"other.example": csrf.ErrCrossOrigin, "": csrf.ErrUnknownOwnOrigin, "a b": csrf.ErrUnknownOwnOrigin} {
		r := request("POST", "/", "Origin: http://bank.example", cookie)
		r.Host = host
		if err := p.Check(r); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", host, err, want)
		}
	}
}

func TestTokens(t *testing.T) {
	p := protection(t, nil)
	a, b := token(t, p, "alice"), token(t, p, "alice")
	if a == b {
		t.Error("two tokens of a session are the same")
	}
	check := func(p *csrf.Protection, tok, session string) error {
		return p.Check(request("POST", "/", own, "Cookie: session="+session, "X-CSRF-Token: "+tok))
	}
	for _, tok := range []string{a, b} { // 30: several tabs, one session
		if err := check(p, tok, "alice"); err != nil {
			t.Error(err)
		}
	}
	if err := check(p, a, "alice2"); !errors.Is(err, csrf.ErrTokenWrong) {
		t.Errorf("after login anew: %v", err)
	}
	// Length first: "alice"+"1" is not "alice1".
	for i := range len(a) {
		changed := []byte(a)
		changed[i] ^= 1
		if err := check(p, string(changed), "alice"); err == nil {
			t.Fatalf("changed at %d: accepted", i)
		}
	}
	for _, bad := range []string{"x", a + "A", a[:63], a + a, " " + a, a[:30] + "\n" + a[30:], strings.Repeat("A", 64), strings.Repeat("A", 128)} {
		if err := check(p, bad, "alice"); err == nil {
			t.Errorf("%q: accepted", bad)
		}
	}

	old := []byte("the key that was used until now.")
	rotated := protection(t, func(c *csrf.Config) { c.Keys = [][]byte{key, old} })
	before := protection(t, func(c *csrf.Config) { c.Keys = [][]byte{old} })
	if err := check(rotated, token(t, before, "alice"), "alice"); err != nil {
		t.Errorf("token of the old key: %v", err)
	}
	if err := check(before, token(t, rotated, "alice"), "alice"); err == nil {
		t.Error("tokens are still made with the old key")
	}
	if _, err := p.Token(""); err == nil {
		t.Error("a token for no session was made")
	}
	if m, err := csrf.Mask("no token"); err == nil {
		t.Errorf("masked nothing as %s", m)
	}
}

func TestSessionWithoutID(t *testing.T) {
	p := protection(t, func(c *csrf.Config) {
		c.Session = func(*http.Request) csrf.Session { return csrf.Session{Ambient: true} }
	})
	if err := p.Check(request("POST", "/", own)); !errors.Is(err, csrf.ErrSessionHasNoID) {
		t.Errorf("got %v", err)
	}
}

func TestHandler(t *testing.T) {
	var reported []string
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("moved")) })
	attack := func() *http.Request { return request("POST", "/transfer", evil, cookie) }

	w := httptest.NewRecorder()
	protection(t, nil).Handler(next).ServeHTTP(w, attack())
	if w.Code != 403 || w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), `"code":"cross-origin"`) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	w = httptest.NewRecorder()
	lenient := protection(t, func(c *csrf.Config) {
		c.ReportOnly = func(_ *http.Request, f *csrf.Refusal) { reported = append(reported, f.Code) }
	})
	lenient.Handler(next).ServeHTTP(w, attack())
	if w.Body.String() != "moved" || !slices.Equal(reported, []string{"cross-origin"}) {
		t.Errorf("report only: %s, %q", w.Body, reported)
	}
}

func TestRefuseAnswersInPlaceOfTheDocument(t *testing.T) {
	p := protection(t, func(c *csrf.Config) {
		c.Refuse = func(w http.ResponseWriter, _ *http.Request, f *csrf.Refusal) {
			http.Error(w, f.Code, http.StatusTeapot)
		}
	})
	w := httptest.NewRecorder()
	p.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was let through") })).ServeHTTP(w, request("POST", "/transfer", evil, cookie))
	if w.Code != http.StatusTeapot || w.Body.String() != "cross-origin\n" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Forgotten New, forgotten handler: nothing is let through, nor does a request
// find out.
func TestTheZeroProtection(t *testing.T) {
	var p csrf.Protection
	moved := p.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("moved")) }))
	for name, c := range map[string]struct {
		header [][2]string
		want   int
	}{
		"own":         {[][2]string{{"Origin", "http://bank.example"}, {"Cookie", "a=b"}}, 200},
		"other":       {[][2]string{{"Origin", "http://evil.test"}, {"Cookie", "a=b"}}, 403},
		"silent":      {[][2]string{{"Cookie", "a=b"}}, 403},
		"no cookie":   {nil, 200},
		"cross-site":  {[][2]string{{"Sec-Fetch-Site", "cross-site"}}, 403},
		"same-origin": {[][2]string{{"Sec-Fetch-Site", "same-origin"}, {"Cookie", "a=b"}}, 200},
	} {
		r := httptest.NewRequest("POST", "http://bank.example/transfer", nil)
		for _, h := range c.header {
			r.Header.Set(h[0], h[1])
		}
		w := httptest.NewRecorder()
		if moved.ServeHTTP(w, r); w.Code != c.want {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if _, err := p.Token("alice"); err == nil {
		t.Error("a token without a key")
	}
	defer func() {
		if recover() == nil {
			t.Error("no handler is one")
		}
	}()
	p.Handler(nil)
}

func TestTokenHandler(t *testing.T) {
	p, err := csrf.New(csrf.Config{
		PublicOrigin: "https://bank.example", TrustedOrigins: []string{"https://app.example"}, Keys: [][]byte{key},
		Session: func(r *http.Request) csrf.Session {
			c, err := r.Cookie("session")
			if err != nil {
				return csrf.Session{}
			}
			return csrf.Session{ID: c.Value, Ambient: true}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "https://bank.example/csrf", nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		p.TokenHandler().ServeHTTP(w, r)
		return w
	}
	w := ask("GET", "Cookie", "session=alice", "Sec-Fetch-Site", "same-origin")
	token, ok := strings.CutPrefix(w.Body.String(), `{"csrf_token":"`)
	token, ok2 := strings.CutSuffix(token, `"}`)
	if w.Code != 200 || !ok || !ok2 || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	r := httptest.NewRequest("POST", "https://bank.example/transfer", nil)
	r.Header.Set("Origin", "https://bank.example")
	r.Header.Set("Cookie", "session=alice")
	r.Header.Set("X-CSRF-Token", token)
	if err := p.Check(r); err != nil {
		t.Errorf("the token is not good: %v", err)
	}
	r.Header.Set("Cookie", "session=bob")
	if err := p.Check(r); !errors.Is(err, csrf.ErrTokenWrong) {
		t.Errorf("in another session: %v", err)
	}
	for name, c := range map[string]struct {
		w    *httptest.ResponseRecorder
		want int
	}{
		"typed in":      {ask("GET", "Cookie", "session=alice", "Sec-Fetch-Site", "none"), 200},
		"HEAD":          {ask("HEAD", "Cookie", "session=alice"), 200},
		"no session":    {ask("GET", "Sec-Fetch-Site", "same-origin"), 401},
		"another site":  {ask("GET", "Cookie", "session=alice", "Sec-Fetch-Site", "cross-site"), 403},
		"a sibling":     {ask("GET", "Cookie", "session=alice", "Sec-Fetch-Site", "same-site"), 403},
		"other origin":  {ask("GET", "Cookie", "session=alice", "Origin", "https://evil.test"), 403},
		"a trusted one": {ask("GET", "Cookie", "session=alice", "Origin", "https://app.example", "Sec-Fetch-Site", "cross-site"), 200},
		"its http twin": {ask("GET", "Cookie", "session=alice", "Origin", "http://app.example"), 403},
		"opaque":        {ask("GET", "Cookie", "session=alice", "Origin", "null"), 403},
		"POST":          {ask("POST", "Cookie", "session=alice", "Sec-Fetch-Site", "same-origin"), 405},
	} {
		if c.w.Code != c.want || c.want != 200 && strings.Contains(c.w.Body.String(), "csrf_token") || c.w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", name, c.w.Code, c.w.Body)
		}
		var problem struct {
			Status int
			Code   string
		}
		if c.want == 200 {
			continue
		}
		if err := json.Unmarshal(c.w.Body.Bytes(), &problem); err != nil || problem.Status != c.want || problem.Code == "" || c.w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: no problem document: %v %s", name, c.w.Header(), c.w.Body)
		}
	}
}

// A session that cannot be told is not none: a store that does not answer
// must not look like a logout.
func TestTokenHandlerTellsNoSessionFromNoAnswer(t *testing.T) {
	p := protection(t, func(c *csrf.Config) {
		c.Session = func(*http.Request) csrf.Session { return csrf.Session{Ambient: true} }
	})
	w := httptest.NewRecorder()
	p.TokenHandler().ServeHTTP(w, request("GET", "/csrf", sameO))
	if w.Code != 403 || !strings.Contains(w.Body.String(), `"code":"session-unknown"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	defer func() {
		if recover() == nil {
			t.Error("a handler of tokens without keys")
		}
	}()
	new(csrf.Protection).TokenHandler()
}

func TestRefuseAnswersAsHandlerDoes(t *testing.T) {
	attack := request("POST", "/transfer", evil, cookie)
	p := protection(t, nil)
	ours, theirs := httptest.NewRecorder(), httptest.NewRecorder()
	p.Handler(http.NotFoundHandler()).ServeHTTP(ours, attack)
	csrf.Refuse(theirs, fmt.Errorf("wrapped: %w", p.Check(attack)))
	if theirs.Code != 403 || theirs.Body.String() != ours.Body.String() || theirs.Header().Get("Vary") != ours.Header().Get("Vary") {
		t.Errorf("%d %v %s", theirs.Code, theirs.Header(), theirs.Body)
	}
	other := httptest.NewRecorder()
	if csrf.Refuse(other, errors.New("10.0.0.7: no route")); other.Code != 403 || strings.Contains(other.Body.String(), "10.0.0.7") {
		t.Errorf("another error: %d %s", other.Code, other.Body)
	}
}

func TestConfigurationMistakes(t *testing.T) {
	_, err := csrf.New(csrf.Config{
		PublicOrigin:   "https://Bank.example/",
		TrustedOrigins: []string{"https://*.com", "null", "app.example"},
		Keys:           [][]byte{[]byte("short")},
		Header:         "Content-Type",
		Exempt:         []string{"POST /*", "* /x", "/x", "POST /a/../b", "post /x"},
	})
	var keys []string
	for e := range cfgerrors.All(err) {
		keys = append(keys, e.Key)
	}
	for _, want := range []string{"public_origin", "trusted_origins[0]", "trusted_origins[1]", "trusted_origins[2]", "keys[0]", "session", "header", "exempt[0]", "exempt[1]", "exempt[2]", "exempt[3]", "exempt[4]"} {
		if !slices.Contains(keys, want) {
			t.Errorf("no error for %s in %q", want, keys)
		}
	}
	for _, name := range []string{"Cookie", "Save-Data", "Sec-Token", "Proxy-Token", "Content-Length", "Connection", "X Y", "X:", "\u00e9", `a"b`, "X-\r\nY"} {
		if _, err := csrf.New(csrf.Config{Header: name}); err == nil {
			t.Errorf("%q can carry the token", name)
		}
	}
	for _, text := range []string{"P(ST /x", "POST /x ", "POST /a b", "POST /x\n", " /x", "POST  /x"} {
		if _, err := csrf.New(csrf.Config{Exempt: []string{text}}); err == nil {
			t.Errorf("%q can be exempt", text)
		}
	}
	for name, keys := range map[string][][]byte{"never filled": {make([]byte, csrf.MinKey)}, "twice": {key, key}} {
		if _, err := csrf.New(csrf.Config{Keys: keys, Session: sessionOf}); err == nil {
			t.Errorf("a key that is there %s", name)
		}
	}
	_, err = csrf.New(csrf.Config{PublicOrigin: "https://bank.example", TrustedOrigins: []string{"http://app.example"}})
	if err == nil {
		t.Error("a plain-http origin is trusted by an https site")
	}
}

func TestRefusalsHaveDifferentCodes(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range csrf.Refusals() {
		if seen[f.Code] || f.Code != strings.ToLower(f.Code) || f.Reason == "" {
			t.Errorf("%+v", f)
		}
		seen[f.Code] = true
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("POST", "https://bank.example", "same-origin", "", "/")
	f.Add("POST", "https://evil@bank.example", "none", "x", "/webhooks/stripe")
	p := protection(f, func(c *csrf.Config) { c.Exempt = []string{"POST /webhooks/stripe"} })
	good := token(f, p, "alice")
	f.Fuzz(func(t *testing.T, method, origin, site, tok, path string) {
		r := request("POST", "/")
		r.Method, r.URL.Path = method, path
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", site)
		r.Header.Set("Cookie", "session=alice")
		r.Header.Set("X-CSRF-Token", tok)
		err := p.Check(r)
		switch {
		case err != nil, method == "GET", method == "HEAD", method == "OPTIONS", method == "":
		case path == "/webhooks/stripe" && method == "POST":
		case origin == "https://bank.example" && tok == good:
		case origin == "https://bank.example" && method == "CONNECT":
		default:
			t.Fatalf("%q from %q, %q with %q at %q passes", method, origin, site, tok, path)
		}
	})
}
