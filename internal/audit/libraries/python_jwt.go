package libraries

var pythonJWT = Library{
	Name: "jwt (GehirnInc)", Modules: []string{"jwt"},
	Source:   "jwt 1.4.0 (github.com/GehirnInc/python-jwt at 81312b5, 2025-06-23), jwt.py: JWT().encode(payload, key, alg), JWT().decode(message, key, do_verify=True, algorithms=None, do_time_check=True); jwk.py: jwk_from_dict(dct)",
	Signs:    []Sign{{Call: "jwt.JWT.encode", Claims: Arg{"payload", 0}, Key: Arg{"key", 1}}},
	Verifies: []Verify{{Call: "jwt.JWT.decode", Key: Arg{"key", 1}, Algorithms: Arg{"algorithms", 3}, Options: absent, Switch: Arg{"do_verify", 2}}},
	Secrets:  []Sign{{Call: "jwt.jwk_from_dict", Claims: absent, Key: Arg{"dct", 0}}},
}
