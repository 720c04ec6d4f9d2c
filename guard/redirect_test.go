package guard

import (
	"testing"

	"github.com/d710e0ae/countersign/internal/origin"
)

func TestStaysAt(t *testing.T) {
	own, err := origin.Of("https", "bank.test")
	if err != nil {
		t.Fatal(err)
	}
	for location, want := range map[string]bool{
		"":                        true,
		"/":                       true,
		"next?to=//evil.test":     true,
		"../a:b":                  true,
		"#top":                    true,
		"https://bank.test":       true,
		"HTTPS://Bank.test/a":     true,
		"//bank.test/a":           true,
		"https://evil.test/":      false,
		"https://bank.test.evil":  false,
		"https://bank.test@evil":  false,
		"https://bank.test:8443/": false,
		"http://bank.test/":       false,
		"//evil.test":             false,
		`/\evil.test`:             false,
		`\\evil.test`:             false,
		"/\t/evil.test":           false,
		"  //evil.test":           false,
		"ht\ttps://evil.test":     false,
		"https:/\\evil.test":      false,
		"http:evil.test":          false,
		"data:text/html,x":        false,
		"\x01//evil.test":         false,
		"\x1F https://evil.test":  false,
		"\x0Bhttps:\r//evil.test": false,
	} {
		if got := staysAt(location, own); got != want {
			t.Errorf("%q: %v", location, got)
		}
	}
}
