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
// terminal, and one that shows nothing where there is none.
func newProgress(w io.Writer, quiet bool) *progress {
	p := &progress{}
	if !quiet && isTerminal(w) {
		p.w = w
	}
	return p
}

// progress is a finding.Handler. It is safe for concurrent use.
type progress struct {
	mu     sync.Mutex
	w      io.Writer // nil shows nothing
	shown  bool
	forged int
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
	if p.forged > 0 {
		line += fmt.Sprintf(" [%d forged]", p.forged)
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
	if v.Verdict == finding.Forged {
		p.mu.Lock()
		p.forged++
		p.mu.Unlock()
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
