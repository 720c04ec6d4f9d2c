package attack

import (
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/secret"
)

// The best known of all weak secrets is a word of the sentence that tells it.
func TestProseKeepsItsWordsAndHidesSecrets(t *testing.T) {
	target := &Target{Redactor: &secret.Redactor{}}
	target.Redactor.Add("secret")
	ref := finding.OperationRef{Method: "GET", Path: "/secrets"}
	got := target.sayf("The secret stands in %s (%d bytes), and %s says %s.", prose("the list of well-known secrets"), 6, ref, "my secret is secret")
	if want := prose("The secret stands in the list of well-known secrets (6 bytes), and GET /secrets says my [redacted] is [redacted]."); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
