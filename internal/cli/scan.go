package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/d710e0ae/countersign/internal/audit"
	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan"
	"github.com/d710e0ae/countersign/internal/scan/browser"
	"github.com/d710e0ae/countersign/internal/secret"
)

// scanFlags are the flags of scan as they were written.
type scanFlags struct {
	cfg              scan.Config
	victim, attacker string
	headers, cookies []string
	rate, shard      string
	config, source   string
	file             scanFile // what config says
}

func newScan(s Streams) *cobra.Command {
	var (
		out output
		f   scanFlags
	)
	cmd := &cobra.Command{
		Use:   "scan URL",
		Short: "Find and prove what can be forged on a running API",
		Long: `Scan one running API: read its OpenAPI document, log in as the victim, exercise
every operation, and try each request that a page of another origin could make
the victim's browser send. What can be forged is proved in a real browser.

The scan changes state, as the accounts that it is given. Run it against a test
deployment. A target that is neither loopback nor private needs --authorized.

A password may be written as env:NAME or file:PATH.`,
		Example: `  countersign scan http://localhost:8000 --user alice:secret
  countersign scan http://localhost:8000 --user alice:env:ALICE_PASSWORD --attacker mallory:file:mallory.txt
  countersign scan https://staging.example.com --authorized --user alice:env:PW \
      --format sarif=scan.sarif --format html=scan.html`,
		Args: oneTarget,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.cfg.Target = args[0]
			errConfig := f.readConfig(cmd)
			plan, errOut := out.check()
			errFlags := f.check()
			if err := allOf(errConfig, errOut, errFlags); err != nil {
				return err
			}
			return runScan(cmd.Context(), s, f.cfg, f.source, plan)
		},
	}
	f.flags(cmd)
	out.flags(cmd)
	return cmd
}

func oneTarget(_ *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return usagef("no target; write the URL of the API, such as: countersign scan http://localhost:8000 --user alice:secret")
	case 1:
		return nil
	}
	return usagef("one target at a time, and %d are given: %s", len(args), strings.Join(args, " "))
}

func (f *scanFlags) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.SortFlags = false // in the order of what they are about
	fl.StringVar(&f.victim, "user", "", "the victim, as `NAME:PASSWORD`")
	fl.StringVar(&f.attacker, "attacker", "", "a second account, as `NAME:PASSWORD`")
	fl.StringVar(&f.cfg.Login, "login", "", "the login, such as `'POST /login'` (default: found in the document)")
	fl.StringArrayVar(&f.headers, "header", nil, "a header for every request, as `'NAME: VALUE'`; repeatable")
	fl.StringArrayVar(&f.cookies, "cookie", nil, "a cookie of the victim, as `'NAME=VALUE'`; repeatable")
	fl.StringVar(&f.config, "config", "", "options in a YAML `FILE`; flags win over it")
	fl.StringVar(&f.cfg.OpenAPI, "openapi", "", "the API's document: a `URL or FILE` (default: looked for at the usual places)")
	fl.StringVar(&f.cfg.HAR, "har", "", "a `FILE` with a recording of the API's use, where there is no document")
	fl.StringVar(&f.source, "source", "", "`PATH` of the API's FastAPI source: what is found carries the line that it comes from")
	fl.StringVar(&f.cfg.Frontend, "frontend", "", "`URL` of the page that people use, for what it keeps in web storage")
	fl.StringVar(&f.cfg.Wordlist, "wordlist", "", "a `FILE` of secrets to try on the API's tokens, one a line")
	fl.BoolVar(&f.cfg.Authorized, "authorized", false, "I may scan this target; needed for one that is neither loopback nor private")
	fl.BoolVar(&f.cfg.ReadOnly, "read-only", false, "send nothing that changes state")
	fl.StringArrayVar(&f.cfg.Include, "include", nil, "only operations that match `GLOB`, such as 'POST /orders*'; repeatable")
	fl.StringArrayVar(&f.cfg.Exclude, "exclude", nil, "no operation that matches `GLOB`, such as 'DELETE /users/*'; repeatable")
	fl.StringVar(&f.shard, "shard", "", "scan part `I/N` of the API")
	fl.StringVar(&f.rate, "rate", "", "at most so many requests, such as `50/s`")
	fl.StringVar(&f.cfg.Browser, "browser", "auto", "`auto, off or PATH` of a Chromium or Chrome")
	fl.StringVar(&f.cfg.Artifacts, "artifacts", "countersign-artifacts", "`DIR` for proofs of concept and screenshots; written only if something is forged")
}

// check reads what is written in a form of its own, and returns all mistakes
// at once.
func (f *scanFlags) check() error {
	var errs []error
	var err error
	if f.victim != "" {
		if f.cfg.Victim, err = account(f.victim); err != nil {
			errs = append(errs, fmt.Errorf("--user %w", err))
		}
	}
	if f.attacker != "" {
		if f.cfg.Attacker, err = account(f.attacker); err != nil {
			errs = append(errs, fmt.Errorf("--attacker %w", err))
		}
	}
	if err := f.file.accounts(&f.cfg); err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", f.config, err))
	}
	f.cfg.Headers = http.Header{}
	for _, h := range f.headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || strings.TrimSpace(name) == "" || strings.ContainsAny(name, " \t\r\n") || strings.ContainsAny(value, "\r\n") {
			// The text may hold a secret, and is not repeated.
			errs = append(errs, errors.New("--header: write it as 'NAME: VALUE'"))
			continue
		}
		f.cfg.Headers.Add(name, strings.TrimSpace(value))
	}
	f.cfg.Cookies = map[string]string{}
	for _, c := range f.cookies {
		name, value, ok := strings.Cut(c, "=")
		if !ok || name == "" {
			errs = append(errs, errors.New("--cookie: write it as 'NAME=VALUE'"))
			continue
		}
		f.cfg.Cookies[name] = value
	}
	if f.rate != "" {
		n, err := strconv.ParseFloat(strings.TrimSuffix(f.rate, "/s"), 64)
		if err != nil || n <= 0 {
			errs = append(errs, fmt.Errorf("--rate %s: write requests per second, such as 50/s", f.rate))
		}
		f.cfg.Rate = n
	}
	if f.shard != "" {
		i, n, ok := strings.Cut(f.shard, "/")
		part, errPart := strconv.Atoi(i)
		of, errOf := strconv.Atoi(n)
		if !ok || errPart != nil || errOf != nil || part < 1 || of < part {
			errs = append(errs, fmt.Errorf("--shard %s: write the part and the number of parts, such as 1/4", f.shard))
		}
		f.cfg.Shard = scan.Shard{I: part, N: of}
	}
	for _, in := range []struct{ flag, path string }{
		{"source", f.source}, {"har", f.cfg.HAR}, {"wordlist", f.cfg.Wordlist}, {"openapi", f.cfg.OpenAPI},
	} {
		if in.path == "" || strings.Contains(in.path, "://") {
			continue
		}
		if _, err := os.Stat(in.path); err != nil {
			errs = append(errs, fmt.Errorf("--%s: %w", in.flag, err))
		}
	}
	if _, err := browser.Find(f.cfg.Browser); err != nil && f.cfg.Browser != "auto" {
		errs = append(errs, fmt.Errorf("--browser: %w", err))
	}
	return errors.Join(errs...)
}

// account reads NAME:PASSWORD, where the password may stand in the
// environment or a file. The error never repeats the password.
func account(text string) (scan.Account, error) {
	name, password, ok := strings.Cut(text, ":")
	if !ok || name == "" {
		return scan.Account{}, errors.New("has no colon; write NAME:PASSWORD, NAME:env:VARIABLE or NAME:file:PATH")
	}
	password, err := reveal(password)
	if err != nil {
		return scan.Account{}, fmt.Errorf("%s: %w", name, err)
	}
	if password == "" {
		return scan.Account{}, fmt.Errorf("%s: the password is empty", name)
	}
	return scan.Account{Name: name, Password: secret.New(password)}, nil
}

// reveal returns a secret that may stand in the environment (env:NAME) or in
// a file (file:PATH).
func reveal(text string) (string, error) {
	if variable, ok := strings.CutPrefix(text, "env:"); ok {
		value, ok := os.LookupEnv(variable)
		if !ok {
			return "", fmt.Errorf("the environment has no variable %s", variable)
		}
		return value, nil
	}
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		data, err := os.ReadFile(path)
		return strings.TrimRight(string(data), "\r\n"), err
	}
	return text, nil
}

func runScan(ctx context.Context, s Streams, cfg scan.Config, source string, plan *plan) error {
	cfg.Tool = tool
	progress := newProgress(s.Err, plan.quiet)
	// Until the report is written: what the scan has kept would be collected
	// for nothing else.
	undo := sync.OnceFunc(lean(cfg.Browser == "off"))
	defer undo()
	report, err := scan.Run(ctx, cfg, progress)
	progress.clear()
	var wrong *scan.UsageError
	if errors.As(err, &wrong) {
		return usage(wrong.Err)
	}
	if report == nil {
		return incomplete(err)
	}
	if source != "" {
		undo() // which is for all processors
		// Reading takes no part of the scan's time: an interruption that
		// ended the scan does not cost its findings their lines.
		if err := locate(context.WithoutCancel(ctx), s, report, source, plan.quiet); err != nil {
			return usage(err)
		}
	}
	ended := plan.finish(ctx, s, report)
	// Why a scan is incomplete stands in the report; who does not see that is
	// told on the standard error.
	var partial *scan.IncompleteError
	var code *exitError
	if !plan.shows(s) && errors.As(ended, &code) && code.code == ExitIncomplete && code.err == nil && errors.As(err, &partial) {
		return incomplete(partial)
	}
	return ended
}

// locate gives what was found its line in the source. The source may be a
// part of a larger project's tree that audit leaves out by default, so it
// reads everything.
func locate(ctx context.Context, s Streams, report *finding.Report, source string, quiet bool) error {
	progress := newProgress(s.Err, quiet)
	read, err := audit.Run(ctx, audit.Config{Paths: []string{source}, Tool: tool, All: true}, progress)
	progress.clear()
	if err != nil {
		return fmt.Errorf("--source: %w", err)
	}
	n := finding.Locate(report, read)
	report.Notes = append(report.Notes, fmt.Sprintf("source: %d of %d findings have a place in %s", n, len(report.Findings), source))
	return nil
}
