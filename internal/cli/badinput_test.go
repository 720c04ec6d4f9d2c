package cli_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// badInput are the commands of sessions that write what a session cannot hold.
func badInput() map[string]func(*testscript.TestScript, bool, []string) {
	sized := func(text func(n int) string) func(*testscript.TestScript, bool, []string) {
		return func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) != 2 {
				ts.Fatalf("a file and a number are due")
			}
			n, err := strconv.Atoi(args[1])
			ts.Check(err)
			ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text(n)), 0o644))
		}
	}
	return map[string]func(*testscript.TestScript, bool, []string){
		// big FILE BYTES: a long Python file.
		"big": sized(func(n int) string { return strings.Repeat("x = 1\n", n/6+1)[:n] }),
		// nested FILE N: that many parentheses within each other.
		"nested": sized(func(n int) string { return "x = " + strings.Repeat("(", n) + strings.Repeat(")", n) + "\n" }),
		// binary FILE: the beginning of a program.
		"binary": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) != 1 {
				ts.Fatalf("a file is due")
			}
			ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte("\x7fELF\x02\x01\x01\x00\x00\x00"), 0o644))
		},
	}
}

// TestAuditLeavesOutWhatItMayNotRead runs as an ordinary user, since root may
// read everything.
func TestAuditLeavesOutWhatItMayNotRead(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	app := filepath.Join(dir, "app")
	for name, text := range map[string]string{
		"main.py":       "import jwt\nfrom fastapi import FastAPI\napp = FastAPI()\nt = jwt.encode({'exp': 1}, 'changeme')\n",
		"secret.py":     "import fastapi\n",
		"closed/all.py": "import fastapi\n",
	} {
		p := filepath.Join(app, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	closed := filepath.Join(app, "closed")
	for _, p := range []string{filepath.Join(app, "secret.py"), closed} {
		if err := os.Chmod(p, 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Chmod(closed, 0o755) })
	run := func(args ...string) (string, string, int) {
		cmd := program(t, args...)
		cmd.Dir = dir
		if os.Geteuid() == 0 {
			cmd.Path = readable(t, dir)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		err := cmd.Run()
		if _, ended := err.(*exec.ExitError); err != nil && !ended {
			t.Fatal(err)
		}
		return out.String(), errs.String(), code(err)
	}
	out, errs, got := run("audit", "app")
	if got != 1 || !strings.Contains(out, "jwt-weak-secret") {
		t.Errorf("code %d\n%s%s", got, out, errs)
	}
	for _, want := range []string{"left out secret.py: permission denied", "left out closed: permission denied"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
	if _, errs, got := run("audit", "app/closed"); got != 2 || !strings.Contains(errs, "app/closed: permission denied") {
		t.Errorf("code %d: %s", got, errs)
	}
}

// readable copies the program to where every user may run it.
func readable(t *testing.T, dir string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "countersign")
	if _, err := os.Stat(name); err == nil {
		return name
	}
	from, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}
