package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/cli"
	"github.com/d710e0ae/countersign/internal/needs"
)

// A repository in which each step is a shell command, and audits of it.
func TestChangedSince(t *testing.T) {
	bin := needs.Git(t)
	repo := t.TempDir()
	t.Setenv("PATH", filepath.Dir(bin)+":/usr/bin:/bin")
	t.Setenv("HOME", repo)
	do := func(command string) {
		t.Helper()
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir = repo
		cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
	audit := func(path, revision string) (code int, said string) {
		var out, errs bytes.Buffer
		code = cli.Run(t.Context(), cli.Streams{Out: &out, Err: &errs}, []string{"audit", filepath.Join(repo, path), "--changed-since", revision, "--fail-on", "low"})
		return code, out.String() + errs.String()
	}
	if err := os.WriteFile(filepath.Join(repo, "old.py"), []byte(forgeableApp), 0o644); err != nil {
		t.Fatal(err)
	}

	do("git init -q -b main . && git add old.py")
	if code, said := audit(".", "HEAD"); code != cli.ExitFindings {
		t.Errorf("before the first commit: ended with %d\n%s", code, said)
	}
	do("git commit -q -m one && git checkout -q -b work && printf 'x = 1\\n' > new.py && git add . && git commit -q -m two")
	do("git checkout -q main && printf 'mended = 1\\n' > old.py && git commit -q -am three && git checkout -q work")
	if code, said := audit(".", "main"); code != cli.ExitOK || strings.Contains(said, "old.py") {
		t.Errorf("what the other branch changed: ended with %d\n%s", code, said)
	}
	do("printf '\\n' >> old.py")
	for _, path := range []string{".", "old.py"} {
		if code, said := audit(path, "main"); code != cli.ExitFindings || !strings.Contains(said, "old.py:") {
			t.Errorf("%s, changed here too: ended with %d\n%s", path, code, said)
		}
	}
	if code, said := audit(".", "no-such"); code != cli.ExitUsage || !strings.Contains(said, "git knows no such revision") {
		t.Errorf("ended with %d\n%s", code, said)
	}
	t.Setenv("PATH", filepath.Join(repo, "nothing"))
	if code, said := audit(".", "main"); code != cli.ExitUsage || !strings.Contains(said, "not installed") {
		t.Errorf("without git: ended with %d\n%s", code, said)
	}
}
