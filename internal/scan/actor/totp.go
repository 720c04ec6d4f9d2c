package actor

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/internal/secret"
)

// A TOTP makes the codes of an authenticator app (RFC 6238).
type TOTP struct {
	Key    secret.Text // the raw bytes of the shared secret
	Digits int         // 6 to 8
	Period int         // seconds
	Hash   string      // "SHA1", "SHA256" or "SHA512"
}

// ParseTOTP reads a shared secret: base32 as apps show it, with or without
// spaces and padding, or an otpauth:// address with its parameters. The error
// never repeats the secret.
func ParseTOTP(text string) (*TOTP, error) {
	t := &TOTP{Digits: 6, Period: 30, Hash: "SHA1"}
	encoded := text
	if strings.HasPrefix(text, "otpauth:") {
		u, err := url.Parse(text)
		if err != nil || u.Host != "totp" {
			return nil, errors.New("the address is no otpauth://totp/…")
		}
		q := u.Query()
		encoded = q.Get("secret")
		for _, p := range []struct {
			name      string
			to        *int
			low, high int
		}{{"digits", &t.Digits, 6, 8}, {"period", &t.Period, 5, 600}} {
			if v := q.Get(p.name); v != "" {
				n, err := strconv.Atoi(v)
				if err != nil || n < p.low || n > p.high {
					return nil, fmt.Errorf("%s is to be a number from %d to %d", p.name, p.low, p.high)
				}
				*p.to = n
			}
		}
		if v := q.Get("algorithm"); v != "" {
			t.Hash = strings.ToUpper(v)
		}
	}
	if t.hash() == nil {
		return nil, errors.New("the algorithm is to be SHA1, SHA256 or SHA512")
	}
	encoded = strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "=", "").Replace(encoded))
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(encoded)
	if err != nil || len(key) == 0 {
		return nil, errors.New("the secret is to be base32 (letters A to Z and digits 2 to 7), or an otpauth:// address")
	}
	t.Key = secret.New(string(key))
	return t, nil
}

func (t *TOTP) hash() func() hash.Hash {
	switch t.Hash {
	case "SHA1":
		return sha1.New
	case "SHA256":
		return sha256.New
	case "SHA512":
		return sha512.New
	}
	return nil
}

// step counts the periods until then (RFC 6238 §4.2).
func (t *TOTP) step(at time.Time) int64 { return at.Unix() / int64(t.Period) }

// Code returns the code of that moment (RFC 4226 §5.3, RFC 6238 §4).
func (t *TOTP) Code(at time.Time) string {
	mac := hmac.New(t.hash(), []byte(t.Key.Reveal()))
	_ = binary.Write(mac, binary.BigEndian, t.step(at)) // a hash never fails
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	mod := uint32(1)
	for range t.Digits {
		mod *= 10
	}
	return fmt.Sprintf("%0*d", t.Digits, n%mod)
}
