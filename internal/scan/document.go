package scan

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// usualDocuments are the paths at which frameworks publish their documents.
var usualDocuments = []string{"/openapi.json", "/api/openapi.json", "/api/v1/openapi.json", "/v1/openapi.json", "/docs/openapi.json", "/openapi.yaml", "/swagger.json", "/swagger/v1/swagger.json", "/v2/api-docs", "/v3/api-docs", "/api-docs", "/api/swagger.json", "/api/schema/", "/.well-known/openapi.json"}

// usualPages are the paths of the pages that show a document to people, and
// name it.
var usualPages = []string{"/docs", "/redoc", "/api/docs", "/api/v1/docs", "/swagger", "/swagger-ui", "/documentation"}

var documentInPage = regexp.MustCompile(`(?i)(?:\burl["']?\s*:|spec-url\s*=|\bdata-url\s*=)\s*["']([^"'<>\s]+)["']`)

// errNoDocument is returned where no document was found.
var errNoDocument = errors.New("the API's document was not found")

// load gets the API's document, and the URL it came from.
func (c *Config) load(ctx context.Context, cl *client.Client, target *url.URL) (*openapi.Document, *url.URL, error) {
	switch {
	case c.HAR != "":
		data, err := os.ReadFile(c.HAR)
		if err != nil {
			return nil, nil, err
		}
		doc, err := openapi.ParseHAR(data, target)
		if err != nil {
			err = fmt.Errorf("%s: %w", c.HAR, err)
		}
		return doc, target, err
	case c.OpenAPI == "":
		return discover(ctx, cl, target)
	case strings.HasPrefix(c.OpenAPI, "http://") || strings.HasPrefix(c.OpenAPI, "https://"):
		u, err := url.Parse(c.OpenAPI)
		if err != nil {
			return nil, nil, err
		}
		own := cl
		if u.Host != target.Host || u.Scheme != target.Scheme {
			// Another host gets a client of its own, with no header of the
			// configuration: those are for the target.
			own = client.New(client.Config{Target: u, TLS: c.TLS, MaxBody: openapi.MaxDocument})
			defer own.Close()
		}
		res, err := get(ctx, own, u)
		if err != nil {
			return nil, nil, err
		}
		if res.Status != http.StatusOK {
			return nil, nil, fmt.Errorf("%s answered %d: %w", u.Redacted(), res.Status, errNoDocument)
		}
		doc, err := openapi.Parse(ctx, res.Body, u)
		return doc, u, err
	}
	data, err := os.ReadFile(c.OpenAPI)
	if err != nil {
		return nil, nil, err
	}
	doc, err := openapi.Parse(ctx, data, nil)
	if err != nil {
		err = fmt.Errorf("%s: %w", c.OpenAPI, err)
	}
	return doc, target, err
}

func get(ctx context.Context, cl *client.Client, u *url.URL) (*client.Response, error) {
	r := &client.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}
	attack.Own(r.Header, r.Method, u)
	return cl.Do(ctx, r)
}

// discover looks for the document below the target's own path first, then at
// its root.
func discover(ctx context.Context, cl *client.Client, target *url.URL) (*openapi.Document, *url.URL, error) {
	prefixes := []string{strings.TrimSuffix(target.Path, "/")}
	if prefixes[0] != "" {
		prefixes = append(prefixes, "")
	}
	var last error
	for _, prefix := range prefixes {
		for _, p := range usualDocuments {
			u := *target
			u.Path, u.RawQuery = prefix+p, ""
			res, err := get(ctx, cl, &u)
			if err != nil {
				return nil, nil, err
			}
			if res.Status != http.StatusOK || len(res.Body) == 0 {
				if last == nil {
					last = fmt.Errorf("%s answered %d", u.Path, res.Status)
				}
				continue
			}
			doc, err := openapi.Parse(ctx, res.Body, &u)
			if err == nil {
				return doc, &u, nil
			}
			if res.Truncated {
				err = fmt.Errorf("it is larger than the scan reads, or was cut off")
			}
			last = fmt.Errorf("%s: %w", u.Path, err)
		}
	}
	for _, prefix := range prefixes {
		for _, p := range usualPages {
			page := *target
			page.Path, page.RawQuery = prefix+p, ""
			doc, u, err := named(ctx, cl, &page)
			if doc != nil || err != nil {
				return doc, u, err
			}
		}
	}
	return nil, nil, fmt.Errorf("%w at any usual place (%v); name it with --openapi", errNoDocument, last)
}

// maxPage bounds what is looked through of a page, in bytes: the body limit of
// documents would be minutes of work.
const maxPage = 256 << 10

// named gets the document that a page names, which is nil where there is no
// such page. The error is one of the transport's.
func named(ctx context.Context, cl *client.Client, page *url.URL) (*openapi.Document, *url.URL, error) {
	res, err := get(ctx, cl, page)
	if err != nil || res.Status != http.StatusOK {
		return nil, nil, err
	}
	for _, m := range documentInPage.FindAllSubmatch(res.Body[:min(len(res.Body), maxPage)], 5) {
		u, err := page.Parse(string(m[1]))
		if err != nil || u.Host != page.Host || u.Scheme != page.Scheme {
			continue
		}
		res, err := get(ctx, cl, u)
		if err != nil {
			return nil, nil, err
		}
		if res.Status != http.StatusOK {
			continue
		}
		if doc, err := openapi.Parse(ctx, res.Body, u); err == nil {
			return doc, u, nil
		}
	}
	return nil, nil, nil
}
