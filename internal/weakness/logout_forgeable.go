package weakness

var logoutForgeable = Weakness{
	ID:       "logout-forgeable",
	Title:    "Logout that another site can trigger",
	Severity: Low,
	CWE:      []int{352},
	InSource: true,
	OnWire:   true,

	What:   "Another site can end the victim's session. That is a nuisance by itself, and a step in attacks that need the victim to log in again (a fresh cookie, a phishing page).",
	Attack: "An image or form on the attacker's page requests the logout.",
	Sure:   "After the forged request the victim's session no longer authenticated.",
	Bad: `@app.get("/logout")
def logout(response: Response):
    response.delete_cookie("session")`,
	Good: `@app.post("/logout", dependencies=[Depends(same_origin), Depends(csrf_token)])
def logout(response: Response):
    response.delete_cookie("session")`,
	Remedy: Remedy{
		FastAPI: "Make logout a POST and put the same checks on it as on every other state-changing route.",
		Guard:   "POST /.countersign/logout needs the session's CSRF token; a configured logout path of the API is held to the same checks.",
		Go:      "Put the logout handler behind csrf.Protection and end the session with session.Manager.End.",
	},
	References: []Reference{
		{"OWASP CSRF Prevention Cheat Sheet", "https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html"},
	},
}
