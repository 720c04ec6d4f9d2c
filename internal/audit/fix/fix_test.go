package fix_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/audit/fix"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/needs"
)

func at(weakness string, line, column int) finding.Finding {
	return finding.Finding{Weakness: weakness, Location: &finding.Location{File: "app/main.py", Line: line, Column: column}}
}

const before = `from fastapi import Response


def login(response: Response):
    response.set_cookie("access_token", "x", secure=False)
    response.set_cookie(
        key="session",
        value="y",
    )
    a = 1
    b = 2
    c = 3
    d = 4
    return None


app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)`

const after = `from fastapi import Response


def login(response: Response):
    response.set_cookie("access_token", "x", secure=True, httponly=True)
    response.set_cookie(
        key="session",
        value="y",
        samesite="strict",
    )
    a = 1
    b = 2
    c = 3
    d = 4
    return None


app.add_middleware(CORSMiddleware, allow_origins=["https://name-your-frontend.invalid"], allow_credentials=True)`

var findings = []finding.Finding{
	at("cookie-not-secure", 5, 5), at("cookie-not-httponly", 5, 5), at("cookie-samesite-missing", 6, 5), at("cors-credentials-any-origin", 17, 1),
	at("forgeable-operation", 5, 5),
}

func TestApply(t *testing.T) {
	got, n := fix.Apply("app/main.py", []byte(before), findings)
	if n != 4 || string(got) != after {
		t.Errorf("%d mended:\n%s", n, got)
	}
	if f := pysrc.Parse("x", got); f.Errors != 0 {
		t.Errorf("%d syntax errors", f.Errors)
	}
	if again, n := fix.Apply("app/main.py", []byte("x = 1\n"), findings); n != 0 || string(again) != "x = 1\n" {
		t.Errorf("changed a file that holds no such call: %q", again)
	}
}

func TestEachRemedy(t *testing.T) {
	for _, c := range []struct{ name, weakness, before, after string }{
		{"a wildcard in the call", "cors-credentials-any-origin",
			"app.add_middleware(CORS, allow_origins=['a', '*'], allow_credentials=True)\n",
			"app.add_middleware(CORS, allow_origins=[\"https://name-your-frontend.invalid\"], allow_credentials=True)\n"},
		{"a wildcard from elsewhere", "cors-credentials-any-origin",
			"app.add_middleware(CORS, allow_origins=settings.origins, allow_credentials=True)\n",
			"app.add_middleware(CORS, allow_origins=settings.origins, allow_credentials=False)\n"},
		{"a pattern", "cors-credentials-any-origin",
			"app.add_middleware(CORS, allow_origin_regex='.*', allow_credentials=True)\n",
			"app.add_middleware(CORS, allow_origin_regex='.*', allow_credentials=False)\n"},
		{"a string", "cors-credentials-loose-origin",
			"app.add_middleware(CORS, allow_origins='https://a.example, https://b.example', allow_credentials=True)\n",
			"app.add_middleware(CORS, allow_origins=[\"https://a.example\", \"https://b.example\"], allow_credentials=True)\n"},
		{"a string of the environment", "cors-credentials-loose-origin",
			"app.add_middleware(CORS, allow_origins=os.getenv('O', 'https://a.example'))\n",
			"app.add_middleware(CORS, allow_origins=[o.strip() for o in os.getenv('O', 'https://a.example').split(\",\") if o.strip()])\n"},
		{"a string by name", "cors-credentials-loose-origin",
			"app.add_middleware(CORS, allow_origins=ORIGINS)\n", "app.add_middleware(CORS, allow_origins=ORIGINS)\n"},
		{"claims written in the call", "jwt-no-expiry",
			"jwt.encode({'sub': 1}, K)\nimport jwt\n", "jwt.encode({\"exp\": int(time.time()) + 900, 'sub': 1}, K)\nimport time\nimport jwt\n"},
		{"claims by name", "jwt-no-expiry",
			"jwt.encode(claims, K)\nimport time\n", "jwt.encode({**claims, \"exp\": int(time.time()) + 900}, K)\nimport time\n"},
		{"claims by keyword", "jwt-no-expiry",
			"jwt.encode(key=K, payload={})\nimport time\n", "jwt.encode(key=K, payload={\"exp\": int(time.time()) + 900})\nimport time\n"},
		{"claims behind a header", "jwt-no-expiry",
			"jwt.encode(h, c, K)\nimport time\nfrom joserfc import jwt\n", "jwt.encode(h, {**c, \"exp\": int(time.time()) + 900}, K)\nimport time\nfrom joserfc import jwt\n"},
		{"where time is something else", "jwt-no-expiry",
			"jwt.encode(c, K)\nfrom time import time\n", "jwt.encode(c, K)\nfrom time import time\n"},
		{"behind the future", "jwt-no-expiry",
			"jwt.encode(c, K)\nfrom __future__ import annotations\nimport jwt\n",
			"jwt.encode({**c, \"exp\": int(time.time()) + 900}, K)\nfrom __future__ import annotations\nimport time\nimport jwt\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := fix.Apply("app/main.py", []byte(c.before), []finding.Finding{at(c.weakness, 1, 1)})
			if string(got) != c.after {
				t.Errorf("got %s", got)
			}
			if again, _ := fix.Apply("app/main.py", []byte(c.before), []finding.Finding{at(c.weakness, 1, 1), at(c.weakness, 1, 1)}); string(again) != c.after {
				t.Errorf("told twice: %s", again)
			}
		})
	}
}

// TestGitApplies lets git itself apply the diff, where there is one.
func TestGitApplies(t *testing.T) {
	git := needs.Git(t)
	dir := t.TempDir()
	name := filepath.Join(dir, "app", "main.py")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(before), 0o644); err != nil {
		t.Fatal(err)
	}
	diff := fix.Diff("app/main.py", []byte(before), []byte(after))
	cmd := exec.Command(git, "apply", "-p1", "-")
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(diff)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, diff)
	}
	got, err := os.ReadFile(name)
	if err != nil || string(got) != after {
		t.Errorf("%v\n%s", err, got)
	}
	if fix.Diff("x", []byte(before), []byte(before)) != "" {
		t.Error("a diff of nothing")
	}
}

// A line that is blank before and after is no change.
func TestDiffLeavesBlankLinesAlone(t *testing.T) {
	before := "import jwt\n\napp.add(1)\n\nusers = {}\n"
	want := "--- a/m.py\n+++ b/m.py\n@@ -1,5 +1,6 @@\n+import time\n import jwt\n \n-app.add(1)\n+app.add(2)\n \n users = {}\n"
	if got := fix.Diff("m.py", []byte(before), []byte("import time\n"+strings.Replace(before, "1", "2", 1))); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
