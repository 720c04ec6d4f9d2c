package libraries

var fastapiCSRFProtect = Library{
	Name: "fastapi-csrf-protect", Modules: []string{"fastapi_csrf_protect"},
	Source: "fastapi-csrf-protect 1.0.7 (github.com/aekasitt/fastapi-csrf-protect at 27dab46), core.py: nothing is checked before validate_csrf(request) is called",
	Checks: []Check{{Name: "CsrfProtect", Methods: []string{"validate_csrf", "validate_csrf_in_cookies"}}},
}
