package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// A labelled repository is one that a person has read: what an audit must
// find there, and nothing else.
type labelled struct {
	Name   string  `json:"repository"`
	Commit string  `json:"commit"`
	Path   string  `json:"path"` // the folder to audit
	Labels []label `json:"labels"`
}

// A label says where a weakness stands.
type label struct {
	Weakness string `json:"weakness"`
	File     string `json:"file"`
	Line     int    `json:"line"`
	Also     []int  `json:"also"`  // lines that are as right
	Maybe    bool   `json:"maybe"` // people differ about it: it counts neither way
	Note     string `json:"note"`
}

// is reports whether the label speaks of that place.
func (l label) is(weakness, file string, line int) bool {
	return l.Weakness == weakness && l.File == file && (l.Line == line || slices.Contains(l.Also, line))
}

// A tally counts, for one weakness, findings that were labelled, findings that
// were not, and labels that were not found.
type tally struct{ right, wrong, missed int }

func (t *tally) add(o tally) {
	t.right, t.wrong, t.missed = t.right+o.right, t.wrong+o.wrong, t.missed+o.missed
}

// ratio is part/(part+rest); without either there is nothing to say.
func ratio(part, rest int) string {
	if part+rest == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(part)/float64(part+rest))
}

// corpus compares the audit with labels of public repositories. Their code is
// not part of this one: b.corpus holds a checkout of each, OWNER+NAME.
func corpus(ctx context.Context, b *bench) error {
	if b.corpus == "" {
		fmt.Println("MISSING: -corpus DIR, a folder with a checkout OWNER+NAME of each repository in testdata/audit-corpus.json.")
		return nil
	}
	text, err := os.ReadFile(filepath.Join(b.root, "testdata", "audit-corpus.json"))
	if err != nil {
		return err
	}
	var repositories []labelled
	if err := json.Unmarshal(text, &repositories); err != nil {
		return fmt.Errorf("testdata/audit-corpus.json: %w", err)
	}
	tallies := map[string]*tally{}
	read := 0
	for _, r := range repositories {
		dir := filepath.Join(b.corpus, strings.ReplaceAll(r.Name, "/", "+"))
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			fmt.Printf("MISSING: %s at %s\n", r.Name, r.Commit)
			continue
		}
		if out, err := output(ctx, dir, "git", "rev-parse", "HEAD"); err != nil || strings.TrimSpace(string(out)) != r.Commit {
			return fmt.Errorf("%s: the labels are of commit %s; check that one out", dir, r.Commit)
		}
		if err := b.compare(ctx, r, filepath.Join(dir, r.Path), tallies); err != nil {
			return err
		}
		read++
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "\n| weakness\t| right\t| wrong\t| missed\t| precision\t| recall\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|")
	all := tally{}
	names := make([]string, 0, len(tallies))
	for name, t := range tallies {
		names = append(names, name)
		all.add(*t)
	}
	slices.Sort(names)
	row := func(name string, t tally) {
		fmt.Fprintf(w, "| %s\t| %d\t| %d\t| %d\t| %s\t| %s\t|\n", name, t.right, t.wrong, t.missed, ratio(t.right, t.wrong), ratio(t.right, t.missed))
	}
	for _, name := range names {
		row(name, *tallies[name])
	}
	row(fmt.Sprintf("all, of %d repositories", read), all)
	return w.Flush()
}

// compare audits one repository, and prints every difference from its labels.
func (b *bench) compare(ctx context.Context, r labelled, dir string, tallies map[string]*tally) error {
	file := filepath.Join(b.scratch, "corpus.json")
	if _, err := b.best(ctx, 1, b.binary, "audit", "--quiet", "--fail-on", "never", "--format", "json="+file, dir); err != nil {
		return err
	}
	found, err := readReport(file)
	if err != nil {
		return err
	}
	of := func(weakness string) *tally {
		if tallies[weakness] == nil {
			tallies[weakness] = &tally{}
		}
		return tallies[weakness]
	}
	met := make([]bool, len(r.Labels))
	for _, f := range found.Findings {
		at := slices.IndexFunc(r.Labels, func(l label) bool { return l.is(f.Weakness, f.Location.File, f.Location.Line) })
		switch {
		case at < 0:
			of(f.Weakness).wrong++
			fmt.Printf("wrong  %s %s:%d %s\n", r.Name, f.Location.File, f.Location.Line, f.Weakness)
		case !met[at]:
			met[at] = true
			if !r.Labels[at].Maybe {
				of(f.Weakness).right++
			}
		}
	}
	for i, l := range r.Labels {
		if !met[i] && !l.Maybe {
			of(l.Weakness).missed++
			fmt.Printf("missed %s %s:%d %s: %s\n", r.Name, l.File, l.Line, l.Weakness, l.Note)
		}
	}
	return nil
}
