package weakness

var getChangesState = Weakness{
	ID:       "get-changes-state",
	Title:    "GET operation that changes state",
	Severity: High,
	CWE:      []int{650, 352},
	InSource: true,
	OnWire:   true,

	What:   "A GET operation changes state. Browsers send GET from everywhere: links, images, prefetching, redirects. SameSite=Lax lets a top-level GET carry the cookie, and most CSRF protection leaves GET alone because RFC 9110 calls it safe.",
	Attack: "A link, an image or a redirect on the attacker's page is enough; no script and no form is needed.",
	Sure:   "scan: the state was read before and after the GET and differed, and a control that sent no GET did not change it. audit: the handler of a GET route writes (a database commit, a delete, a mail).",
	Bad: `@app.get("/items/{id}/delete")
def delete(id: int, user: User = Depends(cookie_user), db: Session = Depends(get_db)):
    db.delete(db.get(Item, id)); db.commit()`,
	Good: `@app.delete("/items/{id}")
def delete(id: int, user: User = Depends(bearer_user), db: Session = Depends(get_db)):
    db.delete(db.get(Item, id)); db.commit()`,
	Remedy: Remedy{
		FastAPI: "Make it POST, PUT, PATCH or DELETE, with the checks that these have. Links in mails that must act should open a page with a button.",
		Guard:   "The guard gives no session to a GET that a page of another origin made, so the API sees nobody behind it. It still lets the own page's GETs through without a token: change the method all the same.",
		Go:      "Register the handler for an unsafe method (\"POST /items/{id}/delete\"), so that csrf.Protection checks it.",
	},
	References: []Reference{
		{"RFC 9110, section 9.2.1 (safe methods)", "https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1"},
	},
}
