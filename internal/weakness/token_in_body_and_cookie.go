package weakness

var tokenInBodyAndCookie = Weakness{
	ID:       "token-in-body-and-cookie",
	Title:    "Token handed to script beside its HttpOnly cookie",
	Severity: Low,
	CWE:      []int{200},
	InSource: true,
	OnWire:   true,

	What:   "The login sets the token in an HttpOnly cookie and hands the same token to script in its answer. HttpOnly then protects nothing.",
	Attack: "Injected script calls the login or refresh and reads the token from the answer.",
	Sure:   "One answer had the same token in Set-Cookie and in its body.",
	Bad: `response.set_cookie("access_token", token, httponly=True)
return {"access_token": token, "token_type": "bearer"}`,
	Good: `response.set_cookie("__Host-access_token", token, httponly=True, secure=True, samesite="strict", path="/")
return {"csrf_token": csrf_token_for(session)}`,
	Remedy: Remedy{
		FastAPI: "Return the token in one place. With a cookie, answer with the CSRF token only.",
		Guard:   "The guard takes the tokens out of the login's answer.",
		Go:      "Answer a login with the CSRF token of the new session only.",
	},
	References: []Reference{
		{"RFC 6265bis, section 8.5", "https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/"},
	},
}
