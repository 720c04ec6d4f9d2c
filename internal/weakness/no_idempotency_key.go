package weakness

var noIdempotencyKey = Weakness{
	ID:       "no-idempotency-key",
	Title:    "Repeated write that is applied twice",
	Severity: Info,
	CWE:      []int{837},
	InSource: false,
	OnWire:   true,

	What:   "A write that is repeated is applied twice, and the API knows no Idempotency-Key. A forged or replayed request counts each time; so does an honest retry after a lost answer.",
	Attack: "The attacker's page repeats the forged request.",
	Sure:   "The same request, sent twice with the same Idempotency-Key, changed the state twice.",
	Bad: `@app.post("/transfer")
def transfer(t: Transfer): ...`,
	Good: `@app.post("/transfer")
def transfer(t: Transfer, idempotency_key: str = Header()): ...`,
	Remedy: Remedy{
		FastAPI: "Require an Idempotency-Key on writes that must not happen twice and store the first answer under user and key.",
		Guard:   "idempotency.accept and idempotency.require hold keys for the API, with no change to it.",
		Go:      "Wrap the handler with package idempotency.",
	},
	References: []Reference{
		{"The Idempotency-Key HTTP Header Field", "https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/"},
	},
}
