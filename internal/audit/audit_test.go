package audit_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/audit"
	"github.com/d710e0ae/countersign/internal/audit/fix"
	"github.com/d710e0ae/countersign/internal/finding"
)

const weak = `import jwt
from fastapi import FastAPI
app = FastAPI()
t = jwt.encode({"exp": 1}, "changeme")
`

func run(t *testing.T, cfg audit.Config) *finding.Report {
	t.Helper()
	r, err := audit.Run(context.Background(), cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func has(r *finding.Report, weakness string) bool {
	for _, f := range r.Findings {
		if f.Weakness == weakness {
			return true
		}
	}
	return false
}

func noted(r *finding.Report, text string) bool {
	for _, n := range r.Notes {
		if strings.Contains(n, text) {
			return true
		}
	}
	return false
}

func TestBadInput(t *testing.T) {
	deep := "x = " + strings.Repeat("(", 10_000) + strings.Repeat(")", 10_000) + "\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		note  string
		weak  bool
	}{
		{"an empty folder", nil, "no FastAPI", false},
		{"without FastAPI", map[string]string{"a.py": "import flask\n"}, "no FastAPI", false},
		{"a binary named .py", map[string]string{"a.py": "\x7fELF\x00\x01", "b.py": weak}, "NUL bytes", true},
		{"20 MB", map[string]string{"a.py": strings.Repeat("x = 1\n", 3_500_000), "b.py": weak}, "more than the", true},
		{"10,000 parentheses", map[string]string{"a.py": deep, "b.py": weak}, "", true},
		{"a notebook", map[string]string{"a.ipynb": "{}", "b.py": weak}, "notebook", true},
		{"an unknown encoding", map[string]string{"a.py": "# coding: klingon\n", "b.py": weak}, "klingon", true},
		{"a test", map[string]string{"tests/test_a.py": weak, "b.py": "import fastapi\n"}, "left out 1 Python", false},
		{"what git ignores", map[string]string{".gitignore": "gen/\n", "gen/a.py": weak, "b.py": "import fastapi\n"}, "", false},
		{"a virtual environment", map[string]string{"env1/pyvenv.cfg": "", "env1/a.py": weak, "b.py": "import fastapi\n"}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, c.files)
			r := run(t, audit.Config{Paths: []string{dir}})
			if !r.Complete {
				t.Errorf("incomplete: %v", r.IncompleteReasons)
			}
			if c.note != "" && !noted(r, c.note) {
				t.Errorf("notes %q lack %q", r.Notes, c.note)
			}
			if has(r, "jwt-weak-secret") != c.weak {
				t.Errorf("findings: %v", r.Findings)
			}
		})
	}
}

func TestAllReadsTests(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"tests/test_a.py": weak})
	if r := run(t, audit.Config{Paths: []string{dir}, All: true}); !has(r, "jwt-weak-secret") {
		t.Error("a test was left out in spite of All")
	}
}

func TestMissingPaths(t *testing.T) {
	_, err := audit.Run(context.Background(), audit.Config{Paths: []string{"/nonexistent/a", "/nonexistent/b"}}, nil)
	var usage *audit.UsageError
	if !errors.As(err, &usage) || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "/nonexistent/b") {
		t.Errorf("error %v", err)
	}
	if _, err := audit.Run(context.Background(), audit.Config{}, nil); !errors.Is(err, audit.ErrNoPaths) {
		t.Errorf("error %v", err)
	}
}

func TestSymlinks(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, map[string]string{"a.py": weak})
	dir := t.TempDir()
	write(t, dir, map[string]string{"main.py": "import fastapi\n"})
	for name, target := range map[string]string{"loop": dir, "out": outside, "out.py": filepath.Join(outside, "a.py")} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, audit.Config{Paths: []string{dir}})
	if r.Coverage.Files != 1 || len(r.Findings) > 0 {
		t.Errorf("%d files, findings %v", r.Coverage.Files, r.Findings)
	}
}

func TestIgnoreComments(t *testing.T) {
	line := `t = jwt.encode({"exp": 1}, "changeme")`
	for _, c := range []struct {
		comment string
		dropped bool
		note    string
	}{
		{"  # countersign: ignore[jwt-weak-secret] a demonstration", true, ""},
		{"  # countersign: ignore[jwt-weak-secret]", false, "no reason"},
		{"  # countersign: ignore[jwt-weak-sauce] because", false, "no such weakness"},
		{"  # countersign: ignore[jwt-no-expiry] because", false, "ignores nothing"},
		{"  # countersign: ignore because", false, "names no weakness"},
	} {
		dir := t.TempDir()
		write(t, dir, map[string]string{"a.py": strings.Replace(weak, line, line+c.comment, 1)})
		r := run(t, audit.Config{Paths: []string{dir}})
		if has(r, "jwt-weak-secret") == c.dropped {
			t.Errorf("%s: dropped %t", c.comment, !c.dropped)
		}
		if c.note != "" && !noted(r, c.note) {
			t.Errorf("%s: notes %q", c.comment, r.Notes)
		}
	}
}

func TestFingerprintsSurviveMovedLines(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.py": weak})
	one := run(t, audit.Config{Paths: []string{dir}})
	write(t, dir, map[string]string{"a.py": "# a line more\n\n" + weak})
	two := run(t, audit.Config{Paths: []string{dir}})
	if len(one.Findings) == 0 || len(one.Findings) != len(two.Findings) {
		t.Fatalf("%d and %d findings", len(one.Findings), len(two.Findings))
	}
	for i := range one.Findings {
		if one.Findings[i].Fingerprint != two.Findings[i].Fingerprint {
			t.Errorf("%s: the fingerprint moved with its line", one.Findings[i].Weakness)
		}
	}
}

func TestChangedFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.py": weak, "b.py": weak})
	r := run(t, audit.Config{Paths: []string{dir}, ChangedFiles: []string{"sub/b.py", "b.py"}})
	for _, f := range r.Findings {
		if f.Location.File != "b.py" {
			t.Errorf("%s is told of, which did not change", f.Location.File)
		}
	}
	if !has(r, "jwt-weak-secret") {
		t.Error("nothing told of what changed")
	}
}

func TestCacheGivesTheSame(t *testing.T) {
	dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "cache")
	write(t, dir, map[string]string{"a.py": weak})
	cfg := audit.Config{Paths: []string{dir}, CacheDir: cache}
	first := run(t, cfg)
	kept, err := os.ReadDir(cache)
	if err != nil || len(kept) != 1 {
		t.Fatalf("%d kept, %v", len(kept), err)
	}
	second := run(t, cfg)
	if len(first.Findings) == 0 || len(first.Findings) != len(second.Findings) || first.Findings[0].Message != second.Findings[0].Message {
		t.Errorf("first %v, then %v", first.Findings, second.Findings)
	}
	write(t, dir, map[string]string{"a.py": strings.Replace(weak, `"changeme"`, "KEY", 1)})
	if third := run(t, cfg); has(third, "jwt-weak-secret") {
		t.Error("what was kept outlived a change")
	}
	if err := os.WriteFile(filepath.Join(cache, kept[0].Name()), []byte("not json"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"a.py": weak})
	if r := run(t, cfg); !has(r, "jwt-weak-secret") {
		t.Error("a broken cache hid a finding")
	}
}

func TestDiffMends(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.py": "from fastapi import FastAPI, Response\napp = FastAPI()\n@app.post('/login')\ndef f(response: Response):\n    response.set_cookie('access_token', t)\n"})
	r := run(t, audit.Config{Paths: []string{dir}})
	diff, n, err := audit.Diff(dir, r.Findings)
	if err != nil || n != 2 || !strings.Contains(diff, "+    response.set_cookie('access_token', t, httponly=True, secure=True)") {
		t.Errorf("%d, %v\n%s", n, err, diff)
	}
}

// TestWhatIsMendedIsFoundNoMore audits, mends and audits again.
func TestWhatIsMendedIsFoundNoMore(t *testing.T) {
	const source = `"""An application."""
from fastapi import FastAPI, Response
from fastapi.middleware.cors import CORSMiddleware
from jose import jwt
import os

app = FastAPI()
app.add_middleware(
    CORSMiddleware,
    allow_origins=["*"],
    allow_credentials=True,
)
other = FastAPI()
other.add_middleware(CORSMiddleware, allow_origins="https://a.example", allow_credentials=True)


@app.post("/login")
def login(response: Response):
    token = jwt.encode({"sub": "a"}, os.environ["KEY"], algorithm="HS256")
    response.set_cookie("access_token", token, samesite=None)
    return jwt.decode(token, os.environ["KEY"])
`
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.py": source})
	r := run(t, audit.Config{Paths: []string{dir}})
	mendable := []string{"cors-credentials-any-origin", "cors-credentials-loose-origin", "jwt-no-expiry", "jwt-no-algorithms",
		"cookie-not-secure", "cookie-not-httponly", "cookie-samesite-missing"}
	for _, w := range mendable {
		if !has(r, w) {
			t.Fatalf("%s was not found to begin with", w)
		}
	}
	mended, n := fix.Apply("a.py", []byte(source), r.Findings)
	if n != len(mendable) {
		t.Errorf("%d mended, want %d", n, len(mendable))
	}
	write(t, dir, map[string]string{"a.py": string(mended)})
	r = run(t, audit.Config{Paths: []string{dir}})
	for _, w := range mendable {
		if has(r, w) {
			t.Errorf("%s is still found in\n%s", w, mended)
		}
	}
}

func TestOperationsSayTheirCredential(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.py": `from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.security import APIKeyHeader, HTTPBasic, OAuth2PasswordBearer
import jwt
import os
app = FastAPI()
KEY = os.environ["KEY"]
scheme = OAuth2PasswordBearer(tokenUrl="token")
optional = OAuth2PasswordBearer(tokenUrl="token", auto_error=False)
def decode(token):
    return jwt.decode(token, KEY, algorithms=["HS256"])
def by_header(token: str = Depends(scheme)):
    return decode(token)
def by_cookie(request: Request):
    return decode(request.cookies.get("access_token"))
def by_either(request: Request, token: str = Depends(optional)):
    return decode(token or request.cookies.get("access_token"))
def by_vault():
    if not vault.open():
        raise HTTPException(401)
@app.post("/bearer")
def a(u=Depends(by_header)): ...
@app.post("/cookie")
def b(u=Depends(by_cookie)): ...
@app.post("/either")
def c(u=Depends(by_either)): ...
@app.post("/none")
def d(): ...
@app.post("/unknown")
def e(u=Depends(by_vault)): ...
@app.post("/key")
def f(k=Depends(APIKeyHeader(name="X-API-Key"))): ...
`, "users.py": `from fastapi import FastAPI, Depends
from fastapi_users import FastAPIUsers
from fastapi_users.authentication import CookieTransport, AuthenticationBackend
backend = AuthenticationBackend(name="jwt", transport=CookieTransport(cookie_max_age=3600), get_strategy=strategy)
users = FastAPIUsers[User, int](manager, [backend])
app = FastAPI()
@app.get("/library")
def g(u=Depends(users.current_user())): ...
`})
	want := map[string]finding.Credential{
		"/bearer": finding.CredentialBearer, "/cookie": finding.CredentialCookie, "/either": finding.CredentialEither, "/none": finding.CredentialNone,
		"/unknown": finding.CredentialUnknown, "/key": finding.CredentialBearer, "/library": finding.CredentialCookie,
	}
	got := run(t, audit.Config{Paths: []string{dir}}).Operations
	if len(got) != len(want) {
		t.Errorf("%d operations, want %d", len(got), len(want))
	}
	for _, o := range got {
		if o.Credential != want[o.Path] {
			t.Errorf("%s: %s, want %s", o.Path, o.Credential, want[o.Path])
		}
	}
}

func TestInterruptedRunsSaySo(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.py": weak})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := audit.Run(ctx, audit.Config{Paths: []string{dir}}, nil)
	if err != nil || r.Complete {
		t.Errorf("complete after an interruption; error %v", err)
	}
}
