package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// scans scans an application of sixty operations, with and without a browser.
func scans(ctx context.Context, b *bench) error {
	python := os.Getenv("COUNTERSIGN_PYTHON")
	if python == "" {
		python = "/usr/bin/python3"
	}
	if out, err := output(ctx, ".", python, "-c", "import fastapi, uvicorn, jwt, multipart"); err != nil {
		fmt.Printf("MISSING: %s has no FastAPI, uvicorn, PyJWT and python-multipart, so nothing was scanned (scripts/setup installs them): %s\n", python, strings.TrimSpace(string(out)))
		return nil
	}
	ways := []string{"off"}
	if browser := findBrowser(); browser == "" {
		fmt.Println("MISSING: no Chromium or Chrome is installed; only the scan without a browser was measured.")
	} else {
		ways = append(ways, browser)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| browser\t| operations\t| exercised\t| findings, proved\t| requests\t| per operation\t| seconds\t| CPU s per 10,000 requests\t| MB at most\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, way := range ways {
		if err := b.scan(ctx, w, python, way); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Println("\nWith a browser the CPU time includes the browser's, and the memory is that of the largest single process.")
	return nil
}

func (b *bench) scan(ctx context.Context, w *tabwriter.Writer, python, browser string) error {
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	_, port, _ := strings.Cut(addr, ":")
	app := filepath.Join(b.root, "testdata", "fastapi", "large")
	server, err := start(ctx, b, addr, python, "-B", "-m", "uvicorn", "--app-dir", app, "--log-level", "warning", "--port", port, "app:app")
	if err != nil {
		return err
	}
	defer server.stop()
	file := filepath.Join(b.scratch, "scan.json")
	u, err := b.best(ctx, 1, b.binary, "scan", "http://"+addr, "--user", "alice:alice-password-1", "--attacker", "bob:bob-password-2",
		"--browser", browser, "--quiet", "--format", "json="+file, "--artifacts", filepath.Join(b.scratch, "artifacts"))
	if err != nil {
		return err
	}
	r, err := readReport(file)
	if err != nil {
		return err
	}
	if r.Coverage.Operations == 0 || r.Coverage.Requests == 0 {
		return fmt.Errorf("the scan saw nothing: %+v", r.Coverage)
	}
	proved := 0
	for _, f := range r.Findings {
		if f.Confidence == "proved" {
			proved++
		}
	}
	fmt.Fprintf(w, "| %s\t| %d\t| %d\t| %d, %d\t| %d\t| %.1f\t| %.1f\t| %.2f\t| %.0f\t|\n", filepath.Base(browser), r.Coverage.Operations, r.Coverage.Exercised, len(r.Findings), proved,
		r.Coverage.Requests, float64(r.Coverage.Requests)/float64(r.Coverage.Operations), u.wall.Seconds(), u.cpu.Seconds()/float64(r.Coverage.Requests)*10_000, u.megabytes)
	return nil
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
