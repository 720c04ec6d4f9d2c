package libraries

// authJWT is the configuration that fastapi-jwt-auth and its forks share.
var authJWT = ConfigClass{
	Location: "authjwt_token_location", CSRF: "authjwt_cookie_csrf_protect", Secret: "authjwt_secret_key",
	Secure: "authjwt_cookie_secure", SameSite: "authjwt_cookie_samesite", Expires: "authjwt_access_token_expires",
	AccessName: "authjwt_access_cookie_key", RefreshName: "authjwt_refresh_cookie_key",
	CSRFDefault: true, SecureDefault: false, SameSiteDefault: "",
	Dependencies: []string{"jwt_required", "jwt_optional", "fresh_jwt_required", "jwt_refresh_token_required"},
}

var fastapiJWTAuth = Library{
	Name: "fastapi-jwt-auth", Modules: []string{"fastapi_jwt_auth"},
	Source: "fastapi-jwt-auth 0.5.0 (github.com/IndominusByte/fastapi-jwt-auth at a6c0619), auth_config.py: _cookie_csrf_protect True, _cookie_secure False, _cookie_samesite None, access tokens of 15 minutes",
	Config: &authJWT,
}
