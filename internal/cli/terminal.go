package cli

import (
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"github.com/d710e0ae/countersign/internal/finding"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// terminalWidth returns the columns of the terminal behind w, or 0 where
// there is none.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// newProgress returns a handler that shows the step in hand on one line of a
// terminal, and one that shows nothing where there is none, or one that cannot
// clear a line.
func newProgress(w io.Writer, quiet bool) *progress {
	p := &progress{forged: map[attempt]bool{}}
	if !quiet && isTerminal(w) && !dumb() {
		p.w = w
	}
	return p
}

// dumb reports whether the terminal says that it knows no control sequences.
func dumb() bool { return os.Getenv("TERM") == "dumb" }

// An attempt is what a verdict is about; a browser's may follow on that of
// plain HTTP.
type attempt struct {
	operation string
	position  finding.Position
	shape     finding.Shape
}

// progress is a finding.Handler. It is safe for concurrent use.
type progress struct {
	mu     sync.Mutex
	w      io.Writer // nil shows nothing
	shown  bool
	forged map[attempt]bool
}

func (p *progress) Progress(e finding.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w == nil {
		return
	}
	line := e.Stage
	if e.Total > 0 {
		line += fmt.Sprintf(" %d/%d", e.Done, e.Total)
	}
	if n := len(p.forged); n > 0 {
		line += fmt.Sprintf(" [%d forged]", n)
	}
	line += "  " + e.Text
	if width := terminalWidth(p.w) - 1; width > 0 {
		if runes := []rune(line); len(runes) > width {
			line = string(runes[:width-1]) + "…"
		}
	}
	// Return to the line's start and clear it, then write the new text.
	fmt.Fprint(p.w, "\r\x1b[K"+line)
	p.shown = true
}

func (p *progress) Operation(finding.Operation) {}
func (p *progress) Finding(finding.Finding)     {}

func (p *progress) Verdict(v finding.Verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := (attempt{v.Operation, v.Position, v.Shape}); v.Verdict == finding.Forged {
		p.forged[a] = true
	} else {
		delete(p.forged, a)
	}
}

// clear takes the line away, so that what follows starts on a clean one.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
