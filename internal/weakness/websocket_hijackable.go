package weakness

var websocketHijackable = Weakness{
	ID:       "websocket-hijackable",
	Title:    "WebSocket that opens for a foreign Origin",
	Severity: High,
	CWE:      []int{1385, 352},
	InSource: true,
	OnWire:   true,

	What:   "A WebSocket opens on the cookie alone for a page of any origin. The handshake is a GET, CORS does not apply to it, and once open the attacker's script can both send and read: this is worse than an ordinary forged request.",
	Attack: "Script on the attacker's page calls new WebSocket(\"wss://api…\"). The browser sends the cookie with the handshake (unless SameSite withholds it), and the attacker converses as the victim.",
	Sure:   "The upgrade was accepted with the cookie and a foreign Origin, and refused or answered differently without the cookie.",
	Bad: `@app.websocket("/ws")
async def ws(socket: WebSocket):
    user = user_of(socket.cookies.get("session"))
    await socket.accept()`,
	Good: `@app.websocket("/ws")
async def ws(socket: WebSocket):
    if socket.headers.get("origin") != "https://app.example.com":
        await socket.close(code=1008)
        return
    user = user_of(socket.cookies.get("session"))
    await socket.accept()`,
	Remedy: Remedy{
		FastAPI: "Compare the Origin header with your own before accept(), or authenticate the socket by a short-lived ticket in its first message instead of a cookie.",
		Guard:   "The guard checks the Origin of every upgrade and of event streams, as it does for a POST.",
		Go:      "csrf.Protection treats upgrades and event streams as requests that need a right Origin.",
	},
	References: []Reference{
		{"OWASP ASVS 5.0, 4.4.2", "https://owasp.org/www-project-application-security-verification-standard/"},
		{"RFC 6455, section 10.2 (origin considerations)", "https://www.rfc-editor.org/rfc/rfc6455#section-10.2"},
	},
}
