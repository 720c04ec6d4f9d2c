package libraries

var pyJWT = Library{
	Name: "PyJWT", Modules: []string{"jwt"},
	Source: "PyJWT 2.12.1 (github.com/jpadilla/pyjwt at dcc27a9), api_jwt.py: encode(payload, key, algorithm), decode(jwt, key, algorithms, options, verify); verify counts before 2.0 alone, where algorithms were not yet mandatory",
	Signs:  []Sign{{Call: "jwt.encode", Claims: Arg{"payload", 0}, Key: Arg{"key", 1}}},
	Verifies: []Verify{
		{Call: "jwt.decode", Key: Arg{"key", 1}, Algorithms: Arg{"algorithms", 2}, Options: Arg{"options", 3}, Switch: Arg{"verify", -1}},
		{Call: "jwt.decode_complete", Key: Arg{"key", 1}, Algorithms: Arg{"algorithms", 2}, Options: Arg{"options", 3}},
	},
}
