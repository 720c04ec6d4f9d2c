package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/secret"
)

const word = "correct horse/battery=staple"

func TestTextNeverPrintsItself(t *testing.T) {
	s := secret.New(word)
	holder := struct{ Password secret.Text }{s}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "s", s, "h", holder)
	js, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	outputs := []string{log.String(), string(js), s.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		outputs = append(outputs, fmt.Sprintf(verb, s), fmt.Sprintf(verb, holder), fmt.Sprintf(verb, &holder))
	}
	for _, out := range outputs {
		if strings.Contains(out, "horse") || strings.Contains(out, fmt.Sprintf("%x", "horse")) {
			t.Errorf("leaked: %s", out)
		}
	}
	if s.Reveal() != word {
		t.Error("Reveal does not give the text")
	}
}

func TestRedactorTakesOutEverySpelling(t *testing.T) {
	var r secret.Redactor
	if got := r.Redact("nothing known"); got != "nothing known" {
		t.Errorf("got %q", got)
	}
	r.Add(word, "abc", "pass<word>\"1")
	in := "a=correct+horse%2Fbattery%3Dstaple b=" + word + " c=abc d=pass&lt;word&gt;&#34;1 e=Y29ycmVjdCBob3JzZS9iYXR0ZXJ5PXN0YXBsZQ=="
	want := "a=[redacted] b=[redacted] c=abc d=[redacted] e=[redacted]"
	if got := r.Redact(in); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
