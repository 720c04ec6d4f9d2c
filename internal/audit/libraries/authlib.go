package libraries

var authlib = Library{
	Name: "Authlib", Modules: []string{"authlib"},
	Source: "Authlib 1.6.0 (github.com/lepture/authlib at fe87a117), jose/rfc7519/jwt.py: encode(header, payload, key), decode(s, key); JsonWebToken(algorithms) has the same methods",
	Signs: []Sign{
		{Call: "authlib.jose.jwt.encode", Claims: Arg{"payload", 1}, Key: Arg{"key", 2}},
		{Call: "authlib.jose.JsonWebToken.encode", Claims: Arg{"payload", 1}, Key: Arg{"key", 2}},
	},
	Verifies: []Verify{
		{Call: "authlib.jose.jwt.decode", Key: Arg{"key", 1}, Algorithms: absent, Options: absent},
		{Call: "authlib.jose.JsonWebToken.decode", Key: Arg{"key", 1}, Algorithms: absent, Options: absent},
	},
}
