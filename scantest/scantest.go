// Package scantest lets a Go developer judge an http.Handler as "countersign
// scan" judges a running API, in one test:
//
//	func TestNoForgery(t *testing.T) {
//		scantest.Run(t, newAPI(), scantest.Config{
//			User: "alice", Password: "wonderland-7",
//		})
//	}
//
// The handler must serve its OpenAPI document, or Config.OpenAPI name one.
// The test fails with each finding at or above Config.FailOn, and where the
// scan saw too little to speak for the handler. It changes the handler's state
// as the accounts that it is given: give it a store of its own.
//
// Run serves the handler under an address that nobody knows before. A handler
// that must know its origin, as csrf.Config.PublicOrigin says it, is scanned by
// [RunAt]:
//
//	srv := httptest.NewUnstartedServer(nil)
//	srv.Config.Handler = newAPI("http://" + srv.Listener.Addr().String())
//	srv.Start()
//	defer srv.Close()
//	scantest.RunAt(t, srv.URL, scantest.Config{User: "alice", Password: "wonderland-7"})
//
// No browser is needed, and without one a scan of a few operations takes less
// than a second. Cookies of the __Host- prefix and with Secure are kept on
// plain http too, as browsers do on loopback addresses.
package scantest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan"
	"github.com/d710e0ae/countersign/internal/secret"
	"github.com/d710e0ae/countersign/internal/weakness"
)

// Config says how to scan a handler. User and Password are required, and the
// handler must know the account.
type Config struct {
	User, Password                 string // the victim's account
	AttackerUser, AttackerPassword string // a second account, where there is one

	OpenAPI string   // file of the API's document; empty: the handler serves it
	Login   string   // "POST /login"; empty: found in the document
	Include []string // globs over "METHOD PATH", such as "DELETE /users/*"; empty: all
	Exclude []string // of what Include lets in
	Browser string   // "off" (also empty), "auto", or the path of a Chromium
	// FailOn is the least severity that fails the test: "critical", "high",
	// "medium" (also empty), "low" or "info".
	FailOn string
}

// A Finding is one weakness that was found.
type Finding struct {
	Weakness  string // the catalogue's id, such as "forgeable-operation"
	Severity  string
	Operation string // "METHOD PATH", or empty for the whole API
	Message   string
	Remedy    string // in Go
}

// Run scans h and fails t with what it finds. It returns every finding, also
// those below FailOn. It serves h on a port of 127.0.0.1 until it returns.
func Run(t testing.TB, h http.Handler, cfg Config) []Finding {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	return RunAt(t, srv.URL, cfg)
}

// RunAt scans the server at the URL, of a loopback or private address, as Run
// scans a handler.
func RunAt(t testing.TB, url string, cfg Config) []Finding {
	t.Helper()
	failOn := weakness.Medium
	if cfg.FailOn != "" {
		var err error
		if failOn, err = weakness.ParseSeverity(cfg.FailOn); err != nil {
			t.Fatalf("scantest: FailOn: %v", err)
		}
	}
	if cfg.Browser == "" {
		cfg.Browser = "off"
	}
	report, err := scan.Run(t.Context(), scan.Config{
		Target: url, OpenAPI: cfg.OpenAPI, Login: cfg.Login, Include: cfg.Include, Exclude: cfg.Exclude, Browser: cfg.Browser,
		Victim:   scan.Account{Name: cfg.User, Password: secret.New(cfg.Password)},
		Attacker: scan.Account{Name: cfg.AttackerUser, Password: secret.New(cfg.AttackerPassword)},
	})
	if _, ok := errors.AsType[*scan.UsageError](err); ok {
		t.Fatalf("scantest: %s", inGo.Replace(err.Error()))
	}
	if err != nil {
		t.Errorf("scantest: %s", inGo.Replace(err.Error()))
	}
	var out []Finding
	for _, f := range report.Findings {
		out = append(out, public(f))
		if f.Severity >= failOn {
			t.Errorf("%s", text(f))
		}
	}
	return out
}

// inGo names in this package's words what the scan names in those of its
// command line.
var inGo = strings.NewReplacer(
	"--openapi", "Config.OpenAPI", "--login", "Config.Login", "--user", "Config.User and Config.Password",
	", or describe it in the configuration's login_flow", "",
)

func public(f finding.Finding) Finding {
	p := Finding{Weakness: f.Weakness, Severity: f.Severity.String(), Message: f.Message, Remedy: f.Remedy.Go}
	if f.Operation != nil {
		p.Operation = f.Operation.String()
	}
	return p
}

// text is a finding as a test prints it: what, where, how it was seen, and
// what to do.
func text(f finding.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", f.Weakness, f.Severity, f.Message)
	for _, e := range f.Evidence {
		fmt.Fprintf(&b, "\n  %s:\n    %s", e.Kind, strings.ReplaceAll(strings.TrimSpace(e.Text), "\n", "\n    "))
	}
	if f.Remedy.Go != "" {
		fmt.Fprintf(&b, "\n  remedy: %s", f.Remedy.Go)
	}
	return b.String()
}
