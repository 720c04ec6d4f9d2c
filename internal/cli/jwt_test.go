package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/cli"
)

// A token that is not good is 1 and one line, however it is not good.
func TestJWTExitCodes(t *testing.T) {
	key := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(key, []byte("a secret of thirty-two bytes, yes"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		token string
		args  []string
		want  int
	}{
		"longer than anyone's":  {strings.Repeat("x", 2<<20), []string{"verify", "--key", key, "--alg", "HS256"}, cli.ExitFindings},
		"inspected, and so":     {strings.Repeat("x", 2<<20), []string{"inspect"}, cli.ExitFindings},
		"no token":              {"x", []string{"verify", "--key", key, "--alg", "HS256"}, cli.ExitFindings},
		"nothing":               {"", []string{"verify", "--key", key, "--alg", "HS256"}, cli.ExitUsage},
		"no key":                {"x", []string{"verify", "--key", key + "x", "--alg", "HS256"}, cli.ExitUsage},
		"a leeway of an hour":   {"x", []string{"verify", "--key", key, "--alg", "HS256", "--leeway", "1h"}, cli.ExitUsage},
		"a flag that is none":   {"x", []string{"verify", "--key", key, "--algorithm", "HS256"}, cli.ExitUsage},
		"the algorithm is none": {"x", []string{"verify", "--key", key, "--alg", "none"}, cli.ExitUsage},
	} {
		var out, errs bytes.Buffer
		got := cli.Run(t.Context(), cli.Streams{In: strings.NewReader(c.token), Out: &out, Err: &errs}, append([]string{"jwt"}, c.args...))
		if got != c.want || out.Len() > 0 || errs.Len() == 0 {
			t.Errorf("%s: exit %d, out %q, err %q", name, got, out.String(), errs.String())
		}
		if lines := strings.Count(errs.String(), "\n"); got == cli.ExitFindings && lines != 1 {
			t.Errorf("%s: %d lines: %s", name, lines, errs.String())
		}
	}
}
