// Package jwtcli is what `countersign jwt` does, apart from flags and exit
// codes.
package jwtcli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/jwt"
)

const (
	maxKeyFile = 1 << 20
	maxToken   = 1 << 20
)

// ReadKeyFile reads the keys in a file; see ParseKeys.
func ReadKeyFile(path string, alg jwt.Algorithm) (jwt.KeySet, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &cfgerrors.Error{Key: "key", Code: cfgerrors.Unavailable, Value: path, Problem: err.Error(), Instead: "name a file with a JWK, JWKS, PEM or raw secret"}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, &cfgerrors.Error{Key: "key", Code: cfgerrors.Unavailable, Value: path, Problem: err.Error()}
	}
	if len(data) > maxKeyFile {
		return nil, &cfgerrors.Error{Key: "key", Code: cfgerrors.OutOfRange, Value: path, Problem: fmt.Sprintf("the file is larger than %d bytes", maxKeyFile)}
	}
	return ParseKeys(data, alg)
}

// ParseKeys reads a JWK, a JWKS, a PEM key or else a raw HMAC secret, from
// which one line break at the end is taken off, as editors and echo leave it.
// Alg is what the keys are for; it may be empty where they say so themselves.
func ParseKeys(data []byte, alg jwt.Algorithm) (jwt.KeySet, error) {
	var algs []jwt.Algorithm
	if alg != "" {
		if err := known(alg); err != nil {
			return nil, err
		}
		algs = []jwt.Algorithm{alg}
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))) // some editors write a byte order mark
	switch {
	case bytes.HasPrefix(text, []byte("{")) && jsontext.Value(text).IsValid():
		var probe struct {
			Keys jsontext.Value `json:"keys"`
		}
		if err := json.Unmarshal(text, &probe); err == nil && probe.Keys != nil {
			return keySet(jwt.ParseJWKS(text, algs...))
		}
		return keySet(jwt.ParseJWK(text, algs...))
	case bytes.Contains(text, []byte("-----BEGIN ")):
		if err := needed(alg, "the key file does not say"); err != nil {
			return nil, err
		}
		return keySet(jwt.ParsePEM(text, alg))
	}
	if err := needed(alg, "a raw secret does not say"); err != nil {
		return nil, err
	}
	secret := bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	return keySet(jwt.NewHMACKey(alg, secret))
}

// keySet keeps a nil pointer from becoming an interface that is not nil.
func keySet[K jwt.KeySet](k K, err error) (jwt.KeySet, error) {
	if err != nil {
		return nil, err
	}
	return k, nil
}

func known(alg jwt.Algorithm) error {
	for _, a := range jwt.Algorithms() {
		if a == alg {
			return nil
		}
	}
	return &cfgerrors.Error{Key: "alg", Code: cfgerrors.Unknown, Value: string(alg), Problem: fmt.Sprintf("%q is no signature algorithm", alg), Instead: fmt.Sprintf("write one of %v", jwt.Algorithms())}
}

func needed(alg jwt.Algorithm, why string) error {
	if alg != "" {
		return nil
	}
	return &cfgerrors.Error{Key: "alg", Code: cfgerrors.Missing, Problem: why + " which algorithm it is for, and the token must not", Instead: "write --alg, such as HS256"}
}

// ReadToken reads a token of at most 1 MiB, from which one line break at the
// end is taken off.
func ReadToken(r io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxToken+3))
	if err != nil {
		return "", err
	}
	data = bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	if len(data) > maxToken {
		return "", &Refusal{"it is longer than 1 MiB"}
	}
	if len(data) == 0 {
		return "", errors.New("there is no token on standard input")
	}
	return string(data), nil
}
