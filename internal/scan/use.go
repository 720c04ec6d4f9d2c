package scan

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// A use is one operation and how it is called.
type use struct {
	op      *openapi.Operation
	subject *attack.Subject

	own bool // it writes the account that calls it
	// parameter is the last of the path, and telling what it names.
	parameter, telling string
	deletes            bool // it deletes what its path names
	refreshes          bool // it exchanges a refresh token

	optional bool           // fill what is not required
	fixed    map[string]any // members that had to be corrected
	dropped  []string       // members that had to go
	query    url.Values     // query parameters that had to be corrected
	renew    bool           // each call uses its resource up
	outside  bool           // exercised for others' sake only
	// prelude is what must be done to a new thing before each call.
	prelude   []*use
	filler    *use            // called before each call, since it uses up what they bring
	unfilled  []*use          // those that did not help, see nextFiller
	undoer    *use            // called before each call, since it takes back what the last one did
	unfit     []*use          // those that were tried for that, see nextUndoer
	after     *produced       // the thing to which that was done already
	versioned bool            // each call names the thing's newest state
	differs   bool            // each call gives the new thing what it has not yet
	unique    bool            // the document's own names were taken
	keyed     bool            // each call needs a name of its own in the path
	chooses   bool            // its caller chooses the new thing's name, see takesName
	spent     map[string]bool // what the path's last parameter was in calls that used it up; nil where they do not
	acts      bool            // a GET that its name sets beside the one that shows the thing
	unsettled bool            // what must come before is still to be found out
	avoid     map[string]bool // paths of things that are used up, see elsewhere
	last      *openapi.Request
	refused   *openapi.Request  // the last that was not answered by a success
	refusal   *client.Response  // and its answer
	watches   []watch           // what may show its effect
	current   map[string]string // path parameters of the newest call
	names     map[string]bool   // what the answer to a creation names, see namesIn
	leads     *url.URL          // where the answer to a creation says that the thing is

	producers   []*use // as known when so many calls had succeeded
	producersOf int
}

// made is a thing that the scan created, and how it might be deleted.
type made struct {
	path string
	ids  []string
	by   *use
	said bool // by the status, 201
	gone bool
}

// newUse prepares an operation.
func (a *api) newUse(op *openapi.Operation) *use {
	changes := !op.Safe()
	last := lastParameter(op)
	u := &use{op: op, own: changesOwnAccount(op), parameter: last, telling: telling(last), deletes: deletes(op), subject: &attack.Subject{Ref: op.OperationRef, ChangesState: changes, Credential: finding.CredentialUnknown}}
	u.optional = op.Method == http.MethodPatch || noneRequired(op)
	u.renew = op.Method == http.MethodDelete && strings.Contains(op.Path, "{")
	u.subject.UsesUp = u.renew
	u.subject.Login = a.logins[op.String()]
	for _, p := range op.Params {
		if p.In == "query" {
			u.subject.Query = append(u.subject.Query, p.Name)
		}
	}
	u.subject.Fresh = func(ctx context.Context) (*attack.Call, error) { return a.fresh(ctx, u) }
	u.subject.Renew = func(refusal *client.Response) bool {
		if !u.renew && u.named() && !u.keyed {
			u.keyed, u.subject.UsesUp = true, true
			return true
		}
		if refusal != nil && refusal.Status == http.StatusConflict && !u.unique && u.op.Method == http.MethodPost && len(u.op.Bodies) > 0 && !strings.Contains(u.op.Path, "{") {
			u.unique, u.optional = true, true // what it makes must not be as the last
			return true
		}
		if refusal != nil && a.nextFiller(u, refusal) {
			return true
		}
		if u.renew {
			return false
		}
		if len(a.producers(u)) == 0 {
			if refusal != nil && a.another(u, refusal) {
				return true
			}
			if refusal == nil || !a.nextUndoer(u) && !a.elsewhere(u) {
				return false
			}
			u.subject.UsesUp = true
			return true
		}
		u.renew, u.subject.UsesUp, u.unsettled = true, true, true
		return true
	}
	return u
}

func noneRequired(op *openapi.Operation) bool {
	if len(op.Bodies) == 0 {
		return false
	}
	s := op.Bodies[0].Schema
	return !slices.ContainsFunc(s.Properties(), s.Required)
}
