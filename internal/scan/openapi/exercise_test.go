package openapi_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// An exerciser runs operations against a handler, as a scan does.
type exerciser struct {
	t    *testing.T
	doc  *openapi.Document
	pool *openapi.Pool
	to   http.Handler
	sent int
	why  map[string]string
}

func (e *exerciser) send(op *openapi.Operation, r *openapi.Request) (int, []byte) {
	e.t.Helper()
	e.sent++
	req := httptest.NewRequest(r.Method, r.Target(), bytes.NewReader(r.Body))
	for name, values := range r.Header {
		req.Header[name] = values
	}
	if r.ContentType != "" {
		req.Header.Set("Content-Type", r.ContentType)
	}
	w := httptest.NewRecorder()
	e.to.ServeHTTP(w, req)
	e.pool.Learn(op, r, w.Code, w.Header(), openapi.Says(w.Body.Bytes()))
	return w.Code, w.Body.Bytes()
}

// try runs one operation until it succeeds or nothing more can be learned.
func (e *exerciser) try(op *openapi.Operation, opt openapi.BuildOptions) bool {
	e.t.Helper()
	r, err := e.doc.Build(op, e.pool, opt)
	if err != nil {
		e.why[op.String()] = err.Error()
		return false
	}
	for {
		status, body := e.send(op, r)
		if status < 300 {
			return true
		}
		e.why[op.String()] = r.Target() + " " + string(r.Body) + " → " + http.StatusText(status) + " " + string(body)
		next, ok := e.doc.Repair(op, e.pool, r, status, body)
		if !ok {
			return false
		}
		r = next
	}
}

func (e *exerciser) exercise(op *openapi.Operation) bool {
	e.t.Helper()
	opt := openapi.BuildOptions{Fresh: op.Method == "DELETE"}
	if e.try(op, opt) {
		return true
	}
	for _, p := range e.doc.Producers(op) {
		if e.try(p, openapi.BuildOptions{}) && e.try(op, opt) {
			return true
		}
		// A creation that does not say what it created shows in the list.
		for _, o := range e.doc.Operations {
			if o.Method == "GET" && o.Path == p.Path && e.try(o, openapi.BuildOptions{}) && e.try(op, opt) {
				return true
			}
		}
	}
	return false
}

func TestNestedResourcesAreExercised(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]dialect{"pydantic 1": pydantic1, "pydantic 2": pydantic2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := openapi.Parse(t.Context(), document(d, market), nil)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(doc.Operations); n < 60 {
				t.Fatalf("the market has %d operations, at least 60 are due", n)
			}
			s := serve(d, market)
			e := &exerciser{t: t, doc: doc, pool: &openapi.Pool{}, to: s, why: map[string]string{}}
			changing, done := 0, 0
			for _, op := range doc.Plan() {
				claimed := e.exercise(op)
				if changes, _ := op.LikelyChangesState(); !changes {
					continue
				}
				changing++
				// What the server saw counts, not what the client believes.
				seen := s.hits[op.Method+" "+op.Path] > 0
				switch {
				case claimed != seen:
					t.Errorf("%s: exercised: %v, but the server says %v", op, claimed, seen)
				case seen:
					done++
				default:
					t.Logf("%s: %s", op, e.why[op.String()])
				}
			}
			t.Logf("%d of %d state-changing operations exercised with %d requests, %.1f an operation", done, changing, e.sent, float64(e.sent)/float64(len(doc.Operations)))
			if float64(done) < 0.95*float64(changing) {
				t.Errorf("exercised %d of %d state-changing operations, at least 95 %% are due", done, changing)
			}
			if e.sent > 4*len(doc.Operations) {
				t.Errorf("%d requests for %d operations: too many", e.sent, len(doc.Operations))
			}
		})
	}
}
