package actor_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/d710e0ae/countersign/internal/secret"
)

// paths makes a document of POST operations: path, ID and schema of each.
func paths(t *testing.T, operations ...[3]string) *openapi.Document {
	t.Helper()
	var list []string
	for _, o := range operations {
		list = append(list, `"`+o[0]+`":{"post":{"operationId":"`+o[1]+`","requestBody":{"content":{"application/json":{"schema":`+o[2]+`}}},"responses":{"200":{"description":""}}}}`)
	}
	d, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{`+strings.Join(list, ",")+`}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// object is the schema of an object that insists on all its members.
func object(members ...string) string {
	var names, properties []string
	for i := 0; i < len(members); i += 2 {
		names = append(names, `"`+members[i]+`"`)
		properties = append(properties, `"`+members[i]+`":`+members[i+1])
	}
	return `{"type":"object","required":[` + strings.Join(names, ",") + `],"properties":{` + strings.Join(properties, ",") + `}}`
}

const text = `{"type":"string"}`

func TestLoginsInOtherLanguages(t *testing.T) {
	for name, tc := range map[string]struct {
		path, id, schema string
		user, pass       string
		doubtful         bool
	}{
		"Polish":                    {"/sesja", "zaloguj", object("email", text, "hasło", text), "email", "hasło", false},
		"Finnish, nested":           {"/istunto", "kirjaudu", object("tunnus", object("kortti", text, "salasana", text)), "tunnus.kortti", "tunnus.salasana", false},
		"German":                    {"/anmeldung", "anmelden", object("personalnummer", text, "kennwort", text), "personalnummer", "kennwort", false},
		"Dutch":                     {"/inloggen", "inloggen", object("gebruikersNaam", text, "wachtWoord", text), "gebruikersNaam", "wachtWoord", false},
		"French, by its shape":      {"/moi", "ouvre", object("courriel", text, "mot_de_passe", text), "courriel", "mot_de_passe", true},
		"Chinese":                   {"/登录", "d", object("用户名", text, "密码", text), "用户名", "密码", false},
		"the format alone":          {"/door", "open", object("who", text, "what", `{"type":"string","format":"password"}`), "who", "what", true},
		"it is written only":        {"/door", "open", object("badge", text, "gizli", `{"type":"string","writeOnly":true}`), "badge", "gizli", true},
		"a summary's words, by ID":  {"/in", "logga_in", object("namn", text, "lösenord", text), "namn", "lösenord", false},
		"one name in another":       {"/entrar", "entrar", object("correo_electronico", text, "clave", text), "correo_electronico", "clave", false},
		"the name is a number's":    {"/prihlaseni", "p", object("cislo", text, "heslo", text), "cislo", "heslo", false},
		"two passwords open no one": {"/profile", "put", object("email", text, "passwort", text, "passwort_neu", text), "", "", false},
		"a registration":            {"/rejestracja", "zarejestruj", object("email", text, "haslo", text), "", "", false},
		"a reset":                   {"/haslo/zmien", "zmien", object("email", text, "haslo", text), "", "", false},
		"no password":               {"/moi", "ouvre", object("courriel", text, "ville", text), "", "", false},
	} {
		routes := actor.Find(paths(t, [3]string{tc.path, tc.id, tc.schema}))
		switch {
		case tc.user == "" && len(routes) > 0:
			t.Errorf("%s: %+v", name, routes)
		case tc.user != "" && (len(routes) != 1 || routes[0].UserField != tc.user || routes[0].PassField != tc.pass || routes[0].Doubtful != tc.doubtful):
			t.Errorf("%s: %+v", name, routes)
		}
	}
}

func TestALoginGetsWhatItInsistsOn(t *testing.T) {
	routes := actor.Find(paths(t, [3]string{"/accedi", "accedi", object("utente", text, "pin", text, "ricorda", `{"type":"boolean"}`, "lingua", `{"type":"string","enum":["it","de"]}`)}))
	if len(routes) != 1 || routes[0].Extra["lingua"] != "it" {
		t.Fatalf("%+v", routes)
	}
	if _, ok := routes[0].Extra["ricorda"].(bool); !ok {
		t.Errorf("the flag is no flag: %+v", routes[0].Extra)
	}
}

// saysJSON answers by the body that it got.
func saysJSON(f func(path string, body map[string]any, h http.Header) (int, string, string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		var b []byte
		if r.Body != nil {
			b, _ = io.ReadAll(r.Body)
		}
		_ = json.Unmarshal(b, &body)
		status, answer, cookie := f(r.URL.Path, body, r.Header)
		if cookie != "" {
			w.Header().Set("Set-Cookie", cookie+"; Path=/")
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	})
}

var alena = actor.Account{Name: "alena@example.com", Password: secret.New("Heřmánek-2")}

func TestALoginOfTwoStepsIsFound(t *testing.T) {
	doc := paths(t,
		[3]string{"/prihlaseni/email", "email", object("email", `{"type":"string","format":"email"}`)},
		[3]string{"/prihlaseni/heslo", "heslo", object("pokus", text, "heslo", text)},
		[3]string{"/zpravy", "nova", object("text", text)})
	who, _ := someone(t, saysJSON(func(path string, body map[string]any, _ http.Header) (int, string, string) {
		switch {
		case path == "/prihlaseni/email" && body["email"] == alena.Name:
			return 200, `{"pokus":{"pokus":"attempt-17"}}`, ""
		case path == "/prihlaseni/heslo" && body["pokus"] == "attempt-17" && body["heslo"] == "Heřmánek-2":
			return 200, `{}`, "relace=0123456789abcdef"
		case path == "/zpravy":
			t.Error("the password's search went to an operation that takes none")
		}
		return 401, `{}`, ""
	}), alena, nil)
	who.Routes, who.Stepped = actor.Find(doc), actor.FindStepped(doc)
	if _, err := who.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, route := who.Answer(); route == nil || route.Path != "/prihlaseni/heslo" {
		t.Errorf("the login is %v", route)
	}
	if _, err := who.Login(t.Context()); err != nil {
		t.Errorf("the second time: %v", err)
	}
}

func TestADoubtfulLoginMustAuthenticate(t *testing.T) {
	doc := paths(t, [3]string{"/door", "open", object("badge", text, "word", `{"type":"string","format":"password"}`)})
	for cookie, ok := range map[string]bool{"visit=0123456789": false, "pass=0123456789": true} {
		who, _ := someone(t, saysJSON(func(path string, _ map[string]any, h http.Header) (int, string, string) {
			switch {
			case path == "/door":
				return 200, `{}`, cookie
			case strings.Contains(h.Get("Cookie"), "pass="):
				return 200, `{}`, ""
			}
			return 401, `{}`, ""
		}), alena, nil)
		who.Routes, who.Reads = actor.Find(doc), []string{"/me"}
		_, err := who.Login(t.Context())
		if (err == nil) != ok {
			t.Errorf("%s: %v", cookie, err)
		}
		if !ok && (!errors.Is(err, actor.ErrLogin) || !strings.Contains(err.Error(), "GET /me refuses it") || !strings.Contains(err.Error(), "--login 'POST /door'")) {
			t.Errorf("the error does not help: %v", err)
		}
	}
}

func TestThePasswordIsNotTriedEverywhere(t *testing.T) {
	var operations [][3]string
	for _, p := range strings.Fields("a b c d e f g h i j k l m n") {
		operations = append(operations, [3]string{"/" + p, p, object("badge", text, "word", `{"type":"string","format":"password"}`)})
	}
	doc := paths(t, operations...)
	for status, most := range map[int]int{401: 8, 429: 1, 423: 1} {
		tries := 0
		who, _ := someone(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			tries++
			w.Header().Set("Retry-After", "3600") // longer than any client waits
			w.WriteHeader(status)
		}), alena, nil)
		who.Routes = actor.Find(doc)
		if _, err := who.Login(t.Context()); !errors.Is(err, actor.ErrLogin) {
			t.Errorf("%d: %v", status, err)
		}
		if tries != most {
			t.Errorf("%d: the password was tried %d times, want %d", status, tries, most)
		}
	}
}

func TestALoginNamesTheFieldThatItWants(t *testing.T) {
	doc := paths(t, [3]string{"/cuenta/entrar", "entrar", object("correo", text, "clave", text)})
	who, _ := someone(t, saysJSON(func(_ string, _ map[string]any, h http.Header) (int, string, string) {
		if h.Get("X-Requested-With") != "XMLHttpRequest" {
			return 400, `{"detail":"Falta la cabecera X-Requested-With"}`, ""
		}
		return 200, `{}`, "sid=0123456789"
	}), alena, nil)
	who.Routes = actor.Find(doc)
	if _, err := who.Login(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOwnName(t *testing.T) {
	for _, tc := range []struct{ method, path, id, want string }{
		{"POST", "/auth/teachers", "create_auth_teachers_post", "teachers create"},
		{"POST", "/auth/teachers/", "create_auth_teachers__post", "teachers create"},
		{"GET", "/rooms/{room_id}/leave", "leave_room_rooms__room_id__leave_get", "leave leave_room"},
		{"POST", "/účet/odhlásit", "konec_účet_odhlásit_post", "odhlásit konec"},
		{"POST", "/login", "enter", "login enter"},
		{"POST", "/login", "", "login "},
		{"POST", "/", "root__post", " root"},
	} {
		if got := actor.OwnName(&openapi.Operation{OperationRef: finding.OperationRef{Method: tc.method, Path: tc.path}, ID: tc.id}); got != tc.want {
			t.Errorf("%s %s, %s: got %q, want %q", tc.method, tc.path, tc.id, got, tc.want)
		}
	}
}
