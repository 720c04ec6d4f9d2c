package cli

import (
	"os"
	"runtime"
	"runtime/debug"
)

// Go's own setting, and a scan's: how much garbage may be made before it is
// collected, in percent of what is kept.
const (
	defaultGCPercent = 100
	scanGCPercent    = 400
)

// lean sets Go's runtime up for work that is one request after the other, and
// returns what undoes it. What the environment says of either goes first.
//
// Alone, without a browser to listen to, each answer that comes would wake a
// second processor, to look for work that there is none of. And a scan of sixty
// operations keeps two megabytes, so that the collector would run all the time; one of a thousand keeps thirty.
func lean(alone bool) (undo func()) {
	processors, garbage := alone && os.Getenv("GOMAXPROCS") == "", os.Getenv("GOGC") == ""
	if processors {
		runtime.GOMAXPROCS(1)
	}
	if garbage {
		debug.SetGCPercent(scanGCPercent)
	}
	return func() {
		if processors {
			runtime.SetDefaultGOMAXPROCS()
		}
		if garbage {
			debug.SetGCPercent(defaultGCPercent)
		}
	}
}

// keepCollector returns what sets Go's garbage collector as it is now, once all
// is written: what an audit leaves behind is not worth collecting before.
func keepCollector() (restore func()) {
	percent, limit := debug.SetGCPercent(defaultGCPercent), debug.SetMemoryLimit(-1)
	debug.SetGCPercent(percent)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}
