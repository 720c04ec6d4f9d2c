// Package secret keeps passwords, tokens and cookies out of logs, reports and
// errors by type: a [Text] prints as a mark wherever it is formatted, logged
// or marshalled, and a [Redactor] takes known secrets out of text that came
// from elsewhere.
package secret

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Mark stands wherever a secret was.
const Mark = "[redacted]"

// Text is a secret string. Every way of printing it gives [Mark]; only Reveal
// gives the text. The zero Text is the empty secret.
type Text struct{ s string }

// New makes a Text of s.
func New(s string) Text { return Text{s} }

// Reveal returns the secret itself. Each call is a place to review.
func (t Text) Reveal() string { return t.s }

// Empty reports whether there is no secret.
func (t Text) Empty() bool { return t.s == "" }

// Equal compares in constant time for texts of the same length.
func (t Text) Equal(u Text) bool {
	return subtle.ConstantTimeCompare([]byte(t.s), []byte(u.s)) == 1
}

func (t Text) String() string               { return Mark }
func (t Text) GoString() string             { return Mark }
func (t Text) Format(f fmt.State, _ rune)   { io.WriteString(f, Mark) }
func (t Text) LogValue() slog.Value         { return slog.StringValue(Mark) }
func (t Text) MarshalText() ([]byte, error) { return []byte(Mark), nil }

// minLength is the shortest text that a Redactor takes out: shorter ones
// ("1", "on") stand in too many innocent places.
const minLength = 4

// A Redactor replaces the secrets that it was told of, as they are and in the
// spellings in which they travel (percent-encoded, base64, JSON- and
// HTML-escaped), by [Mark]. It is safe for concurrent use. The zero Redactor
// knows no secret.
type Redactor struct {
	mu   sync.RWMutex
	seen map[string]bool
	repl *strings.Replacer
}

// Add tells the Redactor of secrets. Texts shorter than four bytes are
// ignored.
func (r *Redactor) Add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	grew := false
	for _, s := range secrets {
		if len(s) < minLength {
			continue
		}
		for _, v := range spellings(s) {
			if !r.seen[v] {
				if r.seen == nil {
					r.seen = map[string]bool{}
				}
				r.seen[v] = true
				grew = true
			}
		}
	}
	if !grew {
		return
	}
	all := make([]string, 0, len(r.seen))
	for v := range r.seen {
		all = append(all, v)
	}
	// The longest first: a secret may stand inside another.
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(all))
	for _, v := range all {
		pairs = append(pairs, v, Mark)
	}
	r.repl = strings.NewReplacer(pairs...)
}

func spellings(s string) []string {
	j, _ := json.Marshal(s)
	return []string{
		s,
		url.QueryEscape(s),
		url.PathEscape(s),
		strings.Trim(string(j), `"`),
		html.EscapeString(s),
		base64.StdEncoding.EncodeToString([]byte(s)),
		base64.RawURLEncoding.EncodeToString([]byte(s)),
	}
}

// Redact returns text with every known secret replaced.
func (r *Redactor) Redact(text string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.repl == nil {
		return text
	}
	return r.repl.Replace(text)
}
