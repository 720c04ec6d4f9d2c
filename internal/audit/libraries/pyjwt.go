package libraries

var pyJWT = Library{
	Name: "PyJWT", Modules: []string{"jwt"},
	Source: "pyjwt.readthedocs.io, API reference: jwt.encode, jwt.decode; changelog of 2.0 (algorithms became mandatory)",
	Signs:  []Sign{{Call: "jwt.encode", Claims: Arg{"payload", 0}, Key: Arg{"key", 1}}},
	Verifies: []Verify{
		{Call: "jwt.decode", Key: Arg{"key", 1}, Algorithms: Arg{"algorithms", 2}, Options: Arg{"options", 3}, Switch: Arg{"verify", -1}},
		{Call: "jwt.decode_complete", Key: Arg{"key", 1}, Algorithms: Arg{"algorithms", 2}, Options: Arg{"options", 3}},
	},
}
