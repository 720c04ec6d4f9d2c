package scan

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// bases returns where the API's paths may begin, the likeliest first.
func bases(doc *openapi.Document, from, target *url.URL) []string {
	var out []string
	add := func(p string) {
		p = strings.TrimSuffix(p, "/")
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	if i := strings.LastIndexByte(from.Path, '/'); i >= 0 && from.Host == target.Host && from.Path != target.Path {
		add(from.Path[:i])
	}
	add(target.Path)
	for _, b := range doc.Bases {
		add(b)
	}
	add("")
	return out
}

// locate finds out under which base the API's paths are served: where most of
// a few of them are not 404.
func locate(ctx context.Context, cl *client.Client, doc *openapi.Document, from, target *url.URL) (*url.URL, error) {
	candidates := bases(doc, from, target)
	best, most := candidates[0], -1
	var probes []string
	for _, o := range doc.Operations {
		if !strings.Contains(o.Path, "{") && o.Path != "/" && len(probes) < 3 && !slices.Contains(probes, o.Path) {
			probes = append(probes, o.Path)
		}
	}
	if len(candidates) > 1 && len(probes) > 0 {
		for _, base := range candidates {
			found := 0
			for _, p := range probes {
				u := *target
				u.Path, u.RawQuery = base+p, ""
				// OPTIONS changes nothing, and where there is a path says 405.
				res, err := cl.Do(ctx, &client.Request{Method: http.MethodOptions, URL: &u, Header: http.Header{}})
				if err != nil {
					return nil, err
				}
				if res.Status != http.StatusNotFound {
					found++
				}
			}
			if found > most {
				best, most = base, found
			}
			if found == len(probes) {
				break
			}
		}
	}
	u := *target
	u.Path, u.RawPath, u.RawQuery, u.Fragment = best, "", "", ""
	return &u, nil
}
