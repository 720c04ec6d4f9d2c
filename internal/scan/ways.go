package scan

import (
	"net/http"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/d710e0ae/countersign/internal/secret"
)

// ways are those in which a document says that one proves who one is: the same
// for every account.
type ways struct {
	routes    []actor.Route // logins
	stepped   []*actor.Flow
	refresh   *actor.Refresh
	csrfPaths []string
	reads     []string // GET operations without parameters
	fields    []string // that take the token
	told      []string // that take the CSRF token
}

func findWays(doc *openapi.Document) ways {
	w := ways{routes: actor.Find(doc), stepped: actor.FindStepped(doc), refresh: actor.FindRefresh(doc), csrfPaths: actor.CSRFPaths(doc)}
	for _, o := range doc.Operations {
		if o.Method == http.MethodGet && len(o.Params) == 0 && !strings.Contains(o.Path, "{") && !actor.IsLogout(o) {
			w.reads = append(w.reads, o.Path)
		}
		for _, p := range o.Params {
			switch {
			case p.In != "header":
			case actor.IsTokenField(p.Name) && !slices.Contains(w.fields, p.Name):
				w.fields = append(w.fields, p.Name)
			case actor.IsCSRFHeader(p.Name) && !slices.Contains(w.told, p.Name):
				w.told = append(w.told, p.Name)
			}
		}
	}
	return w
}

// actor makes the actor of an account.
func (a *api) actor(acc Account, cl *client.Client, red *secret.Redactor) *actor.Actor {
	w := a.ways
	who := &actor.Actor{Account: actor.Account{Name: acc.Name, Password: acc.Password}, Client: cl, Base: a.t.Base, Redactor: red,
		Page: attack.Own, Flow: acc.Flow, Refresh: w.refresh,
		CSRFPaths: slices.Clone(w.csrfPaths), Reads: slices.Clone(w.reads), Fields: slices.Clone(w.fields), Told: slices.Clone(w.told)}
	if a.cfg.Login != "" {
		method, path, _ := operation(a.cfg.Login)
		who.Routes = actor.Told(a.doc, method, strings.TrimPrefix(path, a.t.Base.Path))
	} else {
		who.Routes, who.Stepped = slices.Clone(w.routes), slices.Clone(w.stepped)
	}
	return who
}
