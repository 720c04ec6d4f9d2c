package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/internal/fastapitest"
	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/lab"
	"github.com/d710e0ae/countersign/internal/needs"
	"github.com/d710e0ae/countersign/internal/scan/browser"
)

// program is countersign as a process of its own: the test binary under its
// other name.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// testscript.Main finds programs by their name in PATH.
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "countersign")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(dir, "countersign"), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	return cmd
}

func code(err error) int {
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// TestInterruptedScanWritesItsReport interrupts a scan as soon as its browser
// is at work, and looks for what is left.
func TestInterruptedScanWritesItsReport(t *testing.T) {
	path := needs.Chromium(t)
	bank, err := lab.NewBank(lab.Vulnerable, lab.BankConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var cmd *exec.Cmd
	var once sync.Once
	started := make(chan struct{})
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.UserAgent(), "HeadlessChrome") {
			<-started
			once.Do(func() { cmd.Process.Signal(os.Interrupt) })
		}
		bank.ServeHTTP(w, r)
	}))
	defer target.Close()
	cmd = program(t, "scan", target.URL, "--user", "alice:wonderland-7", "--browser", path, "--format", "json=report.json")
	tmp := t.TempDir()
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	if got := code(cmd.Wait()); got != 130 {
		t.Fatalf("ended with %d\n%s", got, &stderr)
	}
	data, err := os.ReadFile(filepath.Join(cmd.Dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r finding.Report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if r.Complete || len(r.Operations) == 0 || len(r.IncompleteReasons) == 0 {
		t.Errorf("complete %v, %d operations, reasons %q", r.Complete, len(r.Operations), r.IncompleteReasons)
	}
	if left := profiles(t, tmp); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if line, err := os.ReadFile(f); err == nil && strings.Contains(string(line), tmp) {
			t.Errorf("%s still runs: %.200q", f, line)
		}
	}
}

func profiles(t *testing.T, dir string) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "countersign-*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// scanned runs a scan with the browser and returns its report and exit code.
func scanned(t *testing.T, target string, options ...string) (*finding.Report, int) {
	t.Helper()
	cmd := program(t, append([]string{"scan", target, "--user", "alice:wonderland-7", "--attacker", "mallory:looking-glass-9", "--browser", needs.Chromium(t), "--format", "json=report.json"}, options...)...)
	out, err := cmd.CombinedOutput()
	ended := code(err)
	data, err := os.ReadFile(filepath.Join(cmd.Dir, "report.json"))
	if err != nil {
		t.Fatalf("ended with %d: %s", ended, out)
	}
	var r finding.Report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"wonderland-7", "looking-glass-9", "eyJ"} {
		if strings.Contains(string(data), secret) {
			t.Errorf("the report has %q in it", secret)
		}
	}
	return &r, ended
}

// TestBanksInRealFastAPI scans each variant of the bank, with the browser.
func TestBanksInRealFastAPI(t *testing.T) {
	for _, c := range []struct {
		variant string
		code    int
	}{
		{"vulnerable", 1}, {"bearer", 0}, {"bearer_open_cors", 0}, {"cookie", 0},
	} {
		t.Run(c.variant, func(t *testing.T) {
			s := fastapitest.Start(t, "../../testdata/fastapi/bank/"+c.variant+".py")
			source := t.TempDir() // of this variant alone
			for _, name := range []string{c.variant + ".py", "common.py"} {
				text, err := os.ReadFile("../../testdata/fastapi/bank/" + name)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(source, name), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r, ended := scanned(t, s.URL, "--source", source)
			if ended != c.code {
				t.Errorf("ended with %d, want %d: %+v %q", ended, c.code, r.Findings, r.IncompleteReasons)
			}
			if c.code == 0 {
				unforged(t, r)
				return
			}
			for _, f := range r.Findings {
				if f.Weakness == "forgeable-operation" && f.Operation.String() == "POST /transfer" && f.Confidence == finding.Proved {
					if line := lineOf(t, source, f.Location); !strings.Contains(line, "request.cookies.get") {
						t.Errorf("it comes from %+v: %q", f.Location, line)
					}
					return
				}
			}
			t.Errorf("no proof for POST /transfer: %+v", r.Findings)
		})
	}
}

// lineOf returns the line of source at a place.
func lineOf(t *testing.T, source string, at *finding.Location) string {
	t.Helper()
	if at == nil {
		return ""
	}
	data, err := os.ReadFile(filepath.Join(source, at.File))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	if at.Line < 1 || at.Line > len(lines) {
		return ""
	}
	return lines[at.Line-1]
}

// unforged holds a report to: nothing forged, and every operation that
// changes state has verdicts that say what blocked.
func unforged(t *testing.T, r *finding.Report) {
	t.Helper()
	blocked := map[string]int{}
	for _, v := range r.Verdicts {
		if v.Verdict == finding.Forged {
			t.Errorf("forged: %+v", v)
		}
		if v.Verdict == finding.Blocked && v.By != "" && v.Reason != "" {
			blocked[v.Operation]++
		}
	}
	for _, op := range []string{"POST /transfer", "POST /transfer/form", "POST /email"} {
		if blocked[op] == 0 {
			t.Errorf("%s: nothing says what blocked it", op)
		}
	}
	for _, f := range r.Findings {
		if strings.Contains(f.Weakness, "forge") || strings.HasPrefix(f.Weakness, "csrf") || f.Weakness == "mixed-credentials" || f.Weakness == "get-changes-state" {
			t.Errorf("finding about forgery: %s %v", f.Weakness, f.Operation)
		}
	}
}

// TestGuardBeforeRealFastAPI puts the guard, as a process, before the
// vulnerable bank: the scan finds nothing, and a person can still log in and
// transfer.
func TestGuardBeforeRealFastAPI(t *testing.T) {
	app := fastapitest.Start(t, "../../testdata/fastapi/bank/vulnerable.py")
	listen := closedPort(t)
	cmd := program(t, "guard", "-c", "countersign.yaml")
	config := "listen: " + listen + "\nupstream: " + app.URL + "\npublic_origin: http://" + listen + "\nsession: {store: \"memory:\"}\nadmin: {listen: " + closedPort(t) + "}\n"
	if err := os.WriteFile(filepath.Join(cmd.Dir, "countersign.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Signal(os.Interrupt)
		if got := code(cmd.Wait()); got != 0 && got != 130 {
			t.Errorf("the guard ended with %d\n%s", got, &log)
		}
	}()
	base := "http://" + listen
	answering(t, base+"/openapi.json")

	r, ended := scanned(t, base)
	if ended != 0 {
		t.Errorf("ended with %d: %+v %q", ended, r.Findings, r.IncompleteReasons)
	}
	unforged(t, r)

	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	b, err := browser.Launch(t.Context(), browser.Config{Path: needs.Chromium(t), Target: u})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	v, err := b.NewVictim(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	send := func(method, path, body, csrf string) (*browser.Response, map[string]any) {
		t.Helper()
		q := browser.Request{Method: method, URL: base + path, Header: http.Header{}, Body: []byte(body)}
		if body != "" {
			q.ContentType = "application/json"
		}
		if csrf != "" {
			q.Header.Set("X-CSRF-Token", csrf)
		}
		res, err := v.Do(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var answer map[string]any
		json.Unmarshal(res.Body, &answer) // some answers are no objects
		return res, answer
	}
	res, answer := send("POST", "/login", `{"username":"alice","password":"wonderland-7"}`, "")
	token, _ := answer["csrf_token"].(string)
	if res.Status != 200 || token == "" {
		t.Fatalf("login: %d %v", res.Status, answer)
	}
	_, before := send("GET", "/balance", "", "")
	if res, answer := send("POST", "/transfer", `{"to":"mallory","amount":7}`, token); res.Status != 200 || answer["status"] != "ok" {
		t.Errorf("transfer: %d %v", res.Status, answer)
	}
	_, after := send("GET", "/balance", "", "")
	if before["balance"].(float64)-after["balance"].(float64) != 7 {
		t.Errorf("balance %v, then %v", before, after)
	}
}

// answering returns when the URL answers. The connection is tried again as
// long as it is refused; a refusal costs no time worth waiting for.
func answering(t *testing.T, at string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		res, err := http.Get(at)
		if err == nil {
			res.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v", at, err)
		}
	}
}
