package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// copies is how many copies of the application the large document describes:
// about ten thousand requests are sent to them.
const copies = 16

// An application to scan.
type application struct {
	name     string
	document string // what a stand-in serves; empty for the application itself
	browser  string
	runs     int // of which the best is told
}

// scans scans an application of sixty operations, with and without a browser,
// and a stand-in for many of it that is quicker than the scanner.
func scans(ctx context.Context, b *bench) error {
	python := os.Getenv("COUNTERSIGN_PYTHON")
	if python == "" {
		python = "/usr/bin/python3"
	}
	if out, err := output(ctx, ".", python, "-c", "import fastapi, uvicorn, jwt, multipart"); err != nil {
		fmt.Printf("MISSING: %s has no FastAPI, uvicorn, PyJWT and python-multipart, so nothing was scanned (scripts/setup installs them): %s\n", python, strings.TrimSpace(string(out)))
		return nil
	}
	large, err := b.largeDocument(ctx, python)
	if err != nil {
		return err
	}
	list := []application{
		{"FastAPI, 60 operations", "", "off", 5},
		{fmt.Sprintf("stand-in for %d of it, at full rate", copies), large, "off", 5},
	}
	if browser := findBrowser(); browser == "" {
		fmt.Println("MISSING: no Chromium or Chrome is installed; only the scan without a browser was measured.")
	} else {
		list = append(list, application{"FastAPI, 60 operations", "", browser, 1})
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| target\t| browser\t| changing operations exercised\t| findings, proved\t| requests\t| per operation\t| seconds\t| CPU s per 10,000 requests\t| MB at most\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, app := range list {
		if err := b.scan(ctx, w, python, app); err != nil {
			return fmt.Errorf("%s: %w", app.name, err)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Println("\nThe scan that took the least CPU time of several is told. With a browser the time includes the browser's, and the memory is that of the largest single process.")
	return nil
}

// largeDocument writes the document of many copies of the application, each
// below a path of its own, with one login.
func (b *bench) largeDocument(ctx context.Context, python string) (string, error) {
	cmd := exec.CommandContext(ctx, python, "-B", "-c", "import app, json; print(json.dumps(app.app.openapi()))")
	cmd.Dir = filepath.Join(b.root, "testdata", "fastapi", "large")
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("the application's document: %w", err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return "", err
	}
	paths, _ := doc["paths"].(map[string]any)
	many := map[string]any{}
	for path, item := range paths {
		if path == standInLogin || path == standInLogout {
			many[path] = item
			continue
		}
		for i := range copies {
			many[fmt.Sprintf("/part%d%s", i, path)] = item
		}
	}
	doc["paths"] = many
	if text, err = json.Marshal(doc); err != nil {
		return "", err
	}
	file := filepath.Join(b.scratch, "large.json")
	return file, os.WriteFile(file, text, 0o600)
}

// serve starts what is scanned.
func (b *bench) serve(ctx context.Context, python, addr, document string) (*process, error) {
	if document != "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return start(ctx, b, addr, self, "serve-standin", addr, document)
	}
	_, port, _ := strings.Cut(addr, ":")
	app := filepath.Join(b.root, "testdata", "fastapi", "large")
	return start(ctx, b, addr, python, "-B", "-m", "uvicorn", "--app-dir", app, "--log-level", "warning", "--port", port, "app:app")
}

func (b *bench) scan(ctx context.Context, w *tabwriter.Writer, python string, app application) error {
	var best *scanned
	for range app.runs {
		s, err := b.scanOnce(ctx, python, app)
		if err != nil {
			return err
		}
		if best == nil || s.each < best.each {
			best = s
		}
	}
	r := best.report
	changing, exercised, proved := 0, 0, 0
	for _, o := range r.Operations {
		if o.ChangesState {
			changing++
			if o.Exercised {
				exercised++
			}
		}
	}
	for _, f := range r.Findings {
		if f.Confidence == "proved" {
			proved++
		}
	}
	fmt.Fprintf(w, "| %s\t| %s\t| %d of %d\t| %d, %d\t| %d\t| %.1f\t| %.1f\t| %.2f\t| %.0f\t|\n", app.name, filepath.Base(app.browser), exercised, changing, len(r.Findings), proved,
		r.Coverage.Requests, float64(r.Coverage.Requests)/float64(r.Coverage.Operations), best.wall.Seconds(), best.each*10_000, best.megabytes)
	return nil
}

// scanned is one scan: what it cost, and what it told.
type scanned struct {
	usage
	each   float64 // seconds of CPU time for a request
	report report
}

// scanOnce scans an application that was started for it.
func (b *bench) scanOnce(ctx context.Context, python string, app application) (*scanned, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	server, err := b.serve(ctx, python, addr, app.document)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	file := filepath.Join(b.scratch, "scan.json")
	u, err := b.best(ctx, 1, b.binary, "scan", "http://"+addr, "--user", "alice:alice-password-1", "--attacker", "bob:bob-password-2",
		"--browser", app.browser, "--quiet", "--format", "json="+file, "--artifacts", filepath.Join(b.scratch, "artifacts"))
	if err != nil {
		return nil, err
	}
	r, err := readReport(file)
	if err != nil {
		return nil, err
	}
	if r.Coverage.Operations == 0 || r.Coverage.Requests == 0 {
		return nil, fmt.Errorf("the scan saw nothing: %+v", r.Coverage)
	}
	return &scanned{u, u.cpu.Seconds() / float64(r.Coverage.Requests), r}, nil
}

func findBrowser() string {
	for _, name := range []string{os.Getenv("COUNTERSIGN_CHROMIUM"), "chromium", "chromium-headless-shell", "google-chrome", "google-chrome-stable", "chromium-browser"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
