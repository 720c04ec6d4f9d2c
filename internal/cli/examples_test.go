package cli_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestExamplesForPipelines runs the commands of the CI examples, as they are
// written there, on a project with a flaw and on one without.
func TestExamplesForPipelines(t *testing.T) {
	command := regexp.MustCompile(`(?m)countersign audit .*$`)
	var commands []string
	for _, file := range []string{"github.yml", "gitlab.yml", "pre-commit-config.yaml"} {
		text, err := os.ReadFile("../../examples/ci/" + file)
		if err != nil {
			t.Fatal(err)
		}
		var any map[string]any
		if err := yaml.Unmarshal(text, &any); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		commands = append(commands, command.FindAllString(string(text), -1)...)
	}
	var hooks []struct {
		Entry string
		Args  []string
	}
	text, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &hooks); err != nil || len(hooks) != 1 {
		t.Fatalf("%d hooks, %v", len(hooks), err)
	}
	commands = append(commands, hooks[0].Entry+" "+strings.Join(hooks[0].Args, " "))
	if len(commands) != 4 {
		t.Fatalf("%d commands: %q", len(commands), commands)
	}
	flawed := "from fastapi import FastAPI\nfrom fastapi.middleware.cors import CORSMiddleware\n\napp = FastAPI()\napp.add_middleware(CORSMiddleware, allow_origins=[\"*\"], allow_credentials=True)\n"
	for _, line := range commands {
		if strings.Contains(line, "--changed-since") {
			continue // needs history: see the sessions of audit
		}
		for source, want := range map[string]int{flawed: 1, "from fastapi import FastAPI\n\napp = FastAPI()\n": 0} {
			cmd := program(t, strings.Fields(line)[1:]...)
			if err := os.WriteFile(cmd.Dir+"/main.py", []byte(source), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := cmd.CombinedOutput()
			if got := code(err); got != want {
				t.Errorf("%s ended with %d, want %d\n%s", line, got, want, out)
			}
		}
	}
}
