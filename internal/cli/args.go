package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// complete tells shells the values of a flag.
func complete(cmd *cobra.Command, flag string, values ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
}

// subcommand is for commands that only hold others: an argument is the name
// of one that there is not.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2 // a slip of the finger or two
	hint := "; "
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "; did you mean " + strings.Join(near, " or ") + "? "
	}
	return usagef("unknown command %q%s%s --help lists them", args[0], hint, cmd.CommandPath())
}

// noArguments refuses arguments without repeating them: one may be a token.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("%s takes no argument; see %s --help", cmd.Name(), cmd.CommandPath())
}

// tokenOnInput refuses a token on the command line, where the shell's history
// and the list of processes keep it.
func tokenOnInput(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("the token is read from standard input: %s < token.txt", cmd.CommandPath())
}

// atLeastOne demands an argument, and says what it is and how one looks.
func atLeastOne(what, example string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("no %s, such as: %s", what, example)
		}
		return nil
	}
}

func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s takes one argument at a time, and %d are given", cmd.Name(), len(args))
	}
	return nil
}
