package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/d710e0ae/countersign/internal/finding"
)

func newReport(s Streams) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "report FILE.json...",
		Short: "Render saved JSON reports again, with no new request",
		Long: `Render one saved JSON report in another format. Several reports, such as those
of the shards of one scan, are merged first.`,
		Example: `  countersign scan http://localhost:8000 --format json=scan.json
  countersign report scan.json --format html --output scan.html`,
		Args: atLeastOne("report; name the JSON report of a run", "countersign report scan.json --format html --output scan.html"),
		RunE: func(cmd *cobra.Command, files []string) error {
			plan, errOut := out.check()
			var reports []*finding.Report
			errs := []error{errOut}
			for _, name := range files {
				r, err := readReport(name)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				if len(reports) > 0 && r.Kind != reports[0].Kind {
					errs = append(errs, fmt.Errorf("%s: a report of kind %q does not merge with one of kind %q; render them apart", name, r.Kind, reports[0].Kind))
					continue
				}
				reports = append(reports, r)
			}
			if err := allOf(errs...); err != nil {
				return err
			}
			return plan.finish(cmd.Context(), s, finding.Merge(reports...))
		},
	}
	out.flags(cmd)
	return cmd
}
