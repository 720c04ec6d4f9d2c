package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// The two paths that a stand-in knows by name.
const (
	standInLogin  = "/auth/login"
	standInLogout = "/auth/logout"
)

// A standIn answers as the application does whose document it was given, and
// quickly: beside it the scanner is what a scan waits for, and not Python. It
// knows no path by name but the login's and the logout's. What is posted to a
// collection is kept, each user's apart; what is not there is not found; a
// session is a JWT in a cookie.
type standIn struct {
	document  []byte
	key       []byte
	passwords map[string]string

	mu   sync.Mutex
	kept map[string]*keep // by user
	last int
}

// A keep is what one user made, by each row's own path, and what the
// collections hold in the order in which it was made.
type keep struct {
	rows  map[string]map[string]any
	lists map[string][]string
}

// A path of the document, as far as the stand-in reads it.
type standInOperation struct {
	Parameters []struct {
		Name   string
		In     string
		Schema struct{ Type, Format string }
	}
	RequestBody struct {
		Required bool
		Content  map[string]struct {
			Schema struct {
				Ref string `json:"$ref"`
			}
		}
	} `json:"requestBody"`
}

type standInDocument struct {
	Paths      map[string]map[string]standInOperation
	Components struct {
		Schemas map[string]struct{ Required []string }
	}
}

// newStandIn returns a server of the document at file.
func newStandIn(file string) (http.Handler, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var doc standInDocument
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	s := &standIn{document: text, key: []byte(rand.Text()), kept: map[string]*keep{},
		passwords: map[string]string{"alice": "alice-password-1", "bob": "bob-password-2"}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(s.document)
	})
	for path, operations := range doc.Paths {
		for method, op := range operations {
			mux.HandleFunc(strings.ToUpper(method)+" "+path, s.handler(&doc, path, op))
		}
	}
	return mux, nil
}

// handler returns what answers an operation: what it does follows from its
// method and from which other paths there are.
func (s *standIn) handler(doc *standInDocument, path string, op standInOperation) http.HandlerFunc {
	switch path {
	case standInLogin:
		return s.login
	case standInLogout:
		return s.signedIn(func(w http.ResponseWriter, _ *http.Request, _ string) {
			http.SetCookie(w, &http.Cookie{Name: "session", Path: "/", MaxAge: -1})
			reply(w, http.StatusOK, map[string]any{"message": "goodbye"})
		})
	}
	types := map[string]string{} // of bodies, with what is required
	for kind, c := range op.RequestBody.Content {
		types[kind] = c.Schema.Ref[strings.LastIndexByte(c.Schema.Ref, '/')+1:]
	}
	uuids, collection := false, false
	for other, operations := range doc.Paths {
		rest, below := strings.CutPrefix(other, path+"/{")
		if below && strings.HasSuffix(rest, "}") && !strings.Contains(rest, "/") {
			collection = true
			for _, o := range operations {
				for _, p := range o.Parameters {
					uuids = uuids || p.Name == strings.TrimSuffix(rest, "}") && p.Schema.Format == "uuid"
				}
			}
		}
	}
	item := strings.HasSuffix(path, "}")
	return s.signedIn(func(w http.ResponseWriter, r *http.Request, user string) {
		body, missing := readBody(r, doc, types)
		if len(missing) > 0 {
			reply(w, http.StatusUnprocessableEntity, map[string]any{"detail": missing})
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		k := s.kept[user]
		if k == nil {
			k = &keep{map[string]map[string]any{}, map[string][]string{}}
			s.kept[user] = k
		}
		// Every row that the path runs through must be there.
		at := r.URL.Path
		wanted := strings.Split(path, "/")
		parts := strings.Split(at, "/")
		var parent map[string]any
		for i, segment := range wanted {
			if strings.HasPrefix(segment, "{") {
				if parent = k.rows[strings.Join(parts[:i+1], "/")]; parent == nil {
					reply(w, http.StatusNotFound, map[string]any{"detail": "Not found"})
					return
				}
			}
		}
		switch {
		case collection && r.Method == http.MethodGet:
			reply(w, http.StatusOK, k.list(at))
		case collection && r.Method == http.MethodPost:
			row := s.row(uuids)
			maps.Copy(row, body)
			own := at + "/" + fmt.Sprint(row["id"])
			k.rows[own], k.lists[at] = row, append(k.lists[at], own)
			reply(w, http.StatusCreated, row)
		case r.Method == http.MethodDelete:
			k.drop(at)
			w.WriteHeader(http.StatusNoContent)
		default:
			// A row, what is done with one, or what each user has one of.
			if !item && parent == nil {
				if parent = k.rows[at]; parent == nil {
					parent = s.row(false)
					k.rows[at] = parent
				}
			}
			maps.Copy(parent, body)
			reply(w, http.StatusOK, parent)
		}
	})
}

// row returns a new row.
func (s *standIn) row(uuid bool) map[string]any {
	s.last++
	if uuid {
		return map[string]any{"id": fmt.Sprintf("%08x-0000-4000-8000-%012x", s.last, s.last)}
	}
	return map[string]any{"id": 100 + s.last}
}

// list returns the rows of a collection.
func (k *keep) list(at string) []any {
	out := []any{}
	for _, path := range k.lists[at] {
		out = append(out, k.rows[path])
	}
	return out
}

// drop deletes a row and all below it.
func (k *keep) drop(path string) {
	at := path[:strings.LastIndexByte(path, '/')]
	k.lists[at] = slices.DeleteFunc(k.lists[at], func(p string) bool { return p == path })
	delete(k.rows, path)
	for at, list := range k.lists {
		if strings.HasPrefix(at, path+"/") {
			for _, p := range list {
				delete(k.rows, p)
			}
			delete(k.lists, at)
		}
	}
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// readBody returns the fields of a body, and which are missing as FastAPI
// tells it.
func readBody(r *http.Request, doc *standInDocument, types map[string]string) (fields map[string]any, missing []any) {
	if len(types) == 0 {
		_, _ = io.Copy(io.Discard, r.Body)
		return nil, nil
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	schema, known := types[kind]
	switch {
	case known && kind == "application/json":
		_ = json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&fields)
	case known:
		_ = r.ParseMultipartForm(1 << 20) // reads a form that is not multipart, too
		fields = map[string]any{}
		for name := range r.PostForm {
			fields[name] = r.PostForm.Get(name)
		}
		if r.MultipartForm != nil {
			for name := range r.MultipartForm.File {
				fields[name] = name
			}
		}
	default:
		for _, schema = range types {
		}
	}
	for _, name := range doc.Components.Schemas[schema].Required {
		if _, ok := fields[name]; !ok {
			missing = append(missing, map[string]any{"loc": []string{"body", name}, "msg": "field required", "type": "value_error.missing"})
		}
	}
	return fields, missing
}

func (s *standIn) login(w http.ResponseWriter, r *http.Request) {
	var given struct{ Username, Password string }
	_ = json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&given)
	if password, ok := s.passwords[given.Username]; !ok || password != given.Password {
		reply(w, http.StatusUnauthorized, map[string]any{"detail": "Wrong name or password"})
		return
	}
	claims, _ := json.Marshal(map[string]any{"sub": given.Username, "exp": time.Now().Add(15 * time.Minute).Unix()})
	signed := standInHeader + "." + base64.RawURLEncoding.EncodeToString(claims)
	http.SetCookie(w, &http.Cookie{Name: "session", Value: signed + "." + s.sign(signed), Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteNoneMode})
	reply(w, http.StatusOK, map[string]any{"message": "welcome"})
}

var standInHeader = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))

func (s *standIn) sign(text string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// signedIn answers 401 to whoever has no session.
func (s *standIn) signedIn(next func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user := ""
		if c, err := r.Cookie("session"); err == nil {
			user = s.user(c.Value)
		}
		if user == "" {
			reply(w, http.StatusUnauthorized, map[string]any{"detail": "Not authenticated"})
			return
		}
		next(w, r, user)
	}
}

// user returns whose token it is, or nothing for one that does not count.
func (s *standIn) user(token string) string {
	i := strings.LastIndexByte(token, '.')
	if i < 0 || !hmac.Equal([]byte(token[i+1:]), []byte(s.sign(token[:i]))) {
		return ""
	}
	header, payload, _ := strings.Cut(token[:i], ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	var claims struct {
		Sub string
		Exp int64
	}
	if header != standInHeader || err != nil || json.Unmarshal(text, &claims) != nil || claims.Exp < time.Now().Unix() {
		return ""
	}
	return claims.Sub
}
