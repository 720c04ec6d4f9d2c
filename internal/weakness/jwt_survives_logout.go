package weakness

var jwtSurvivesLogout = Weakness{
	ID:       "jwt-survives-logout",
	Title:    "JWT that works after logout",
	Severity: Low,
	CWE:      []int{613},
	InSource: false,
	OnWire:   true,

	What:   "The token still works after the user has logged out. Logout that only deletes the cookie leaves a stolen copy in force until it expires.",
	Attack: "A token that was stolen before the logout goes on working.",
	Sure:   "The token authenticated before the logout, the logout succeeded, and the token authenticated after it.",
	Bad: `@app.post("/logout")
def logout(response: Response):
    response.delete_cookie("access_token")`,
	Good: `@app.post("/logout")
def logout(response: Response, claims: Claims = Depends(current_claims)):
    revoked.add(claims.jti, until=claims.exp)
    response.delete_cookie("access_token")`,
	Remedy: Remedy{
		FastAPI: "Keep the jti of logged-out tokens until they expire, and look there when verifying; or keep lifetimes at minutes.",
		Guard:   "The guard ends its session at logout, and the browser never had the token.",
		Go:      "session.Manager.End and EndAll; jwt.VerifierConfig takes a deny-list by jti.",
	},
	References: []Reference{
		{"RFC 9700 (OAuth 2.0 Security Best Current Practice)", "https://www.rfc-editor.org/rfc/rfc9700"},
	},
}
