// Package jwt issues and verifies JSON Web Tokens in the JWS compact
// serialization (RFC 7519, RFC 7515), as strictly as RFC 8725 asks.
//
// The algorithm belongs to the [Key] and never to the token's header. Issuer,
// audience, type and expiry are required unless the configuration waives them
// by a name that begins with Insecure. Text that is not the one canonical
// spelling of a token is refused: padding, line breaks, unused bits that are
// set, duplicate or mis-cased members, unknown critical extensions.
//
//	key, err := jwt.NewHMACKey(jwt.HS256, secret)
//	issuer, err := jwt.NewIssuer(jwt.IssuerConfig{Key: key, Issuer: "bank", Audience: "api"})
//	verifier, err := jwt.NewVerifier(jwt.VerifierConfig{Keys: key, Issuer: "bank", Audience: "api"})
//	http.Handle("/transfer", verifier.Authenticate(transfer))
//
// A refusal says why in one stable line; [ErrExpired] tells the one reason
// that a client can cure by itself from all others.
package jwt
