package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/d710e0ae/countersign/internal/finding"
)

// version is the release that this source is, or will be.
const version = "0.1.0"

var tool = finding.Tool{Name: "countersign", Version: version}

func newVersion(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			revision := ""
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, set := range info.Settings {
					if set.Key == "vcs.revision" && len(set.Value) >= 12 {
						revision = " (" + set.Value[:12] + ")"
					}
				}
			}
			_, err := fmt.Fprintf(s.Out, "countersign %s%s %s %s/%s\n", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
