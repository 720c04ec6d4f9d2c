package cli

import (
	"fmt"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/d710e0ae/countersign/internal/lab"
	"github.com/d710e0ae/countersign/internal/origin"
)

func newLab(s Streams) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Run the bank and the attacker's site, to play by hand",
		Long: `Run a bank in four variants on four ports (vulnerable, bearer, cookie, guarded)
and the attacker's site on a fifth, until interrupted. Loopback only: the
vulnerable bank must not be reached by anyone else.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			host, port, err := labAddress(listen)
			if err != nil {
				return usage(err)
			}
			l, err := lab.Start(cmd.Context(), lab.Config{Host: host, Port: port})
			if err != nil {
				return incomplete(err)
			}
			defer l.Close()
			for _, v := range lab.Variants() {
				fmt.Fprintf(s.Out, "%-11s %s\n", v, l.URLs[v])
			}
			fmt.Fprintf(s.Out, "%-11s %s\n", "attacker", l.AttackerURL)
			fmt.Fprintf(s.Err, "Log in at a bank as %s with %s, then open the attacker's site in the same browser. Ctrl-C ends the lab.\n", lab.Victim, lab.VictimPassword)
			<-cmd.Context().Done()
			return nil
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8000", "`ADDR` of the first bank; the others take the ports after it")
	return cmd
}

func labAddress(listen string) (string, int, error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, fmt.Errorf("--listen %s: write HOST:PORT, such as 127.0.0.1:8000", listen)
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 0 || port > 65531 {
		return "", 0, fmt.Errorf("--listen %s: the port must be a number from 0 to 65531", listen)
	}
	o, err := origin.Of("http", net.JoinHostPort(host, "1"))
	if err != nil || !o.IsLoopback() {
		return "", 0, fmt.Errorf("--listen %s: the vulnerable bank listens on loopback only; write 127.0.0.1:%d", listen, port)
	}
	return host, port, nil
}
