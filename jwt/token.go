package jwt

import (
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
)

// A Token is a verified token. It is immutable and safe for concurrent use;
// its Audience must not be changed, for a cache may share it. It prints
// without its claims, which may be personal.
type Token struct {
	Issuer    string
	Subject   string
	Audience  []string
	Expiry    time.Time // zero where there is none
	NotBefore time.Time
	IssuedAt  time.Time
	ID        string // "jti"
	Algorithm Algorithm
	KeyID     string // of the key that verified it
	Type      string // "typ" as it was written

	kid      string    // as the header names it
	audience [1]string // room for the most common Audience
	payload  string
}

// Claims decodes all claims into v, which is a pointer to a struct or map.
// Names are matched exactly; unknown ones are passed over.
func (t *Token) Claims(v any) error {
	if err := json.Unmarshal([]byte(t.payload), v); err != nil {
		return fmt.Errorf("jwt: the claims do not fit a %T", v)
	}
	return nil
}

// Payload returns the claims as the JSON text that was signed.
func (t *Token) Payload() []byte { return []byte(t.payload) }

// Format prints "verified token", for every verb.
func (t *Token) Format(f fmt.State, _ rune) { io.WriteString(f, "verified token") }
