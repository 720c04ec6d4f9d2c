package audit_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/internal/audit"
	"github.com/d710e0ae/countersign/internal/audit/rules"
	"github.com/d710e0ae/countersign/internal/finding"
)

// everyFixture is one tree of all the examples of all rules, and of the
// applications of testdata/fastapi.
func everyFixture(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, r := range rules.All() {
		for name, files := range fixtures(t, r.ID) {
			write(t, filepath.Join(dir, r.ID, name), files)
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "apps"), os.DirFS(filepath.Join("..", "..", "testdata", "fastapi"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestProcessorsMakeNoDifference audits on one processor and on several, and
// asks for the same report to the letter.
func TestProcessorsMakeNoDifference(t *testing.T) {
	dir := everyFixture(t)
	t.Chdir(dir)
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	var want string
	for _, n := range []int{1, 2, 8, 3} {
		runtime.GOMAXPROCS(n)
		r := run(t, audit.Config{Paths: []string{"."}, All: true})
		if len(r.Findings) < 100 || len(r.Operations) < 200 {
			t.Fatalf("only %d findings and %d operations: too little to tell", len(r.Findings), len(r.Operations))
		}
		got := said(t, r)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("on %d processors the report is another", n)
		}
	}
}

// TestNothingIsTakenOutThatRulesAskFor audits with all that routes do, and with
// what the rules say that they ask for.
func TestNothingIsTakenOutThatRulesAskFor(t *testing.T) {
	t.Chdir(everyFixture(t))
	cfg := audit.Config{Paths: []string{"."}, All: true}
	all, some := run(t, audit.KeepAll(cfg)), run(t, cfg)
	if len(all.Findings) < 100 {
		t.Fatalf("only %d findings: too little to tell", len(all.Findings))
	}
	if said(t, all) != said(t, some) {
		t.Error("the report is another where some of what routes do is taken out before the rules run")
	}
}

// said is a report without the time that it took.
func said(t *testing.T, r *finding.Report) string {
	t.Helper()
	r.Started, r.Seconds = time.Time{}, 0
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
