package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

var errNoAnswer = errors.New("the connection was closed without an answer")

// advised adds to an error of the connection what to do about it, where that
// can be told.
func advised(err error, scheme string) error {
	advice := ""
	switch {
	case errors.As(err, new(x509.UnknownAuthorityError)):
		advice = "to trust it, name the authority's certificate by SSL_CERT_FILE=FILE.pem"
	case errors.As(err, new(tls.RecordHeaderError)):
		advice = "it does not speak TLS; write http:// in place of https://"
	case errors.Is(err, errNoAnswer) && scheme == "http":
		advice = "if it speaks TLS, write https:// in place of http://"
	default:
		return err
	}
	return fmt.Errorf("%w; %s", err, advice)
}
