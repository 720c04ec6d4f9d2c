package jwt

import "context"

// Unverified returns the header and payload of a token as they are
// written, with nothing checked but the form: three segments of canonical
// base64url and at most 1 MiB. It is for showing a token to a person. A
// program must not decide by it.
func Unverified(token string) (header, payload []byte, err error) {
	if len(token) > maxMaxBytes {
		return nil, nil, errTooLong
	}
	head, body, _, fail := split(token)
	if fail != nil && fail != errEmptySignature {
		return nil, nil, fail
	}
	header, ok := decodeBase64(nil, head)
	if !ok {
		return nil, nil, errBase64
	}
	payload, ok = decodeBase64(nil, body)
	if !ok {
		return nil, nil, errBase64
	}
	return header, payload, nil
}

// VerifySignature returns the payload of a JSON Web Signature in compact
// serialization that one of the keys signed, at most 1 MiB. The payload may
// be anything; if it is the claims of a token, nothing is known of its age,
// issuer, audience and type: use a [Verifier] for those. Keys that are bound
// to an issuer do not fit. Every error is an *Error.
func VerifySignature(ctx context.Context, keys KeySet, token string) (payload []byte, err error) {
	if len(token) > maxMaxBytes {
		return nil, errTooLong
	}
	head, body, sig, fail := split(token)
	if fail != nil {
		return nil, fail
	}
	w := workspaces.Get().(*workspace)
	defer w.release()
	var ok1, ok2, ok3 bool
	w.header, ok1 = decodeBase64(w.header[:0], head)
	w.sig, ok2 = decodeBase64(w.sig[:0], sig)
	payload, ok3 = decodeBase64(nil, body)
	if !ok1 || !ok2 || !ok3 {
		return nil, errBase64
	}
	h, fail := parseHeader(w.header, nil)
	if fail != nil {
		return nil, fail
	}
	found, err := keys.Find(ctx, KeyQuery{KeyID: h.kid, Algorithm: h.alg})
	if err != nil {
		return nil, unavailable("the keys could not be had", err)
	}
	w.text = append(w.text[:0], token[:len(head)+1+len(body)]...)
	if _, fail := w.signer(found, h.kid, h.alg, ""); fail != nil {
		return nil, fail
	}
	return payload, nil
}
