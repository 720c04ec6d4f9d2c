// Package cli is the command line: it reads flags, wires the rooms together
// and turns errors into exit codes. What a command does lives elsewhere.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/d710e0ae/countersign/cfgerrors"
)

// Main runs the program with the process's own arguments and streams and
// returns its exit code. The first interrupt ends the work in good order, so
// that what was found is written; the second one ends the process.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Run(ctx, Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:])
}

// Streams are the three standard streams. Out carries results and nothing
// else; Err carries messages and progress.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Run runs one command and returns its exit code, as the package's Exit
// constants name them.
func Run(ctx context.Context, s Streams, args []string) int {
	root := newRoot(s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		// What cobra itself refuses: an unknown flag or command.
		exit = usage(err)
	}
	if exit.err != nil {
		complain(s.Err, exit.err)
	}
	return exit.code
}

// complain writes each mistake of err on a line of its own.
func complain(w io.Writer, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			complain(w, e)
		}
		return
	}
	if located := new(cfgerrors.Error); errors.As(err, &located) && located.Pos.File != "" {
		fmt.Fprintln(w, located) // FILE:LINE:COLUMN first, as editors read it
		return
	}
	// An error that wraps several says them all.
	n := 0
	for e := range cfgerrors.All(err) {
		fmt.Fprintln(w, "countersign: "+e.Error())
		n++
	}
	if n == 0 {
		fmt.Fprintln(w, "countersign: "+strings.TrimSpace(err.Error()))
	}
}

func newRoot(s Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "countersign",
		Short: "Find, prove and stop cross-site request forgery in JWT APIs",
		Long: `Countersign finds, proves and stops cross-site request forgery (CSRF)
in HTTP APIs that authenticate with JSON Web Tokens (JWT).`,
		Example: `  countersign demo                                            see what it is about
  countersign scan http://localhost:8000 --user alice:secret  is my running API forgeable?
  countersign audit ./app                                     where in my FastAPI source is the flaw?
  countersign guard -c countersign.yaml                       stop it in front of my API`,
		Args:          subcommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	})
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(
		newScan(s), newAudit(s), newGuard(s), newReport(s), newExplain(s),
		newJWT(s), newDemo(s), newLab(s), newVersion(s),
	)
	return root
}
