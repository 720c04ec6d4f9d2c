package openapi_test

import (
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

const club = `{"openapi":"3.1.0","info":{"description":"Messages arrive at ` + "`/ws/rooms/{room_id}`" + `, who is there at wss://club.example/ws/presence."},"paths":{
 "/members":{"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["email"],"properties":{"email":{"type":"string","format":"email"}}}}}}}},
 "/orders/{order_id}/state":{"post":{"parameters":[{"name":"order_id","in":"path","required":true,"schema":{"type":"integer"}}],
   "requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["to"],"properties":{"to":{"enum":["placed","paid","shipped"]}}}}}}}},
 "/newsletters":{"post":{"requestBody":{"content":{"application/x-www-form-urlencoded":{"schema":{"type":"object","required":["number"],"properties":{"number":{"type":"integer","minimum":1,"maximum":4}}}}}}}},
 "/votes":{"post":{"parameters":[{"name":"stars","in":"query","required":true,"schema":{"type":"integer","minimum":1,"maximum":5}}]}},
 "/photos":{"post":{"requestBody":{"content":{"multipart/form-data":{"schema":{"type":"object","required":["file"],"properties":{"file":{"type":"string","format":"binary"}}}}}}}},
 "/me":{"get":{"responses":{"200":{"description":"x"}}}},
 "/flats":{"get":{"parameters":[{"name":"X-Tenant-ID","in":"header","required":true,"schema":{"type":"string","pattern":"^[a-z]{3,12}$"}}]}},
 "/sailings":{"get":{"responses":{"200":{"description":"x"}}}},
 "/bookings":{"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["sailing"],"properties":{"sailing":{"type":"string","pattern":"^[A-Z]{3}-[A-Z]{3}-\\d{2}$"}}}}}}}}}}`

func clubOperation(t *testing.T, name string) (*openapi.Document, *openapi.Operation) {
	t.Helper()
	doc, err := openapi.Parse(t.Context(), []byte(club), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range doc.Operations {
		if o.String() == name {
			return doc, o
		}
	}
	t.Fatalf("no %s", name)
	return nil, nil
}

// Where a refusal does not say what was wrong, one of a few corrections is
// what it wants.
func TestARefusalWithoutAReasonIsCorrectedByTrial(t *testing.T) {
	for name, tc := range map[string]struct {
		op     string
		status int
		want   string // in the target, the body or its type, of one of the corrections
	}{
		"another account":          {"POST /members", 404, "mallory@club.example"},
		"another state":            {"POST /orders/{order_id}/state", 409, "shipped"},
		"another of a few numbers": {"POST /newsletters", 409, "number=3"},
		"another in the query":     {"POST /votes", 422, "stars=4"},
		"a picture":                {"POST /photos", 415, "image/png"},
	} {
		doc, op := clubOperation(t, tc.op)
		pool := &openapi.Pool{}
		pool.Offer("other", "mallory@club.example")
		r, err := doc.Build(op, pool, openapi.BuildOptions{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var sent []string
		for ok := true; ok; {
			sent = append(sent, r.Target()+" "+r.ContentType+" "+string(r.Body))
			if strings.Contains(sent[0], tc.want) {
				t.Fatalf("%s: the first request has it already: %s", name, sent[0])
			}
			r, ok = doc.Repair(op, pool, r, tc.status, []byte(`{"detail":{"code":"E17"}}`))
		}
		if !strings.Contains(strings.Join(sent, "\n"), tc.want) {
			t.Errorf("%s: no %q in\n%s", name, tc.want, strings.Join(sent, "\n"))
		}
	}
}

func TestAnUploadHasContent(t *testing.T) {
	doc, op := clubOperation(t, "POST /photos")
	r, err := doc.Build(op, &openapi.Pool{}, openapi.BuildOptions{})
	if err != nil || !strings.Contains(string(r.Body), "\r\n\r\nprobe\n\r\n") {
		t.Errorf("%q, %v", r.Body, err)
	}
}

func TestWhatAnswersHoldFillsFieldsOfTheSameName(t *testing.T) {
	for _, tc := range []struct{ from, answer, to, want string }{
		{"GET /me", `{"tenants":["northside"]}`, "GET /flats", "northside"},
		{"GET /sailings", `[{"sailing":"OSL-KEL-01","price":90}]`, "POST /bookings", "OSL-KEL-01"},
	} {
		doc, from := clubOperation(t, tc.from)
		pool := &openapi.Pool{}
		read, err := doc.Build(from, pool, openapi.BuildOptions{})
		if err != nil {
			t.Fatal(err)
		}
		pool.Learn(from, read, 200, nil, openapi.Says([]byte(tc.answer)))
		for _, o := range doc.Operations {
			if o.String() != tc.to {
				continue
			}
			r, err := doc.Build(o, pool, openapi.BuildOptions{})
			if err != nil || !strings.Contains(string(r.Body)+r.Header.Get("X-Tenant-ID"), tc.want) {
				t.Errorf("%s: %s %v, %v", tc.to, r.Body, r.Header, err)
			}
		}
	}
}

func TestDescriptionsNameWebSockets(t *testing.T) {
	doc, _ := clubOperation(t, "GET /me")
	if got := strings.Join(doc.Sockets, " "); got != "/ws/rooms/{room_id} /ws/presence" {
		t.Errorf("%q", got)
	}
}

func TestNamesOfAShortPatternDiffer(t *testing.T) {
	doc, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.1.0","paths":{"/classes/{name}":{"post":{"parameters":[{"name":"name","in":"path","required":true,"schema":{"type":"string","pattern":"^\\d{1,2}[a-f]$"}}]}}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for serial := range 20 {
		name, ok := doc.NewName(doc.Operations[0], "name", 4000+serial)
		if !ok {
			t.Fatal("no name")
		}
		seen[name] = true
	}
	if len(seen) < 15 {
		t.Errorf("20 serials gave %d names: %v", len(seen), seen)
	}
}
