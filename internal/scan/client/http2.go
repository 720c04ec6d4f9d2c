package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
)

// refused says why a target refused a handshake that offered HTTP/1.1: it is
// errHTTP2 where one that offers HTTP/2 instead is taken (RFC 7301 §3.2), and
// else what was said first, unless the certificate is what is wrong.
func (w *wire) refused(ctx context.Context, first error) error {
	if untrusted(first) || ctx.Err() != nil {
		return first
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	raw, err := dial(ctx, "tcp", w.address())
	if err != nil {
		return first
	}
	defer raw.Close()
	config := w.tls.Clone()
	config.NextProtos = []string{"h2"}
	secure := tls.Client(raw, config)
	switch err := secure.HandshakeContext(ctx); {
	case err == nil && secure.ConnectionState().NegotiatedProtocol == "h2":
		return errHTTP2
	case untrusted(err):
		return err
	}
	return first
}

func untrusted(err error) bool {
	_, is := errors.AsType[*tls.CertificateVerificationError](err)
	return is
}

// http2 returns a transport to a target that speaks HTTP/2 only. It costs more
// for each request than a wire, so that it is the last resort.
func (w *wire) http2() *http.Transport {
	config := w.tls.Clone()
	config.NextProtos = nil // the transport's to say
	also := config.VerifyConnection
	config.VerifyConnection = func(s tls.ConnectionState) error {
		w.mu.Lock()
		w.key = s.PeerCertificates[0].RawSubjectPublicKeyInfo
		w.mu.Unlock()
		if also != nil {
			return also(s)
		}
		return nil
	}
	return &http.Transport{DialContext: dial, TLSClientConfig: config, ForceAttemptHTTP2: true, TLSHandshakeTimeout: dialTime,
		IdleConnTimeout: idleTime, MaxResponseHeaderBytes: maxHead, DisableCompression: true}
}
