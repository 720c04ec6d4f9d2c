package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// installed are Python packages of the kind that a web API is made of, and
// where Debian puts them.
const sitePackages = "/usr/lib/python3/dist-packages"

var installed = []string{"fastapi", "starlette", "uvicorn", "jwt", "h11", "anyio", "click", "jinja2", "pydantic", "sqlalchemy", "databases", "asgiref", "cryptography", "websockets"}

// A tree is Python source to be audited.
type tree struct {
	name  string
	dir   string
	files int
}

// auditRuns is how often, at least, a program reads a tree, of which the
// quickest is told.
const auditRuns = 2

// audits compares the audit with bandit over the same trees.
func audits(ctx context.Context, b *bench) error {
	if _, err := exec.LookPath("taskset"); err != nil {
		return errors.New("taskset is not installed (Debian: util-linux), so that cores cannot be told")
	}
	bandit, err := exec.LookPath("bandit")
	if err != nil {
		fmt.Println("MISSING: bandit is not installed (Debian: apt-get install bandit).")
	}
	apps, err := b.appTree("apps", 300)
	if err != nil {
		return err
	}
	trees := []tree{apps}
	if libraries, err := b.installedTree(); err != nil {
		return err
	} else if libraries.files == 0 {
		fmt.Printf("MISSING: none of the packages %s is in %s.\n", strings.Join(installed, ", "), sitePackages)
	} else {
		trees = append(trees, libraries)
	}

	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| tree\t| files\t| program\t| cores\t| files/s\t| CPU s\t| MB at most\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, t := range trees {
		for _, cores := range []string{"0", "0,1"} {
			for _, program := range [][]string{
				{b.binary, "audit", "--all", "--quiet", "--fail-on", "never", t.dir},
				{bandit, "-q", "-r", t.dir, "-f", "json", "-o", filepath.Join(b.scratch, "bandit.json")},
			} {
				if program[0] == "" {
					continue
				}
				u, err := b.best(ctx, auditRuns, append([]string{"taskset", "-c", cores}, program...)...)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, "| %s\t| %d\t| %s\t| %d\t| %.0f\t| %.1f\t| %.0f\t|\n", t.name, t.files, filepath.Base(program[0]), strings.Count(cores, ",")+1, float64(t.files)/u.wall.Seconds(), u.cpu.Seconds(), u.megabytes)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return b.auditLarge(ctx)
}

// auditLarge measures memory and the cache with a tree of 3,000 files.
func (b *bench) auditLarge(ctx context.Context) error {
	large, err := b.appTree("large", 3000)
	if err != nil {
		return err
	}
	cache := filepath.Join(b.scratch, "cache")
	command := []string{b.binary, "audit", "--all", "--quiet", "--fail-on", "never", "--cache", cache, large.dir}
	first, err := b.best(ctx, 1, command...)
	if err != nil {
		return err
	}
	second, err := b.best(ctx, 3, command...)
	if err != nil {
		return err
	}
	fmt.Printf("\n%d files with --cache: first run %.2f s, %.0f MB at most; second run %.2f s, %.0f MB\n", large.files, first.wall.Seconds(), first.megabytes, second.wall.Seconds(), second.megabytes)
	return nil
}

// A usage is what a command took.
type usage struct {
	wall, cpu time.Duration
	megabytes float64 // resident, at most
}

// shortRuns is for how long a command is run again that is done sooner: what
// takes a fifth of a second is soon disturbed.
const shortRuns = 4 * time.Second

// best runs the command n times, or more often where it is quick, and returns
// the quickest run: what else the machine does only makes it slower. Exit code
// 1 means findings.
func (b *bench) best(ctx context.Context, n int, command ...string) (usage, error) {
	var best usage
	var took time.Duration
	for i := 0; i < n || n > 1 && took < shortRuns; i++ {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		var said strings.Builder
		cmd.Stderr = &said
		begun := time.Now()
		err := cmd.Run()
		wall := time.Since(begun)
		took += wall
		if exit := (*exec.ExitError)(nil); err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1) {
			return best, fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, said.String())
		}
		r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			return best, errors.New("this system does not tell what a process used")
		}
		if i == 0 || wall < best.wall {
			best = usage{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), float64(r.Maxrss) * 1024 / 1e6}
		}
	}
	return best, nil
}

// appTree fills a tree with copies of this repository's FastAPI applications,
// each copy another text.
func (b *bench) appTree(name string, files int) (tree, error) {
	t := tree{name: "FastAPI applications", dir: filepath.Join(b.scratch, name)}
	source := filepath.Join(b.root, "testdata", "fastapi")
	for t.files < files {
		before := t.files
		err := filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".py" || t.files == files {
				return err
			}
			rel, err := filepath.Rel(source, path)
			if err != nil {
				return err
			}
			t.files++
			return copyFile(filepath.Join(t.dir, "copy"+strconv.Itoa(before), rel), path, fmt.Sprintf("# copy %d\n", t.files))
		})
		if err != nil {
			return t, err
		}
		if t.files == before {
			return t, fmt.Errorf("no Python source below %s", source)
		}
	}
	return t, nil
}

func (b *bench) installedTree() (tree, error) {
	t := tree{name: "installed packages", dir: filepath.Join(b.scratch, "installed")}
	for _, name := range installed {
		err := filepath.WalkDir(filepath.Join(sitePackages, name), func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".py" {
				return err
			}
			rel, err := filepath.Rel(sitePackages, path)
			if err != nil {
				return err
			}
			t.files++
			return copyFile(filepath.Join(t.dir, rel), path, "")
		})
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

func copyFile(to, from, suffix string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, append(text, suffix...), 0o600)
}

// report is what the benchmarks read of a JSON report.
type report struct {
	Coverage struct {
		Operations int `json:"operations"`
		Exercised  int `json:"exercised"`
		Requests   int `json:"requests"`
	} `json:"coverage"`
	Operations []struct {
		ChangesState bool `json:"changes_state"`
		Exercised    bool `json:"exercised"`
	} `json:"operations"`
	Findings []struct {
		Weakness   string `json:"weakness"`
		Confidence string `json:"confidence"`
		Location   struct {
			File string `json:"file"`
			Line int    `json:"line"`
		} `json:"location"`
	} `json:"findings"`
}

func readReport(path string) (r report, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(text, &r)
}
