package libraries

var fastapiLogin = Library{
	Name: "fastapi-login", Modules: []string{"fastapi_login"},
	Source:  "fastapi-login 1.10.3 (github.com/MushroomMaula/fastapi_login at 63a212e), fastapi_login.py: LoginManager(secret, token_url, algorithm, use_cookie=False, use_header=True, cookie_name=\"access-token\"); set_cookie sets HttpOnly only; create_access_token(data, expires, scopes) adds exp, 15 minutes from then where nothing is said",
	Signs:   []Sign{{Call: "fastapi_login.LoginManager.create_access_token", Claims: Arg{"data", 0}, Key: absent, Lifetime: Arg{"expires", 1}}},
	Secrets: []Sign{{Call: "fastapi_login.LoginManager", Claims: absent, Key: Arg{"secret", 0}}},
}
