package jwtcli

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/d710e0ae/countersign/jwt"
)

// A Refusal says in one line why a token is not good. It is for exit code 1;
// other errors are for wrong usage, or for what could not be read.
type Refusal struct{ Reason string }

func (r *Refusal) Error() string { return "refused: " + r.Reason }

// VerifyOptions say what a token is held to.
type VerifyOptions struct {
	Keys jwt.KeySet
	// Issuer, Audience and Type are demanded where they are given.
	Issuer, Audience, Type string
	Leeway                 time.Duration // 0 to 5 minutes
	InsecureNoExpiry       bool
	Clock                  func() time.Time // time.Now where it is nil
}

// Verify writes the claims of the token to out if it is good, and returns a
// *Refusal if it is not. The error is a cfgerrors one for wrong options.
func Verify(ctx context.Context, out io.Writer, token string, o VerifyOptions) error {
	v, err := jwt.NewVerifier(jwt.VerifierConfig{
		Keys: o.Keys, Issuer: o.Issuer, Audience: o.Audience, Type: o.Type, Leeway: o.Leeway, Clock: o.Clock,
		InsecureAnyIssuer: o.Issuer == "", InsecureAnyAudience: o.Audience == "", InsecureAnyType: o.Type == "",
		InsecureNoExpiry: o.InsecureNoExpiry, MaxBytes: maxToken,
	})
	if err != nil {
		return err
	}
	t, err := v.Verify(ctx, token)
	var refused *jwt.Error
	switch {
	case errors.Is(err, jwt.ErrUnavailable):
		return err
	case errors.As(err, &refused):
		return &Refusal{refused.Reason}
	case err != nil:
		return err
	}
	_, err = io.WriteString(out, printable(t.Payload())+"\n")
	return err
}
