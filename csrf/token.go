package csrf

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"
	"net/http"
	"sync"
)

// A token is a random value and an HMAC-SHA256 over the session's id and that
// value, as OWASP's signed double submit has it, each length first so that
// nothing can slide from one into the other. It is valid for as long as the
// session's id and the key are.
const (
	valueSize   = 16
	macSize     = sha256.Size
	tokenSize   = valueSize + macSize
	tokenLength = tokenSize / 3 * 4     // in base64url
	maskLength  = 2 * tokenSize / 3 * 4 // of a masked one
)

var token64 = base64.RawURLEncoding.Strict()

// A signer makes and checks tokens with one key.
type signer struct{ macs sync.Pool }

func newSigner(key []byte) *signer {
	key = append([]byte(nil), key...)
	return &signer{sync.Pool{New: func() any { return &mac{Hash: hmac.New(sha256.New, key)} }}}
}

// A mac is a keyed hash with room for its input and sum, so that checking a
// token allocates nothing.
type mac struct {
	hash.Hash
	input []byte // lengths, session id and value
	value [valueSize]byte
	sum   [macSize]byte
}

// compute returns the HMAC over session and m.value, within m.
func (m *mac) compute(session string) []byte {
	m.Reset()
	// Short lengths keep this within one block of SHA-256 for a session's id of
	// up to 34 bytes. No id has 4 GiB, which is where the first one would end.
	m.input = append(binary.BigEndian.AppendUint32(m.input[:0], uint32(len(session))), valueSize)
	m.input = append(m.input, session...)
	m.input = append(m.input, m.value[:]...)
	m.Write(m.input) // once, since each call costs as much as a block
	return m.Sum(m.sum[:0])
}

// valid compares in constant time.
func (s *signer) valid(session string, token *[tokenSize]byte) bool {
	m := s.macs.Get().(*mac)
	copy(m.value[:], token[:valueSize])
	ok := hmac.Equal(m.compute(session), token[valueSize:])
	s.macs.Put(m)
	return ok
}

// Token returns a new token for the session of that id. It fails if there are
// no keys, if no randomness can be had, and with ErrSessionHasNoID if the id is
// empty. Each token is another, and all are good for as long as the session's
// id and the key are: a page that is given a new one each time has nothing that
// BREACH (CVE-2013-3587) could find out.
func (p *Protection) Token(session string) (string, error) {
	if len(p.signers) == 0 {
		return "", fmt.Errorf("csrf: no key to make tokens with")
	}
	if session == "" {
		return "", ErrSessionHasNoID
	}
	s := p.signers[0]
	m := s.macs.Get().(*mac)
	defer s.macs.Put(m)
	if _, err := rand.Read(m.value[:]); err != nil {
		return "", fmt.Errorf("csrf: no randomness: %w", err)
	}
	var token [tokenSize]byte
	copy(token[valueSize:], m.compute(session))
	copy(token[:], m.value[:])
	return token64.EncodeToString(token[:]), nil
}

// TokenFor returns a new token for the request's session, as Config.Session
// tells it: what a page that the server renders carries, in a form's
// Config.Field, or for a script. It fails as Token does. Without a session, as on the page of a login, the
// error is ErrSessionHasNoID and the form needs no token: who it comes from is
// checked all the same. A page with a token is one session's: keep it out of
// caches by "Cache-Control: private, no-store", as session.Manager.Handler does.
func (p *Protection) TokenFor(r *http.Request) (string, error) {
	return p.Token(p.sessionOf(r).ID)
}

// Mask returns the token in a form that is another each time, for a program
// that keeps one token and puts it into HTML that is compressed together with
// what an attacker can choose (BREACH, CVE-2013-3587). Check takes it as it
// takes the token itself.
func Mask(token string) (string, error) {
	var raw [tokenSize]byte
	if n, err := token64.Decode(raw[:], []byte(token)); err != nil || n != tokenSize || len(token) != tokenLength {
		return "", fmt.Errorf("csrf: no token to mask")
	}
	var masked [2 * tokenSize]byte
	if _, err := rand.Read(masked[:tokenSize]); err != nil {
		return "", fmt.Errorf("csrf: no randomness: %w", err)
	}
	for i, b := range raw {
		masked[tokenSize+i] = b ^ masked[i]
	}
	return token64.EncodeToString(masked[:]), nil
}

// token checks the request's token. It is taken from the header, or from the
// form's field where one is configured, and nowhere else: a cookie or query
// could come from the attacker.
func (p *Protection) token(r *http.Request, session string) *Refusal {
	if session == "" {
		return ErrSessionHasNoID
	}
	values := r.Header[p.header]
	if len(values) == 0 && p.field != "" {
		values = p.formTokens(r)
	}
	switch {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return ErrTokenMissing
	case len(values) > 1:
		return ErrTokenTwice
	}
	var token [tokenSize]byte
	if !decode(values[0], &token) {
		return ErrTokenMalformed
	}
	// Every key is tried, whichever fits, so that time tells nothing.
	ok := false
	for _, s := range p.signers {
		if s.valid(session, &token) {
			ok = true
		}
	}
	if !ok {
		return ErrTokenWrong
	}
	return nil
}

// decode reads a token or masked token.
func decode(text string, token *[tokenSize]byte) bool {
	switch len(text) {
	case tokenLength:
		var src [tokenLength]byte
		copy(src[:], text)
		return decodeAll(token[:], src[:])
	case maskLength:
		return decodeMasked(text, token)
	}
	return false
}

func decodeMasked(text string, token *[tokenSize]byte) bool {
	var src [maskLength]byte
	var raw [2 * tokenSize]byte
	copy(src[:], text)
	if !decodeAll(raw[:], src[:]) {
		return false
	}
	subtle.XORBytes(token[:], raw[:tokenSize], raw[tokenSize:])
	return true
}

// decodeAll reports whether src spells as many bytes as dst has. The decoder
// passes over line breaks, and then finds fewer.
func decodeAll(dst, src []byte) bool {
	n, err := token64.Decode(dst, src)
	return err == nil && n == len(dst)
}
