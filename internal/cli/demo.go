package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/d710e0ae/countersign/internal/demo"
	"github.com/d710e0ae/countersign/internal/scan/browser"
)

func newDemo(s Streams) *cobra.Command {
	var report, path string
	var noColor bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See a bank attacked in a browser, and then guarded",
		Long: `Start a bank that can be attacked, forge its operations in a real browser, put
the guard in front, and attack again. Ends with 0 only if the attacks worked
before, none worked after, and an honest user could still log in and transfer.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := browser.Find(path); err != nil && path != "auto" {
				return usage(fmt.Errorf("--browser: %w", err))
			}
			progress := newProgress(s.Err, false)
			_, err := demo.Run(cmd.Context(), demo.Config{
				Browser:  path,
				Report:   report,
				Out:      s.Out,
				Progress: progress,
				Clear:    progress.clear,
				Color:    !noColor && os.Getenv("NO_COLOR") == "" && !dumb() && isTerminal(s.Out),
				Tool:     tool,
			})
			progress.clear()
			switch {
			case cmd.Context().Err() != nil:
				return exit(ExitInterrupted)
			case errors.Is(err, demo.ErrNotShown):
				return &exitError{ExitFindings, err}
			case err != nil:
				return incomplete(err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&report, "report", "", "write a page with the table and the pictures to `FILE.html`")
	cmd.Flags().StringVar(&path, "browser", "auto", "`auto or PATH` of a Chromium or Chrome")
	cmd.Flags().BoolVar(&noColor, "no-color", false, "no colours")
	return cmd
}
