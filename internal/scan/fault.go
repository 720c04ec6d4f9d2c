package scan

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// survive runs the scan. A fault of the scan's own ends it, and takes away
// nothing of what was found until then.
func (s *session) survive(ctx context.Context) (err error) {
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		s.cfg.Logger.Error("the scan has a fault", "fault", fault, "stack", string(debug.Stack()))
		err = fmt.Errorf("the scan was ended by a fault of its own, at %s: %v; please report it", faultAt(), fault)
		defer func() { _ = recover() }() // what is known so far may be the fault
		if s.a != nil {
			_ = s.stopped(err)
		}
	}()
	return s.run(ctx)
}

// faultAt returns the line that panicked. It is for a deferred function.
func faultAt() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return "an unknown line"
		}
	}
}
