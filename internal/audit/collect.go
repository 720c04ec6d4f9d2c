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

// collectSeldom sets the collector up for trees. What the environment says of
// the collector goes first.
func collectSeldom(trees []*pysrc.Tree) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	source := int64(0)
	for _, t := range trees {
		for _, e := range t.Files {
			if e.Kind == pysrc.Python {
				source += e.Size
			}
		}
	}
	debug.SetGCPercent(seldomPercent)
	debug.SetMemoryLimit(max(memoryLimit, memoryPerByte*source))
}
