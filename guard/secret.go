package guard

import "github.com/d710e0ae/countersign/internal/secret"

// A Secret is a text that prints as "[redacted]" wherever it is formatted,
// logged or marshalled. The zero Secret is none.
type Secret = secret.Text

// NewSecret makes a Secret, for a Config that a program fills by itself; one
// that is read from a file may say "env:NAME" instead.
func NewSecret(text string) Secret { return secret.New(text) }
