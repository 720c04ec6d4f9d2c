package libraries

var jwcrypto = Library{
	Name: "jwcrypto", Modules: []string{"jwcrypto"},
	Source: "jwcrypto.readthedocs.io, JSON Web Token: jwt.JWT(header, claims, jwt, key), jwk.JWK(kty, k)",
	Verifies: []Verify{
		{Call: "jwcrypto.jwt.JWT", Key: Arg{"key", 3}, Algorithms: absent, Options: absent},
	},
	Secrets: []Sign{{Call: "jwcrypto.jwk.JWK", Claims: absent, Key: Arg{"k", -1}}},
}
