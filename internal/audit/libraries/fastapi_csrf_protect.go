package libraries

var fastapiCSRFProtect = Library{
	Name: "fastapi-csrf-protect", Modules: []string{"fastapi_csrf_protect"},
	Source: "github.com/aekasitt/fastapi-csrf-protect, README: nothing is checked before validate_csrf(request) is called",
	Checks: []Check{{Name: "CsrfProtect", Methods: []string{"validate_csrf", "validate_csrf_in_cookies"}}},
}
