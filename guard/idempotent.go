package guard

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/idempotency"
	"github.com/d710e0ae/countersign/internal/store/memory"
)

// keyedMethods are those for which an Idempotency-Key counts.
var keyedMethods = []string{http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete}

func (c *Config) idempotency(store idempotency.Store) idempotency.Config {
	return idempotency.Config{Store: store, TTL: c.Idempotency.TTL, User: idempotencyUser, Methods: keyedMethods}
}

func (c *Config) checkIdempotency(errs *cfgerrors.List) {
	_, err := idempotency.New(c.idempotency(memory.NewIdempotency(1, 1, nil)))
	errs.Join("idempotency", err)
	for _, list := range []struct {
		key    string
		values []string
	}{{"idempotency.require", c.Idempotency.Require}, {"idempotency.accept", c.Idempotency.Accept}} {
		for i, text := range list.values {
			key := list.key + "[" + digits(i) + "]"
			o, err := parseOperation(text)
			switch {
			case err != nil:
				errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Malformed, Value: text, Problem: err.Error(), Instead: "write for example POST /transfer, or POST *"})
			case !slices.Contains(keyedMethods, o.method):
				errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: text, Problem: "a key counts for POST, PATCH, PUT and DELETE only", Instead: "write one of these"})
			}
		}
	}
}

// idempotencyUser is whom a key belongs to: a user if one is known, else the
// session or the very token.
func idempotencyUser(r *http.Request) string {
	x, ok := r.Context().Value(contextKey{}).(*exchange)
	switch {
	case !ok:
		return ""
	case x.token != nil && x.token.Subject != "":
		return userOfIssuer(x.token.Issuer, x.token.Subject)
	case x.bearer != "":
		sum := sha256.Sum256([]byte(x.bearer))
		return "bearer " + base64.RawURLEncoding.EncodeToString(sum[:])
	case x.session == nil:
		return ""
	case x.session.User() != "":
		return userOfIssuer("", x.session.User())
	}
	k := x.session.Key()
	return "session " + base64.RawURLEncoding.EncodeToString(k[:])
}

// userOfIssuer names a user so that no issuer and subject make another's name.
func userOfIssuer(issuer, subject string) string {
	return "user " + strconv.Quote(issuer) + " " + subject
}

// keyed reports whether the request goes through the idempotency middleware.
func (g *Guard) keyed(x *exchange) bool {
	if !x.unsafe() {
		return false
	}
	if len(g.required) > 0 && g.required.match(x.r.Method, x.target.Path) {
		return true
	}
	if len(x.r.Header["Idempotency-Key"]) == 0 {
		return false
	}
	return g.accepted.match(x.r.Method, x.target.Path)
}

// forwardOnce forwards a request under its Idempotency-Key.
func (g *Guard) forwardOnce(x *exchange) {
	g.once.ServeHTTP(x.w, x.withContext())
}

// runOnce is what stands behind the middleware.
func (g *Guard) runOnce(w http.ResponseWriter, r *http.Request) {
	x := r.Context().Value(contextKey{}).(*exchange)
	before := x.w
	x.w, x.r = w, r
	g.forward(x)
	x.w = before
}

func (g *Guard) refuseOnce(_ http.ResponseWriter, r *http.Request, e *idempotency.Error) {
	x := r.Context().Value(contextKey{}).(*exchange)
	g.refuse(x, "idempotency", refusal(e.Status, e.Code, strings.TrimSuffix(e.Detail, ".")).because(e.Cause))
}
