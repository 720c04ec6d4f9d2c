package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/d710e0ae/countersign/internal/jwtcli"
	"github.com/d710e0ae/countersign/jwt"
)

func newJWT(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "jwt",
		Short: "Inspect and verify JSON Web Tokens, and make keys for them",
		Args:  subcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newJWTInspect(s), newJWTVerify(s), newJWTKeygen(s))
	return cmd
}

func newJWTInspect(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "inspect",
		Short: "Show what a token on standard input says, without believing it",
		Example: `  countersign jwt inspect < token.txt
  pbpaste | countersign jwt inspect`,
		Args: tokenOnInput,
		RunE: func(*cobra.Command, []string) error {
			token, err := jwtcli.ReadToken(s.In)
			if err != nil {
				return refusedOrUsage(err)
			}
			if err := jwtcli.Inspect(s.Out, token, time.Now()); err != nil {
				return &exitError{ExitFindings, err}
			}
			return nil
		},
	}
}

func newJWTVerify(s Streams) *cobra.Command {
	var (
		keyFile, alg string
		o            jwtcli.VerifyOptions
	)
	cmd := &cobra.Command{
		Use:     "verify --key FILE --alg ALG",
		Short:   "Verify a token on standard input: 0 if it is good, 1 and a reason if not",
		Example: "  countersign jwt verify --key secret.txt --alg HS256 < token.txt",
		Args:    tokenOnInput,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, errAlg := algorithm(alg)
			if keyFile == "" {
				return allOf(errors.New("--key: name the file of the key: a JWK, a JWKS, PEM or a raw secret"), errAlg)
			}
			if errAlg != nil {
				return usage(errAlg)
			}
			keys, err := jwtcli.ReadKeyFile(keyFile, a)
			if err != nil {
				return usage(fmt.Errorf("--key %s: %w", keyFile, err))
			}
			token, err := jwtcli.ReadToken(s.In)
			if err != nil {
				return refusedOrUsage(err)
			}
			o.Keys = keys
			if err := jwtcli.Verify(cmd.Context(), s.Out, token, o); err != nil {
				return refusedOrUsage(err)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&keyFile, "key", "", "`FILE` of the key: a JWK, a JWKS, PEM or a raw secret")
	f.StringVar(&alg, "alg", "", "the `ALGORITHM` that the key is for: "+algorithms())
	f.StringVar(&o.Issuer, "issuer", "", "demand this `ISSUER`")
	f.StringVar(&o.Audience, "audience", "", "demand this `AUDIENCE`")
	f.StringVar(&o.Type, "type", "", "demand this `TYPE`, such as at+jwt")
	f.DurationVar(&o.Leeway, "leeway", 0, "how far clocks may differ, a `DURATION` up to 5m")
	f.BoolVar(&o.InsecureNoExpiry, "insecure-no-expiry", false, "take tokens that never end")
	complete(cmd, "alg", strings.Split(algorithms(), ", ")...)
	return cmd
}

// refusedOrUsage tells a token that is not good from what keeps the program
// from saying so.
func refusedOrUsage(err error) error {
	if errors.As(err, new(*jwtcli.Refusal)) {
		return &exitError{ExitFindings, err}
	}
	return usage(err)
}

func newJWTKeygen(s Streams) *cobra.Command {
	var alg string
	cmd := &cobra.Command{
		Use:   "keygen",
		Short: "Make a key, as a JWK on standard output",
		Example: `  countersign jwt keygen > key.jwk
  countersign jwt keygen --alg ES256 > key.jwk`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			a, err := algorithm(alg)
			if err != nil {
				return usage(err)
			}
			return jwtcli.Keygen(s.Out, a)
		},
	}
	cmd.Flags().StringVar(&alg, "alg", "HS256", "the `ALGORITHM` that the key is for: "+algorithms())
	complete(cmd, "alg", strings.Split(algorithms(), ", ")...)
	return cmd
}

// algorithm reads a name; "" is none, for keys that name their own.
func algorithm(name string) (jwt.Algorithm, error) {
	a := jwt.Algorithm(name)
	if name != "" && !slices.Contains(jwt.Algorithms(), a) {
		return "", fmt.Errorf("--alg %s: write one of %s", name, algorithms())
	}
	return a, nil
}

func algorithms() string {
	var names []string
	for _, a := range jwt.Algorithms() {
		names = append(names, string(a))
	}
	return strings.Join(names, ", ")
}
