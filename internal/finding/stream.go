package finding

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// A Handler is told what a run finds, as it finds it. Its methods may be
// called from several goroutines.
type Handler interface {
	Progress(Progress)
	Operation(Operation)
	Verdict(Verdict)
	Finding(Finding)
}

// Progress is a step of long work, for people who wait.
type Progress struct {
	Stage string // "login", "exercise", "attack", "prove", "parse" …
	Text  string // one line
	Done  int    // of Total, where Total is not 0
	Total int
}

// A Collector is a Handler that adds everything up to a Report and passes it
// on to Next, where there is one. It is safe for concurrent use; what it has
// gathered so far can be had at any time, also after an interruption.
type Collector struct {
	Next Handler

	mu    sync.Mutex
	begun time.Time // to the nanosecond, as the report's Started is not
	tally tally
}

// NewCollector returns a Collector for one run.
func NewCollector(kind Kind, tool Tool, target string, started time.Time, next Handler) *Collector {
	return &Collector{Next: next, begun: started, tally: tally{Report: Report{
		Schema: Schema, Tool: tool, Kind: kind, Target: target, Started: started.UTC().Truncate(time.Second),
	}}}
}

func (c *Collector) Progress(p Progress) {
	if c.Next != nil {
		c.Next.Progress(p)
	}
}

// Operation adds an operation, or replaces what was said of it before.
func (c *Collector) Operation(o Operation) {
	c.mu.Lock()
	c.tally.putOperation(o)
	c.mu.Unlock()
	if c.Next != nil {
		c.Next.Operation(o)
	}
}

// Verdict adds a verdict, or replaces the one on the same attempt: what a
// browser showed takes the place of what plain HTTP suggested.
func (c *Collector) Verdict(v Verdict) {
	c.mu.Lock()
	c.tally.putVerdict(v)
	c.mu.Unlock()
	if c.Next != nil {
		c.Next.Verdict(v)
	}
}

// Finding adds a finding, or replaces the one of the same fingerprint.
func (c *Collector) Finding(f Finding) {
	c.mu.Lock()
	c.tally.putFinding(f)
	c.mu.Unlock()
	if c.Next != nil {
		c.Next.Finding(f)
	}
}

// Incomplete says why the run did not see everything. Said twice, a reason
// counts once.
func (c *Collector) Incomplete(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.tally.IncompleteReasons, reason) {
		c.tally.IncompleteReasons = append(c.tally.IncompleteReasons, reason)
	}
}

// Note adds a remark for the reader: what was left behind, what a verdict
// rests on.
func (c *Collector) Note(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.tally.Notes, text) {
		c.tally.Notes = append(c.tally.Notes, text)
	}
}

// Cover sets what was looked at; operations are counted by Report itself.
func (c *Collector) Cover(requests, files int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.Coverage.Requests, c.tally.Coverage.Files = requests, files
}

// Report returns what was gathered until now, in the order of reports and
// independent of what comes later.
func (c *Collector) Report(now time.Time) *Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.tally.Report
	r.Seconds = now.Sub(c.begun).Round(time.Millisecond).Seconds()
	r.Complete = len(r.IncompleteReasons) == 0
	r.IncompleteReasons = append([]string{}, r.IncompleteReasons...)
	r.Notes = slices.Clone(r.Notes)
	r.Operations = append([]Operation{}, r.Operations...)
	r.Verdicts = append([]Verdict{}, r.Verdicts...)
	r.Findings = append([]Finding{}, r.Findings...)
	r.Sort()
	r.countOperations()
	return &r
}

// Sort puts the report in the order in which it is printed: operations by
// path and method, verdicts by operation, position and shape, findings the
// most severe first and then by place.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Operations, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	pos, shp := Positions(), Shapes()
	slices.SortStableFunc(r.Verdicts, func(a, b Verdict) int {
		return cmp.Or(
			cmp.Compare(a.Operation, b.Operation),
			cmp.Compare(slices.Index(pos, a.Position), slices.Index(pos, b.Position)),
			cmp.Compare(slices.Index(shp, a.Shape), slices.Index(shp, b.Shape)))
	})
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(
			-cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Weakness, b.Weakness),
			cmp.Compare(a.place(), b.place()),
			cmp.Compare(a.line(), b.line()),
			cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
}

func (f Finding) place() string {
	switch {
	case f.Operation != nil:
		return f.Operation.Path + " " + f.Operation.Method
	case f.Location != nil:
		return f.Location.File
	}
	return ""
}

func (f Finding) line() int {
	if f.Location == nil {
		return 0
	}
	return f.Location.Line
}
