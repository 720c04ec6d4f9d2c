package audit

import (
	"runtime/debug"
	"testing"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

func TestCollectSeldom(t *testing.T) {
	now := func() (percent int, limit int64) {
		percent = debug.SetGCPercent(100)
		debug.SetGCPercent(percent)
		return percent, debug.SetMemoryLimit(-1)
	}
	percent, limit := now()
	tree := func(size int64) []*pysrc.Tree {
		return []*pysrc.Tree{{Files: []pysrc.Entry{{Kind: pysrc.Python, Size: size}, {Kind: pysrc.Frontend, Size: 1 << 40}}}}
	}
	for _, test := range []struct {
		name      string
		size      int64
		env       string
		wantLimit int64
	}{
		{"small", 1 << 10, "", memoryLimit},
		{"large", 1 << 30, "", memoryPerByte << 30},
		{"GOGC", 1 << 10, "GOGC", limit},
		{"GOMEMLIMIT", 1 << 10, "GOMEMLIMIT", limit},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("GOGC", "")
			t.Setenv("GOMEMLIMIT", "")
			if test.env != "" {
				t.Setenv(test.env, "77")
			}
			defer func() {
				debug.SetGCPercent(percent)
				debug.SetMemoryLimit(limit)
			}()
			wantPercent := seldomPercent
			if test.env != "" {
				wantPercent = percent
			}
			collectSeldom(tree(test.size))
			if p, l := now(); p != wantPercent || l != test.wantLimit {
				t.Errorf("%d %% and a limit of %d are set, want %d %% and %d", p, l, wantPercent, test.wantLimit)
			}
		})
	}
}
