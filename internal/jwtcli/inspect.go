package jwtcli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/d710e0ae/countersign/jwt"
)

// Inspect writes the header and the claims of a token, with nothing verified
// and saying so, and what its times mean now. It returns a *Refusal where the
// text has not the form of a token.
func Inspect(out io.Writer, token string, now time.Time) error {
	header, payload, err := jwt.Unverified(token)
	var refused *jwt.Error
	if errors.As(err, &refused) {
		return &Refusal{refused.Reason}
	}
	var b strings.Builder
	b.WriteString("Not verified: anyone can write such a token.\n")
	fmt.Fprintf(&b, "header: %s\n", printable(header))
	fmt.Fprintf(&b, "claims: %s\n", printable(payload))
	for _, line := range times(payload, now) {
		fmt.Fprintln(&b, line)
	}
	_, err = io.WriteString(out, b.String())
	return err
}

// times explains the dates among the claims.
func times(payload []byte, now time.Time) (lines []string) {
	var c map[string]jsontext.Value
	if json.Unmarshal(payload, &c) != nil {
		return nil
	}
	for _, name := range []string{"iat", "nbf", "exp"} {
		var seconds float64
		v, ok := c[name]
		if !ok || json.Unmarshal(v, &seconds) != nil || seconds < 0 || seconds > 253402300799 {
			continue
		}
		at := time.Unix(int64(seconds), 0).UTC()
		when := "in " + at.Sub(now).Round(time.Second).String()
		if at.Before(now) {
			when = now.Sub(at).Round(time.Second).String() + " ago"
		}
		lines = append(lines, fmt.Sprintf("%s: %s (%s)", name, at.Format(time.RFC3339), when))
	}
	return lines
}

// printable writes JSON with indents and in ASCII, so that no terminal acts
// on it, and other bytes as a quoted text.
func printable(data []byte) string {
	v := jsontext.Value(data).Clone()
	if v.Indent(jsontext.WithIndent("  ")) != nil {
		return fmt.Sprintf("%+q", data)
	}
	var b strings.Builder
	for _, r := range string(v) {
		switch {
		case r < 0x7F:
			b.WriteRune(r)
		case r > 0xFFFF:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
