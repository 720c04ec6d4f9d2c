package lab

import (
	"net/http"
	"net/url"
	"slices"
)

// An attack is one page of the attacker's site.
type attack struct {
	ID, Name, What string
	Sandboxed      bool // the page has an opaque origin
}

var attacks = []attack{
	{ID: "form", Name: "Form", What: "A hidden form posts to /transfer/form. Needs no script in principle, and no permission."},
	{ID: "multipart", Name: "Multipart form", What: "The same as multipart/form-data."},
	{ID: "text-plain", Name: "Form of type text/plain", What: "A hidden form whose one field is shaped so that the body is JSON. FastAPI refuses this type since 0.65.2."},
	{ID: "blob", Name: "Blob without a type", What: "fetch sends JSON in a Blob without a type: no Content-Type, so no preflight. FastAPI before 0.132 takes it for JSON."},
	{ID: "json-cors", Name: "JSON by CORS", What: "fetch sends JSON with credentials. It works only where the bank's CORS lets this origin."},
	{ID: "navigate", Name: "Navigation", What: "The page goes to /transfer/quick: a GET that changes state, which even SameSite=Lax lets through."},
	{ID: "image", Name: "Image", What: "The same GET as an image."},
	{ID: "beacon", Name: "Beacon", What: "navigator.sendBeacon posts a Blob without a type."},
	{ID: "sandboxed", Name: "Sandboxed page", What: "The form again, from a page with an opaque origin: it sends Origin: null.", Sandboxed: true},
}

// Attacks returns the ids of the attacker's pages: each is served under
// /attack/ID?target=URL&to=NAME&amount=N, and attacks when it is opened.
func Attacks() []string {
	var ids []string
	for _, a := range attacks {
		ids = append(ids, a.ID)
	}
	return ids
}

// AttackerSite serves the attacker's pages. Targets are the banks that its
// index offers, by name.
func AttackerSite(targets map[Variant]string) http.Handler {
	mux := http.NewServeMux()
	type row struct {
		Name Variant
		URL  string
	}
	var rows []row
	for _, v := range Variants() {
		if targets[v] != "" {
			rows = append(rows, row{v, targets[v]})
		}
	}
	mux.Handle("GET /{$}", page(attackerTemplate, map[string]any{"Targets": rows, "Attacks": attacks}))
	mux.HandleFunc("GET /attack/{id}", func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(attacks, func(a attack) bool { return a.ID == r.PathValue("id") })
		target, err := url.Parse(r.URL.Query().Get("target"))
		if i < 0 || err != nil || target.Scheme != "http" && target.Scheme != "https" {
			http.NotFound(w, r)
			return
		}
		a := attacks[i]
		if a.Sandboxed {
			w.Header().Set("Content-Security-Policy", "sandbox allow-scripts allow-forms")
		}
		page(attackerTemplate, map[string]any{
			"Attack": a, "Target": target.Scheme + "://" + target.Host, "To": valueOr(r, "to", Attacker), "Amount": valueOr(r, "amount", "100"),
		}).ServeHTTP(w, r)
	})
	return mux
}

func valueOr(r *http.Request, name, otherwise string) string {
	if v := r.URL.Query().Get(name); v != "" {
		return v
	}
	return otherwise
}
