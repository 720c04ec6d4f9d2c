package libraries

var anotherFastapiJWTAuth = Library{
	Name: "another-fastapi-jwt-auth", Modules: []string{"another_fastapi_jwt_auth"},
	Source: "github.com/GlitchCorp/fastapi-another-jwt-auth, README: as in fastapi-jwt-auth",
	Config: &authJWT,
}
