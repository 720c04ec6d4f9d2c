package jwt

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
)

// looksPublic reports whether a secret is the text of something that others
// know: a public key or certificate, a JSON Web Key or a set of them, in
// whatever form a file has it. CVE-2026-33322 and its many elders are
// verifiers that took one for an HMAC secret.
func looksPublic(secret []byte) bool {
	s := bytes.TrimSpace(bytes.TrimPrefix(secret, []byte("\xEF\xBB\xBF")))
	switch {
	case bytes.Contains(s, []byte("-----BEGIN ")), bytes.HasPrefix(s, []byte("ssh-")), bytes.HasPrefix(s, []byte("ecdsa-sha2-")):
		return true
	case bytes.HasPrefix(s, []byte("{")) && (bytes.Contains(s, []byte(`"kty"`)) || bytes.Contains(s, []byte(`"keys"`))):
		return true
	}
	return looksDER(s) || looksDER(decodedLines(s))
}

// looksDER reports whether b is a key or a certificate as PEM has it within.
func looksDER(b []byte) bool {
	if len(b) == 0 || b[0] != 0x30 { // every one of them is a SEQUENCE
		return false
	}
	if _, err := x509.ParsePKIXPublicKey(b); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PublicKey(b); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS8PrivateKey(b); err == nil {
		return true
	}
	_, err := x509.ParseCertificate(b)
	return err == nil
}

// decodedLines undoes base64 in lines, or returns nil.
func decodedLines(s []byte) []byte {
	out, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(s), nil)))
	if err != nil {
		return nil
	}
	return out
}
