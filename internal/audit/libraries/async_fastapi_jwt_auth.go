package libraries

var asyncFastapiJWTAuth = Library{
	Name: "async-fastapi-jwt-auth", Modules: []string{"async_fastapi_jwt_auth"},
	Source: "sivakov512.github.io/async-fastapi-jwt-auth, Configuration options: as in fastapi-jwt-auth",
	Config: &authJWT,
}
