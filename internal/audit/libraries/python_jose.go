package libraries

var pythonJose = Library{
	Name: "python-jose", Modules: []string{"jose"},
	Source: "python-jose.readthedocs.io, JWT: jwt.decode(token, key, algorithms=None, options=None, …); jose/jws.py takes every algorithm where none is named",
	Signs:  []Sign{{Call: "jose.jwt.encode", Claims: Arg{"claims", 0}, Key: Arg{"key", 1}}},
	Verifies: []Verify{
		{Call: "jose.jwt.decode", Key: Arg{"key", 1}, Algorithms: Arg{"algorithms", 2}, Options: Arg{"options", 3}, Lax: true},
		{Call: "jose.jwt.get_unverified_claims", Key: absent, Algorithms: absent, Options: absent, Never: true},
	},
}
