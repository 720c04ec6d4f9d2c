package words_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi/words"
)

func TestSplit(t *testing.T) {
	for text, want := range map[string]string{
		"gebruikersNaam":            "gebruikers naam",
		"/přihlášení/E-mail":        "prihlaseni e mail",
		"HASŁO":                     "haslo",
		"mot_de_passe":              "mot de passe",
		"zażółć_gęślą":              "zazolc gesla",
		"παρόλα":                    "παρολα",
		"user-name.2":               "user name 2",
		"":                          "",
		"kirjaudu_ulos_istunto_del": "kirjaudu ulos istunto del",
	} {
		if got := strings.Join(words.Split(text), " "); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestMeanings(t *testing.T) {
	for _, tc := range []struct {
		m    words.Meaning
		text string
		want bool
	}{
		{words.Secret, "Passwort", true},
		{words.Secret, "wachtWoord", true},
		{words.Secret, "mot_de_passe", true},
		{words.Secret, "contraseña", true},
		{words.Secret, "user_pin", true},
		{words.Secret, "密码", true},
		{words.Secret, "shipping", false},
		{words.Secret, "passenger", false},
		{words.Secret, "compass", false},
		{words.Name, "användarnamn", true},
		{words.Name, "Personalnummer", true},
		{words.Name, "valid", false},
		{words.Login, "/rest/přihlášení/heslo", true},
		{words.Login, "/api/accedi", true},
		{words.Login, "logga_in", true},
		{words.Login, "/orders", false},
		{words.Login, "/accessories/central", false},
		{words.Logout, "kirjaudu ulos", true},
		{words.Logout, "déconnexion", true},
		{words.Logout, "/cuenta/entrar", false},
		{words.Renew, "/anmeldung/erneuern", true},
		{words.Register, "/inscription", true},
	} {
		if got := words.Of(tc.m, tc.text); got != tc.want {
			t.Errorf("%#x of %q: got %v", tc.m, tc.text, got)
		}
	}
}

// A logout is asked for before a login is, so that a word for the one may hold
// a word for the other; no other meanings may share a word.
func TestNoWordMeansTwoOperations(t *testing.T) {
	kinds := []words.Meaning{words.Login, words.Logout, words.Renew, words.Register}
	for i, m := range kinds {
		list := words.All(m)
		if len(list) < 20 {
			t.Errorf("%#x has %d words only", m, len(list))
		}
		for _, n := range kinds[i+1:] {
			for _, w := range list {
				if slices.Contains(words.All(n), w) {
					t.Errorf("%q means both %#x and %#x", w, m, n)
				}
			}
		}
	}
}

// Names in plain ASCII are split by a shorter way, which must not differ.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", "benutzerName", "user2Name", "HTTPServer", "/api/v2/logIn--x_", "a", "A9b", "~x\x00Y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := words.Split(s), words.SplitForeign(s); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	})
}
