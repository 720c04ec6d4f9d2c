package scan_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan"
)

// cyclic is a document of n operations on things that name one another in
// circles.
func cyclic(n int) string {
	var paths, schemas strings.Builder
	for i := range n / 4 {
		fmt.Fprintf(&paths, `,"/t%d":{"get":{"responses":{"200":{"description":"","content":{"application/json":{"schema":{"type":"array","items":{"$ref":"#/components/schemas/T%d"}}}}}}},
"post":{"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/T%d"}}}},"responses":{"201":{"description":""}}}},
"/t%d/{t%d_id}":{"parameters":[{"name":"t%d_id","in":"path","required":true,"schema":{"type":"integer"}}],
"put":{"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/T%d"}}}},"responses":{"200":{"description":""}}},
"delete":{"responses":{"204":{"description":""}}}}`, i, i, i, i, i, i, i)
		next := (i + 1) % (n / 4)
		fmt.Fprintf(&schemas, `,"T%d":{"type":"object","required":["name","next","t%d_id"],"properties":{"name":{"type":"string"},"t%d_id":{"type":"integer"},
"next":{"$ref":"#/components/schemas/T%d"},"self":{"$ref":"#/components/schemas/T%d"},"list":{"type":"array","items":{"$ref":"#/components/schemas/T%d"}}}}`, i, next, next, next, i, next)
	}
	whole := strings.Replace(document, `"/me":`, paths.String()[1:]+`,"/me":`, 1)
	return whole[:len(whole)-1] + `,"components":{"schemas":{` + schemas.String()[1:] + `}}}`
}

// A document with cycles and 2,000 operations, on a server that refuses them
// all: the scan ends, within so many requests and so much memory, and says
// what it could not see.
func TestTwoThousandOperationsInCircles(t *testing.T) {
	const operations = 2000
	doc := cyclic(operations)
	var asked atomic.Int32
	s := &small{attributes: "Secure; SameSite=None"}
	s.page = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path == "/openapi.json":
			_, _ = io.WriteString(w, doc)
		case strings.HasPrefix(r.URL.Path, "/t"):
			asked.Add(1)
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusUnprocessableEntity)
				_, _ = io.WriteString(w, `{"detail":[{"loc":["body","next","next","next"],"msg":"field required","type":"value_error.missing"}]}`)
			} else {
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, `{"detail":"Not Found"}`)
			}
		default:
			return false
		}
		return true
	}
	r, err := scan.Run(t.Context(), scan.Config{Target: serve(t, s), Victim: alice, Browser: "off"})
	var incomplete *scan.IncompleteError
	if !errors.As(err, &incomplete) || r == nil {
		t.Fatalf("got %v", err)
	}
	if len(r.Operations) != operations+3 || !strings.Contains(strings.Join(r.IncompleteReasons, " "), "could be exercised") {
		t.Errorf("%d operations are told, and %q", len(r.Operations), r.IncompleteReasons)
	}
	if n := asked.Load(); n > 14*operations {
		t.Errorf("%d requests for %d operations", n, operations)
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapAlloc > 200<<20 {
		t.Errorf("%d MiB are in use after the scan", m.HeapAlloc>>20)
	}
	runtime.KeepAlive(r)
}
