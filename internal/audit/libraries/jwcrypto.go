package libraries

var jwcrypto = Library{
	Name: "jwcrypto", Modules: []string{"jwcrypto"},
	Source: "jwcrypto (github.com/latchset/jwcrypto at eb7c266, 2026-06-24), jwt.py: JWT(header, claims, jwt, key, algs, …); jwk.py: JWK(kty, k), JWK.from_password(password)",
	Verifies: []Verify{
		{Call: "jwcrypto.jwt.JWT", Key: Arg{"key", 3}, Algorithms: absent, Options: absent},
	},
	Secrets: []Sign{
		{Call: "jwcrypto.jwk.JWK", Claims: absent, Key: Arg{"k", -1}},
		{Call: "jwcrypto.jwk.JWK.from_password", Claims: absent, Key: Arg{"password", 0}},
	},
}
