package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/render"
	"github.com/d710e0ae/countersign/internal/render/json"
	"github.com/d710e0ae/countersign/internal/weakness"
)

// An output is what scan, audit and report have in common: formats, files,
// and what makes the run fail.
type output struct {
	formats  []string
	file     string
	failOn   string
	baseline string
	quiet    bool
	noColor  bool
}

func (o *output) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.formats, "format", nil, "`FORMAT` ("+strings.Join(render.Formats(), ", ")+"), or FORMAT=FILE; repeatable (default text)")
	f.StringVar(&o.file, "output", "", "write the report to `FILE` instead of standard output")
	f.StringVar(&o.failOn, "fail-on", "high", "exit 1 on a finding of this `SEVERITY` or above: critical, high, medium, low, info, never")
	f.StringVar(&o.baseline, "baseline", "", "a JSON report `FILE`; the findings that it has do not fail the run")
	f.BoolVar(&o.quiet, "quiet", false, "no progress, no report on standard output; only the exit code, files and errors")
	f.BoolVar(&o.noColor, "no-color", false, "no colours")
	complete(cmd, "format", render.Formats()...)
	complete(cmd, "fail-on", "critical", "high", "medium", "low", "info", "never")
}

// A plan is an output that was checked.
type plan struct {
	sinks   []sink
	failOn  weakness.Severity
	never   bool
	known   baseline // findings that do not fail the run
	quiet   bool
	noColor bool
}

// A sink is one format and where it goes; an empty file is standard output.
type sink struct{ format, file string }

// check reads every option and returns all mistakes at once.
func (o *output) check() (*plan, error) {
	p := &plan{quiet: o.quiet, noColor: o.noColor, known: baseline{}}
	var errs []error
	formats := o.formats
	if len(formats) == 0 {
		formats = []string{"text"}
	}
	for _, f := range formats {
		name, file, hasFile := strings.Cut(f, "=")
		if err := render.Check(name); err != nil {
			errs = append(errs, fmt.Errorf("--format %s: %w", f, err))
			continue
		}
		switch {
		case hasFile && file == "":
			errs = append(errs, fmt.Errorf("--format %s: no file after the equals sign; write --format %s=FILE", f, name))
			continue
		case !hasFile:
			file = o.file
		}
		if slices.ContainsFunc(p.sinks, func(s sink) bool { return s.file == file }) {
			where := "standard output"
			if file != "" {
				where = file
			}
			errs = append(errs, fmt.Errorf("--format %s: two formats go to %s; write --format %s=FILE for one of them", f, where, name))
			continue
		}
		if file != "" {
			if err := writable(file); err != nil {
				flag := "--output"
				if hasFile {
					flag = "--format " + f
				}
				errs = append(errs, fmt.Errorf("%s: %w", flag, err))
				continue
			}
		}
		p.sinks = append(p.sinks, sink{name, file})
	}
	if o.failOn == "never" {
		p.never = true
	} else if s, err := weakness.ParseSeverity(o.failOn); err != nil {
		errs = append(errs, fmt.Errorf("--fail-on: %w, never", err))
	} else {
		p.failOn = s
	}
	if o.baseline != "" {
		r, err := readReport(o.baseline)
		if err != nil {
			errs = append(errs, fmt.Errorf("--baseline: %w", err))
		} else {
			p.known = newBaseline(r)
		}
	}
	return p, errors.Join(errs...)
}

func readReport(name string) (*finding.Report, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := json.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// finish writes the report everywhere and returns what the process ends
// with.
func (p *plan) finish(ctx context.Context, s Streams, r *finding.Report) error {
	for i := range r.Findings {
		p.known.mark(&r.Findings[i])
	}
	for _, k := range p.sinks {
		if k.file == "" && p.quiet {
			continue
		}
		if err := p.write(s, k, r); err != nil {
			return incomplete(fmt.Errorf("the report could not be written: %w", err))
		}
	}
	return exit(p.code(ctx, r))
}

func (p *plan) write(s Streams, k sink, r *finding.Report) error {
	if k.file == "" {
		o := render.Options{Color: p.color(s.Out), Width: terminalWidth(s.Out)}
		return render.Render(s.Out, r, k.format, o)
	}
	var b bytes.Buffer
	if err := render.Render(&b, r, k.format, render.Options{}); err != nil {
		return err
	}
	return writeFile(k.file, b.Bytes())
}

// code tells an interruption from incompleteness from findings: the first
// that holds decides, but findings are never hidden by incompleteness.
func (p *plan) code(ctx context.Context, r *finding.Report) int {
	switch {
	case ctx.Err() != nil:
		return ExitInterrupted
	case p.fails(r):
		return ExitFindings
	case !r.Complete:
		return ExitIncomplete
	}
	return ExitOK
}

func (p *plan) fails(r *finding.Report) bool {
	return !p.never && slices.ContainsFunc(r.Findings, func(f finding.Finding) bool {
		return f.Severity >= p.failOn && !f.Known
	})
}

// shows reports whether people see the text of the report on a terminal.
func (p *plan) shows(s Streams) bool {
	return !p.quiet && isTerminal(s.Out) && slices.Contains(p.sinks, sink{format: "text"})
}

func (p *plan) color(w io.Writer) bool {
	return !p.noColor && os.Getenv("NO_COLOR") == "" && !dumb() && isTerminal(w)
}

// writable says before a run what would keep its report from being written.
func writable(name string) error {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder; name a file", name)
	}
	dir := filepath.Dir(name)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%s cannot be written: there is no folder %s", name, dir)
	}
	return nil
}

// writeFile replaces the file as a whole or leaves it as it was.
func writeFile(name string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(data); err != nil {
		tmp.Close()
		return err
	}
	// CreateTemp makes files for their owner alone; a report is as readable
	// as any other file that a program writes.
	if err := tmp.Chmod(0o644); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
