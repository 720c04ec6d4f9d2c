package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/d710e0ae/countersign/internal/audit"
)

type auditFlags struct {
	cfg          audit.Config
	changedSince string
	fix, diff    bool
}

func newAudit(s Streams) *cobra.Command {
	var (
		out output
		f   auditFlags
	)
	cmd := &cobra.Command{
		Use:   "audit PATH...",
		Short: "Find where FastAPI source lets requests be forged, to the line",
		Long: `Audit FastAPI source: where a request can be forged, where CORS is loose, where
cookies or tokens are handled weakly. It runs nothing and dials nothing.

A finding is silenced, with a reason, by a comment on its line or the one above:
  # countersign: ignore[weakness] reason`,
		Example: `  countersign audit ./app
  countersign audit . --changed-since origin/main --format sarif=audit.sarif
  countersign audit ./app --fix --diff | git apply`,
		Args: atLeastOne("path; name the folder or file to audit", "countersign audit ./app"),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, errOut := out.check()
			f.cfg.Paths = args
			errFlags := f.check(cmd.Context())
			if err := allOf(errOut, errFlags); err != nil {
				return err
			}
			return f.run(cmd.Context(), s, plan)
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.BoolVar(&f.cfg.All, "all", false, "also tests, documentation and migrations")
	fl.StringVar(&f.cfg.CacheDir, "cache", "", "keep results in `DIR`, for a quicker second run")
	fl.StringVar(&f.changedSince, "changed-since", "", "speak only of files changed since the work parted from this git `REVISION`")
	fl.BoolVar(&f.fix, "fix", false, "mend what can be mended mechanically; needs --diff")
	fl.BoolVar(&f.diff, "diff", false, "with --fix: print a unified diff instead of the report; change nothing")
	out.flags(cmd)
	return cmd
}

func (f *auditFlags) check(ctx context.Context) error {
	var errs []error
	if f.fix != f.diff {
		errs = append(errs, errors.New("--fix and --diff go together: the diff is printed, and nothing is changed"))
	}
	if f.fix && len(f.cfg.Paths) > 1 {
		errs = append(errs, errors.New("--fix takes one path at a time"))
	}
	if f.changedSince != "" {
		files, err := changed(ctx, f.cfg.Paths, f.changedSince)
		if err != nil {
			errs = append(errs, fmt.Errorf("--changed-since %s: %w", f.changedSince, err))
		}
		f.cfg.ChangedFiles = files
	}
	return errors.Join(errs...)
}

func (f *auditFlags) run(ctx context.Context, s Streams, plan *plan) error {
	f.cfg.Tool = tool
	progress := newProgress(s.Err, plan.quiet)
	f.cfg.Alone = true
	defer keepCollector()()
	report, err := audit.Run(ctx, f.cfg, progress)
	progress.clear()
	var wrong *audit.UsageError
	switch {
	case errors.As(err, &wrong):
		return usage(err)
	case report == nil && err != nil:
		return incomplete(err)
	}
	if f.fix {
		diff, n, err := audit.Diff(f.cfg.Paths[0], report.Findings)
		if err != nil {
			return incomplete(err)
		}
		fmt.Fprint(s.Out, diff)
		fmt.Fprintf(s.Err, "%d of %d findings can be mended mechanically\n", n, len(report.Findings))
		return nil
	}
	return plan.finish(ctx, s, report)
}
