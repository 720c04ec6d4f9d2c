package cli

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/d710e0ae/countersign/guard"
)

func newGuard(s Streams) *cobra.Command {
	var (
		file                        string
		check, print, schema, plain bool
	)
	cmd := &cobra.Command{
		Use:   "guard -c FILE",
		Short: "Stand in front of an API and refuse forged requests",
		Long: `Run the guard: a reverse proxy that keeps the API's tokens on its own side,
gives the browser an opaque session cookie, and refuses what another site
forged. It reads FILE again on SIGHUP and when it changes; a file with mistakes
is reported, and the old configuration stays in force.`,
		Example: `  countersign guard -c countersign.yaml --check
  countersign guard -c countersign.yaml`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if schema {
				text, err := guard.Schema()
				if err != nil {
					return err
				}
				_, err = s.Out.Write(text)
				return err
			}
			if file == "" {
				return usagef("no configuration; write -c FILE, such as: countersign guard -c countersign.yaml")
			}
			if check || print {
				cfg, err := guard.LoadConfig(file)
				if err != nil {
					return usage(err)
				}
				if print {
					_, err = fmt.Fprint(s.Out, cfg)
					return err
				}
				fmt.Fprintf(s.Err, "%s: no mistake\n", file)
				return nil
			}
			// A mistake is one of usage; a port that is taken is not.
			if _, err := guard.LoadConfig(file); err != nil {
				return usage(err)
			}
			var h slog.Handler = slog.NewJSONHandler(s.Err, nil)
			if plain || isTerminal(s.Err) {
				h = slog.NewTextHandler(s.Err, nil)
			}
			if err := guard.Serve(cmd.Context(), file, guard.ServeOptions{Logger: slog.New(h)}); err != nil {
				return incomplete(err)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&file, "config", "c", "", "the configuration, a YAML `FILE`")
	f.BoolVar(&check, "check", false, "look for mistakes in the configuration and end")
	f.BoolVar(&print, "print-config", false, "print every setting in force, secrets redacted, and end")
	f.BoolVar(&schema, "schema", false, "print the JSON Schema of the configuration, for editors, and end")
	f.BoolVar(&plain, "log-text", false, "log as text also where standard error is no terminal; else as JSON")
	return cmd
}
