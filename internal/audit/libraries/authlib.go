package libraries

var authlib = Library{
	Name: "Authlib", Modules: []string{"authlib"},
	Source: "docs.authlib.org, JSON Web Token: jwt.encode(header, payload, key), jwt.decode(s, key)",
	Signs:  []Sign{{Call: "authlib.jose.jwt.encode", Claims: Arg{"payload", 1}, Key: Arg{"key", 2}}},
	Verifies: []Verify{
		{Call: "authlib.jose.jwt.decode", Key: Arg{"key", 1}, Algorithms: absent, Options: absent},
	},
}
