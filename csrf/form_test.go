package csrf_test

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/csrf"
)

const (
	urlencoded = "application/x-www-form-urlencoded"
	boundary   = "multipart/form-data; boundary=b"
)

// form makes the request that a browser makes of a form on the own page.
func form(target, kind, body string, headers ...string) *http.Request {
	r := httptest.NewRequest("POST", target, strings.NewReader(body))
	r.Host = "bank.example"
	for _, h := range append(headers, own, sameO, cookie, "Content-Type: "+kind) {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// parts is a multipart body of the boundary b, of parts given as a head and
// a value in turn.
func parts(list ...string) string {
	var b strings.Builder
	for i := 0; i < len(list); i += 2 {
		b.WriteString("--b\r\nContent-Disposition: form-data; " + list[i] + "\r\n\r\n" + list[i+1] + "\r\n")
	}
	return b.String() + "--b--\r\n"
}

func withField(c *csrf.Config) { c.Field = "csrf_token" }

func TestFormsCarryTheToken(t *testing.T) {
	p := protection(t, withField)
	good, foreign := token(t, p, "alice"), token(t, p, "mallory")
	masked, err := csrf.Mask(good)
	if err != nil {
		t.Fatal(err)
	}
	upload := `name="file"; filename="x"`
	for name, c := range map[string]struct {
		r    *http.Request
		want error
	}{
		"form":                        {form("/", urlencoded, "amount=1&csrf_token="+good), nil},
		"masked":                      {form("/", urlencoded+"; charset=utf-8", "csrf_token="+masked), nil},
		"upload":                      {form("/", boundary, parts(`name="csrf_token"`, good, upload, strings.Repeat("x", 1<<20))), nil},
		"header alone":                {form("/", urlencoded, "amount=1", "X-CSRF-Token: "+good), nil},
		"header and form":             {form("/", urlencoded, "csrf_token=x", "X-CSRF-Token: "+good), nil},
		"bad header and good form":    {form("/", urlencoded, "csrf_token="+good, "X-CSRF-Token: "+foreign), csrf.ErrTokenWrong},
		"none":                        {form("/", urlencoded, "amount=1"), csrf.ErrTokenMissing},
		"empty":                       {form("/", urlencoded, "csrf_token="), csrf.ErrTokenMissing},
		"of another session":          {form("/", urlencoded, "csrf_token="+foreign), csrf.ErrTokenWrong},
		"twice":                       {form("/", urlencoded, "csrf_token="+good+"&csrf_token="+good), csrf.ErrTokenTwice},
		"another name":                {form("/", urlencoded, "CSRF_TOKEN="+good), csrf.ErrTokenMissing},
		"JSON":                        {form("/", "application/json", `{"csrf_token":"`+good+`"}`), csrf.ErrTokenMissing},
		"text":                        {form("/", "text/plain", "csrf_token="+good), csrf.ErrTokenMissing},
		"broken form":                 {form("/", urlencoded, "csrf_token="+good+"&%"), csrf.ErrTokenMissing},
		"endless form":                {form("/", urlencoded, "csrf_token="+good+"&x="+strings.Repeat("x", 11<<20)), csrf.ErrTokenMissing},
		"second part":                 {form("/", boundary, parts(upload, "x", `name="csrf_token"`, good)), csrf.ErrTokenMissing},
		"a file of its name":          {form("/", boundary, parts(`name="csrf_token"; filename="x"`, good)), csrf.ErrTokenMissing},
		"an endless part":             {form("/", boundary, parts(`name="csrf_token"`, good+strings.Repeat("x", 1<<20))), csrf.ErrTokenMissing},
		"no boundary":                 {form("/", "multipart/form-data", parts(`name="csrf_token"`, good)), csrf.ErrTokenMissing},
		"another boundary":            {form("/", "multipart/form-data; boundary=c", parts(`name="csrf_token"`, good)), csrf.ErrTokenMissing},
		"cut off within the token":    {form("/", boundary, "--b\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n"+good), csrf.ErrTokenMissing},
		"no content type that is one": {form("/", "/", "csrf_token="+good), csrf.ErrTokenMissing},
	} {
		if err := p.Check(c.r); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if err := protection(t, nil).Check(form("/", urlencoded, "csrf_token="+good)); !errors.Is(err, csrf.ErrTokenMissing) {
		t.Errorf("where no field is configured: %v", err)
	}
	if _, err := csrf.New(csrf.Config{Field: "csrf_token"}); err == nil {
		t.Error("a field for tokens that nobody can make")
	}
}

// Whatever was read to find the token is there for the next handler.
func TestFormsReachTheNextHandlerWhole(t *testing.T) {
	p := protection(t, withField)
	good := token(t, p, "alice")
	file := strings.Repeat("0123456789abcdef", 1<<14)
	body := parts(`name="csrf_token"`, good, `name="file"; filename="x"`, file)
	for name, c := range map[string]struct {
		r    *http.Request
		read func(*http.Request) (string, error)
		want string
	}{
		"form": {form("/", urlencoded, "amount=1&csrf_token="+good), func(r *http.Request) (string, error) { return r.PostFormValue("amount"), nil }, "1"},
		"upload, parsed": {form("/", boundary, body), func(r *http.Request) (string, error) {
			f, _, err := r.FormFile("file")
			if err != nil {
				return "", err
			}
			all, err := io.ReadAll(f)
			return string(all), err
		}, file},
		"upload, as a stream": {form("/", boundary, body), func(r *http.Request) (string, error) {
			m, err := r.MultipartReader()
			if err != nil {
				return "", err
			}
			var part *multipart.Part
			for range 2 {
				if part, err = m.NextPart(); err != nil {
					return "", err
				}
			}
			all, err := io.ReadAll(part)
			return string(all), err
		}, file},
	} {
		var got string
		var err error
		w := httptest.NewRecorder()
		p.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, err = c.read(r) })).ServeHTTP(w, c.r)
		if w.Code != 200 || err != nil || got != c.want {
			t.Errorf("%s: %d, %v, %d bytes of %d", name, w.Code, err, len(got), len(c.want))
		}
	}
	// A handler around it may have parsed the upload already.
	r := form("/", boundary, body)
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		t.Fatal(err)
	}
	if err := p.Check(r); err != nil {
		t.Errorf("parsed before: %v", err)
	}
	if r = form("/", boundary, body); r.ParseForm() != nil || p.Check(r) != nil {
		t.Error("a ParseForm before, which reads nothing of an upload, hides the token")
	}
}

// TestAttack_29_TheFieldOutsideOfTheForm: FormValue takes the query for the
// form, and so what stands in a link.
func TestAttack_29_TheFieldOutsideOfTheForm(t *testing.T) {
	p := protection(t, withField)
	good := token(t, p, "alice")
	careless := func(r *http.Request) bool { return r.FormValue("csrf_token") == good }
	query := "/?" + url.Values{"csrf_token": {good}}.Encode()
	for name, make := range map[string]func() *http.Request{
		"form":   func() *http.Request { return form(query, urlencoded, "amount=1") },
		"upload": func() *http.Request { return form(query, boundary, parts(`name="amount"`, "1")) },
	} {
		if !careless(make()) {
			t.Errorf("%s: the control refuses it", name)
		}
		if err := p.Check(make()); !errors.Is(err, csrf.ErrTokenMissing) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzForms: no form passes in which net/http does not find the token itself,
// and an upload reaches the next handler to the byte.
func FuzzForms(f *testing.F) {
	p := protection(f, withField)
	good := token(f, p, "alice")
	f.Add(urlencoded, "csrf_token="+good)
	f.Add(boundary, parts(`name="csrf_token"`, good, `name="file"; filename="x"`, "x"))
	f.Add(boundary+"; charset=x", "preamble\r\n--b\r\nContent-Disposition: form-data; name=csrf_token\r\n\r\n"+good+"\r\n--b--")
	f.Fuzz(func(t *testing.T, kind, body string) {
		if strings.ContainsAny(kind, "\r\n") {
			return // no header has it
		}
		r := form("/", kind, body)
		err := p.Check(r)
		if r.PostForm == nil { // it was not parsed, and so not used up
			if left, rerr := io.ReadAll(r.Body); rerr != nil || string(left) != body {
				t.Fatalf("%v: %q is left of %q", rerr, left, body)
			}
		}
		if err != nil {
			return
		}
		again := form("/", kind, body)
		_ = again.ParseMultipartForm(1 << 20) // an upload that is cut off later has its first part all the same
		found := again.PostForm["csrf_token"]
		if m, merr := form("/", kind, body).MultipartReader(); merr == nil {
			if part, perr := m.NextRawPart(); perr == nil && part.FormName() == "csrf_token" {
				value, _ := io.ReadAll(part)
				found = append(found, string(value))
			}
		}
		for _, v := range found {
			if p.Check(form("/", "text/plain", "", "X-CSRF-Token: "+v)) == nil {
				return
			}
		}
		t.Fatalf("%q of %q passes", body, kind)
	})
}
