// Command bench runs Countersign beside its peers on this machine, in one
// run, and prints how it stands against what it is held to. What is not
// installed is said aloud and left out; nothing is estimated.
//
//	go run .                     everything
//	go run . -only packages      csrf, cors and jwt
//	go run . -only proxy         the guard
//	go run . -only corpus -corpus DIR   the audit beside labels of public repositories
//
// What the figures mean is in ../docs/performance.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// A part is one of the benchmarks.
type part struct {
	name    string
	program bool // it measures the program countersign
	run     func(context.Context, *bench) error
}

var parts = []part{
	{"packages", false, packages},
	{"proxy", true, proxies},
	{"audit", true, audits},
	{"scan", true, scans},
	{"corpus", true, corpus},
}

// A bench is what the parts share.
type bench struct {
	rounds    int
	benchtime time.Duration
	requests  int
	root      string // of the repository
	binary    string // countersign, built from root for the parts that measure it
	scratch   string // removed at the end
	corpus    string // checkouts of the labelled repositories; "" where there are none
}

func main() {
	if len(os.Args) > 1 && serveRole(os.Args[1:]) {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var b bench
	only := flag.String("only", "", "the parts to run, by commas: packages, proxy, audit, scan, corpus")
	flag.IntVar(&b.rounds, "count", 20, "how often each benchmark is run")
	flag.DurationVar(&b.benchtime, "benchtime", 20*time.Millisecond, "how long a benchmark of a package takes, each time")
	flag.IntVar(&b.requests, "requests", 20_000, "requests that a proxy gets in each round")
	flag.StringVar(&b.corpus, "corpus", "", "a folder with checkouts of the repositories of testdata/audit-corpus.json")
	flag.Parse()
	chosen, err := choose(*only)
	if err != nil {
		return err
	}

	if b.root, err = filepath.Abs(".."); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(b.root, "cmd", "countersign")); err != nil {
		return fmt.Errorf("run it in the folder bench of the repository: %w", err)
	}
	if b.scratch, err = os.MkdirTemp("", "countersign-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.scratch)
	b.binary = filepath.Join(b.scratch, "countersign")

	fmt.Printf("%s %s/%s, %d cores, %s, %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cpuModel(), time.Now().UTC().Format("2006-01-02"))
	for _, p := range chosen {
		fmt.Printf("\n# %s\n\n", p.name)
		if p.program {
			if out, err := output(ctx, b.root, "go", "build", "-trimpath", "-o", b.binary, "./cmd/countersign"); err != nil {
				return fmt.Errorf("countersign does not build: %w\n%s", err, out)
			}
		}
		if err := p.run(ctx, &b); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func choose(only string) ([]part, error) {
	if only == "" {
		return parts, nil
	}
	var chosen []part
names:
	for name := range strings.SplitSeq(only, ",") {
		for _, p := range parts {
			if p.name == name {
				chosen = append(chosen, p)
				continue names
			}
		}
		return nil, fmt.Errorf("-only: there is no part %q", name)
	}
	return chosen, nil
}

func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
