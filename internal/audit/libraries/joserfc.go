package libraries

var joserfc = Library{
	Name: "joserfc", Modules: []string{"joserfc"},
	Source: "joserfc 1.7.4 (github.com/authlib/joserfc at 7facdee), jwt.py: encode(header, claims, key, algorithms), decode(value, key, algorithms), whose default are the recommended algorithms; keys come from OctKey.import_key",
	Signs:  []Sign{{Call: "joserfc.jwt.encode", Claims: Arg{"claims", 1}, Key: Arg{"key", 2}}},
	Verifies: []Verify{
		{Call: "joserfc.jwt.decode", Key: Arg{"key", 1}, Algorithms: absent, Options: absent},
	},
	Secrets: []Sign{{Call: "joserfc.jwk.OctKey.import_key", Claims: absent, Key: Arg{"value", 0}}},
}
