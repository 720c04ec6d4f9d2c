// Package needs tells a test where the programs are that it runs beside the
// Go toolchain. Where one is missing the test is skipped and says what was
// left out; in CI, where scripts/setup has run, a missing one is a failure.
package needs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Chromium returns the path of a Chromium or Chrome.
func Chromium(t testing.TB) string {
	t.Helper()
	return program(t, "COUNTERSIGN_CHROMIUM", "chromium", "chromium-headless-shell", "google-chrome", "google-chrome-stable", "chromium-browser")
}

// Redis returns the path of a Redis or Valkey server.
func Redis(t testing.TB) string {
	t.Helper()
	return program(t, "COUNTERSIGN_REDIS", "redis-server", "valkey-server")
}

// Git returns the path of git.
func Git(t testing.TB) string {
	t.Helper()
	return program(t, "COUNTERSIGN_GIT", "git")
}

// FastAPI returns the path of a Python that can import FastAPI, uvicorn,
// PyJWT and python-multipart.
func FastAPI(t testing.TB) string {
	t.Helper()
	const modules = "import fastapi, uvicorn, jwt, multipart"
	var tried []string
	for _, p := range []string{os.Getenv("COUNTERSIGN_PYTHON"), "/usr/bin/python3", "python3"} {
		if p == "" {
			continue
		}
		out, err := exec.Command(p, "-c", modules).CombinedOutput()
		if err == nil {
			return p
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		tried = append(tried, p+": "+lines[len(lines)-1])
	}
	missing(t, "a Python with FastAPI, uvicorn, PyJWT and python-multipart ("+strings.Join(tried, "; ")+")")
	return ""
}

// Script returns the path of a file of a JavaScript package that scripts/setup
// installs from npm, such as "axios/dist/axios.min.js".
func Script(t testing.TB, name string) string {
	t.Helper()
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		cache = filepath.Join(os.Getenv("HOME"), ".cache") // on every system, as in scripts/setup
	}
	p := filepath.Join(cache, "countersign", "npm", "node_modules", filepath.FromSlash(name))
	if _, err := os.Stat(p); err != nil {
		missing(t, "the JavaScript package's file "+name)
	}
	return p
}

func program(t testing.TB, env string, names ...string) string {
	t.Helper()
	if p := os.Getenv(env); p != "" {
		return p
	}
	for _, n := range names {
		if p, err := exec.LookPath(n); err == nil {
			return p
		}
	}
	missing(t, names[0])
	return ""
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" || os.Getenv("COUNTERSIGN_REQUIRE_ALL") != "" {
		t.Fatalf("missing: %s; run scripts/setup", what)
	}
	t.Skipf("left out, for want of %s; run scripts/setup", what)
}
