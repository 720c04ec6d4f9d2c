package weakness

var loginForgeable = Weakness{
	ID:       "login-forgeable",
	Title:    "Login that another site can submit",
	Severity: Medium,
	CWE:      []int{352},
	InSource: true,
	OnWire:   true,

	What:   "Another site can submit the login with the attacker's own name and password, and the victim's browser keeps the session cookie that comes back. The victim then works, unaware, in the attacker's account. SameSite does not help: the login needs no cookie, and a cross-site form submission may set even Strict cookies.",
	Attack: "A hidden form on the attacker's page posts the attacker's credentials to the login. What the victim then types, uploads or pays for lands in the attacker's account.",
	Sure:   "A login submitted in a shape that a cross-site page can send, with a foreign Origin, answered with a cookie that was shown to authenticate.",
	Bad: `@app.post("/login")
def login(response: Response, form: OAuth2PasswordRequestForm = Depends()):
    response.set_cookie("session", issue(form.username), httponly=True)`,
	Good: `@app.post("/login", dependencies=[Depends(same_origin)])
def login(response: Response, form: OAuth2PasswordRequestForm = Depends()):
    response.set_cookie("__Host-session", issue(form.username), httponly=True, secure=True, samesite="strict", path="/")`,
	Remedy: Remedy{
		FastAPI: "Check the Origin (and Sec-Fetch-Site) at the login as at every other POST, or require a pre-session CSRF token there.",
		Guard:   "The guard checks Origin and Fetch Metadata on the login too, before any session exists.",
		Go:      "csrf.Protection refuses a foreign Origin on every unsafe method, with or without a session.",
	},
	References: []Reference{
		{"Barth, Jackson, Mitchell: Robust Defenses for Cross-Site Request Forgery (CCS 2008)", "https://seclab.stanford.edu/websec/csrf/csrf.pdf"},
	},
}
