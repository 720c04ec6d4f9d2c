package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/d710e0ae/countersign/internal/needs"
)

func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

type workflow struct {
	Jobs map[string]struct {
		Steps []struct {
			Name string            `yaml:"name"`
			Run  string            `yaml:"run"`
			Uses string            `yaml:"uses"`
			With map[string]string `yaml:"with"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

type hook struct {
	ID    string `yaml:"id"`
	Entry string `yaml:"entry"`
}

type preCommit struct {
	Repos []struct {
		Hooks []struct {
			ID   string   `yaml:"id"`
			Args []string `yaml:"args"`
		} `yaml:"hooks"`
	} `yaml:"repos"`
}

const forgeableApp = `import os

import jwt
from fastapi import Depends, FastAPI, Request

app = FastAPI()


def current(request: Request):
    return jwt.decode(request.cookies["access_token"], os.environ["KEY"], algorithms=["HS256"])


@app.post("/transfer")
def transfer(user=Depends(current)):
    return {}
`

// TestExamplesOfContinuousIntegration runs the very commands of the examples
// in a checkout: they pass before a pull request brings a flaw, and fail after.
func TestExamplesOfContinuousIntegration(t *testing.T) {
	git := needs.Git(t)
	repo := t.TempDir()
	sh := func(command string) (string, int) {
		t.Helper()
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir = repo
		bin := filepath.Dir(program(t).Path)
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+filepath.Dir(git)+":/usr/bin:/bin", "GITHUB_BASE_REF=main", "NO_COLOR=1", "HOME="+repo,
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		out, err := cmd.CombinedOutput()
		return string(out), code(err)
	}
	must := func(command string) {
		t.Helper()
		if out, got := sh(command); got != 0 {
			t.Fatalf("%s ended with %d\n%s", command, got, out)
		}
	}
	var flow workflow
	readYAML(t, "examples/ci/github.yml", &flow)
	var commands []string
	sarif := ""
	for _, s := range flow.Jobs["audit"].Steps {
		if strings.HasPrefix(s.Run, "countersign ") {
			commands = append(commands, s.Run)
		}
		if strings.HasPrefix(s.Uses, "github/codeql-action/upload-sarif@") {
			sarif = s.With["sarif_file"]
		}
	}
	var hooks []hook
	readYAML(t, ".pre-commit-hooks.yaml", &hooks)
	var config preCommit
	readYAML(t, "examples/pre-commit/.pre-commit-config.yaml", &config)
	if len(commands) != 2 || sarif == "" || len(hooks) != 1 || len(config.Repos) != 1 || config.Repos[0].Hooks[0].ID != hooks[0].ID {
		t.Fatalf("commands %q, SARIF %q, hooks %v, config %v", commands, sarif, hooks, config)
	}
	onHook := hooks[0].Entry + " " + strings.Join(config.Repos[0].Hooks[0].Args, " ")

	must("git init -q -b main . && printf 'from fastapi import FastAPI\\napp = FastAPI()\\n' > old.py && git add old.py && git commit -q -m one && git update-ref refs/remotes/origin/main HEAD")
	for _, c := range append(commands, onHook) {
		must(c)
	}
	if err := os.WriteFile(filepath.Join(repo, "new.py"), []byte(forgeableApp), 0o644); err != nil {
		t.Fatal(err)
	}
	must("git add new.py")
	if out, got := sh(onHook); got != 1 || !strings.Contains(out, "forgeable-operation") {
		t.Errorf("the hook ended with %d\n%s", got, out)
	}
	must("git commit -q -m two")
	must(commands[0])
	b, err := os.ReadFile(filepath.Join(repo, sarif))
	if err != nil || !strings.Contains(string(b), `"ruleId": "forgeable-operation"`) {
		t.Errorf("%s does not tell of it: %v", sarif, err)
	}
	if out, got := sh(commands[1]); got != 1 || !strings.Contains(out, "new.py:10") {
		t.Errorf("%s ended with %d\n%s", commands[1], got, out)
	}
	// The two commands of the README beside it.
	must("countersign audit . --format json=countersign-baseline.json --fail-on never")
	must("countersign audit . --baseline countersign-baseline.json")
}
