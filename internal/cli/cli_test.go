package cli_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/d710e0ae/countersign/internal/cli"
	"github.com/d710e0ae/countersign/internal/lab"
)

// TestMain makes the test binary the program, so that sessions run it as a
// user would.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"countersign": func() { os.Exit(cli.Main()) }})
}

// TestSessions runs each session in testdata/script. They find a vulnerable
// bank at $BANK, the bearer variant at $BEARER, servers that are no API at
// $HTML and $TEAPOT, and a port that nothing listens on at $NOWHERE.
func TestSessions(t *testing.T) {
	l, err := lab.Start(t.Context(), lab.Config{})
	if err != nil {
		t.Fatal(err)
	}
	// Sessions run in parallel, after this function has returned.
	t.Cleanup(func() { l.Close() })
	html := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte("<!DOCTYPE html><title>Not an API</title>"))
	}))
	t.Cleanup(html.Close)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"hello": "world"}`))
	}))
	t.Cleanup(broken.Close)
	cmds := badInput()
	cmds["status"] = status
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "script"),
		Cmds: cmds,
		Setup: func(e *testscript.Env) error {
			e.Setenv("BANK", l.URLs[lab.Vulnerable])
			e.Setenv("BEARER", l.URLs[lab.Bearer])
			e.Setenv("HTML", html.URL)
			e.Setenv("NODOC", broken.URL)
			e.Setenv("NOWHERE", "http://"+closedPort(t))
			e.Setenv("BUSY", strings.TrimPrefix(l.URLs[lab.Vulnerable], "http://"))
			e.Setenv("NO_COLOR", "1")
			return nil
		},
	})
}

// status runs a program and compares its exit code: "status 2 countersign …".
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE PROGRAM ARGS…")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var ended *exec.ExitError
		if !errors.As(err, &ended) {
			ts.Fatalf("%v", err)
		}
		got = ended.ExitCode()
	}
	if want := args[0]; strconv.Itoa(got) != want {
		ts.Fatalf("%s ended with %d, want %s", strings.Join(args[1:], " "), got, want)
	}
}

// closedPort returns an address that nothing listens on.
func closedPort(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func TestTheProcessTakesInterrupts(t *testing.T) {
	if signal.Ignored(os.Interrupt) {
		t.Error("interrupts are ignored: the interruption test would prove nothing")
	}
}
