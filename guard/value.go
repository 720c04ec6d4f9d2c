package guard

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/internal/secret"
)

// A valueError says what is wrong with a scalar, and what to write.
type valueError struct {
	outOfRange       bool
	problem, instead string
}

func (e *valueError) Error() string { return e.problem + "; " + e.instead }

// The forms of durations and sizes, which the JSON Schema has as well.
var (
	durationForm = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`)
	sizeForm     = regexp.MustCompile(`^[0-9]+ ?(KiB|MiB|GiB)?$`)
)

// read puts one scalar, as the file has it, into its place.
func (s *setting) read(c *Config, text string) error {
	switch p := s.field(c).(type) {
	case *string:
		if len(s.oneOf) > 0 && !slices.Contains(s.oneOf, text) {
			return &valueError{problem: "is neither " + strings.Join(s.oneOf, " nor "), instead: "write " + s.otherwise}
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F }) {
			return &valueError{problem: "contains a control character", instead: "write it on one line"}
		}
		*p = text
	case *secret.Text:
		*p = secret.New(text)
	case *bool:
		if text != "true" && text != "false" {
			return &valueError{problem: "is neither true nor false", instead: "write " + s.otherwise}
		}
		*p = text == "true"
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return &valueError{problem: "is not a whole number", instead: "write for example " + s.otherwise}
		}
		*p = n
		return s.inRange(int64(n), strconv.FormatInt(s.min, 10), strconv.FormatInt(s.max, 10))
	case *Size:
		n, err := ParseSize(text)
		if err != nil {
			return &valueError{problem: err.Error(), instead: "write for example " + s.otherwise}
		}
		*p = n
		return s.inRange(int64(n), Size(s.min).String(), Size(s.max).String())
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil || !durationForm.MatchString(strings.TrimPrefix(text, "-")) {
			return &valueError{problem: "is not a duration", instead: "write for example " + s.otherwise}
		}
		*p = d
		return s.inRange(int64(d), duration(s.min), duration(s.max))
	}
	return nil
}

func (s *setting) inRange(n int64, low, high string) error {
	if n < s.min || n > s.max {
		return &valueError{outOfRange: true, problem: fmt.Sprintf("is not from %s to %s", low, high), instead: "write for example " + s.otherwise}
	}
	return nil
}

// duration writes a duration without zero parts: 30m, not 30m0s.
func duration(n int64) string {
	text := time.Duration(n).String()
	if n == 0 {
		return "0s"
	}
	text = strings.TrimSuffix(text, "0s")
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	if text == "" || !strings.ContainsAny(text[len(text)-1:], "smh") {
		return time.Duration(n).String()
	}
	return text
}

// ParseSize reads a size: a whole number of bytes, KiB, MiB or GiB.
func ParseSize(text string) (Size, error) {
	if !sizeForm.MatchString(strings.TrimPrefix(text, "-")) {
		return 0, fmt.Errorf("is not a size in bytes, KiB, MiB or GiB")
	}
	digits, unit := text, int64(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			digits, unit = strings.TrimRight(rest, " "), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("is not a size in bytes, KiB, MiB or GiB")
	}
	if n > math.MaxInt64/unit || n < math.MinInt64/unit {
		return 0, fmt.Errorf("is too large a size")
	}
	return Size(n * unit), nil
}

// show returns the setting as the file would have it, for --print-config.
func (s *setting) show(c *Config) string {
	switch p := s.field(c).(type) {
	case *string:
		// A store's address may hold a password.
		if u, err := url.Parse(*p); err == nil && u.User != nil {
			u.User = url.User("REDACTED")
			return strconv.Quote(u.String())
		}
		return strconv.Quote(*p)
	case *bool:
		return strconv.FormatBool(*p)
	case *int:
		return strconv.Itoa(*p)
	case *Size:
		return p.String()
	case *time.Duration:
		return duration(int64(*p))
	case *[]string:
		quoted := make([]string, len(*p))
		for i, v := range *p {
			quoted[i] = strconv.Quote(v)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	case *secret.Text:
		if p.Empty() {
			return `""`
		}
		return strconv.Quote(secret.Mark)
	}
	return ""
}
