package audit

import (
	"os"
	"runtime/debug"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// How the garbage of an audit is collected: seldom, until the process holds as
// much as a tree of three thousand files may take, and then as often as it takes
// to hold no more.
const (
	seldomPercent = 800
	memoryLimit   = 245 << 20 // bytes, of what Go's runtime counts

	// memoryPerByte is how much a tree may take for each byte of its source. A
	// third of it is garbage; a limit without room for any would have the
	// collector run all the time.
	memoryPerByte = 21
)

// collectSeldom sets the collector up for trees, and returns what undoes it.
// What the environment says of the collector goes first.
func collectSeldom(trees []*pysrc.Tree) (undo func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	source := int64(0)
	for _, t := range trees {
		for _, e := range t.Files {
			if e.Kind == pysrc.Python {
				source += e.Size
			}
		}
	}
	percent := debug.SetGCPercent(seldomPercent)
	limit := debug.SetMemoryLimit(max(memoryLimit, memoryPerByte*source))
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}
