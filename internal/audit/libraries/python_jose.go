package libraries

var pythonJose = Library{
	Name: "python-jose", Modules: []string{"jose"},
	Source: "python-jose 3.5.0 (github.com/mpdavis/python-jose at 018b310), jwt.py: decode(token, key, algorithms=None, options=None, …); jws.py _verify_signature takes every algorithm where none is named; verify(token, key, algorithms, verify=True)",
	Signs:  []Sign{{Call: "jose.jwt.encode", Claims: Arg{"claims", 0}, Key: Arg{"key", 1}}},
	Verifies: []Verify{
		{Call: "jose.jwt.decode", Key: Arg{"key", 1}, Algorithms: Arg{"algorithms", 2}, Options: Arg{"options", 3}, Lax: true},
		{Call: "jose.jws.verify", Key: Arg{"key", 1}, Algorithms: Arg{"algorithms", 2}, Options: absent, Switch: Arg{"verify", 3}},
		{Call: "jose.jwt.get_unverified_claims", Key: absent, Algorithms: absent, Options: absent, Never: true},
	},
}
