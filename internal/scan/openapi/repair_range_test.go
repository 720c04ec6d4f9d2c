package openapi_test

import (
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// slots is a document that leaves out which hours and days can be booked.
const slots = `{"openapi":"3.1.0","paths":{"/slots":{"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object",
 "required":["room_id","slot","day","opens","starts_at","ends_at","note"],"properties":{"room_id":{"type":"integer"},"slot":{"type":"integer"},"day":{"type":"string","format":"date","example":"2024-05-01"},
 "opens":{"type":"string","example":"06:30"},"starts_at":{"type":"string","example":"2024-05-01T02:00:00Z"},"ends_at":{"type":"string","example":"2024-05-01T01:00:00Z"},"note":{"type":"string"}}}}}}}}}}`

func TestRefusalsWithoutAFieldSayTheBounds(t *testing.T) {
	t.Parallel()
	for said, c := range map[string]struct{ field, want string }{
		"Rooms can be booked from 80 to 200 only": {"slot", "80"},
		"Allowed is what lies between 80 and 90":  {"slot", "80"},
		"Book at least 50 in advance":             {"slot", "50"},
		"Open from 8 to 20 o'clock":               {"slot", "8"},
		"The day lies in the past":                {"day", `"2036-`},
		"Only dates in the future can be booked":  {"day", `"2036-`},
		"It must be in the past":                  {"day", `"1990-`},
		"Bookings cannot be made in the past":     {"starts_at", `T02:00:00Z"`},
		"ends_at must be after starts_at":         {"ends_at", `"2024-05-01T02`},
		"starts at has to be before ends at":      {"starts_at", `"2024-05-01T01`},
		"Open from 1 to 5 o'clock":                {"opens", `"01:30"`},
	} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()
			doc, err := openapi.Parse(t.Context(), []byte(slots), nil)
			if err != nil {
				t.Fatal(err)
			}
			pool := &openapi.Pool{}
			r, err := doc.Build(doc.Operations[0], pool, openapi.BuildOptions{})
			if err != nil {
				t.Fatal(err)
			}
			next, ok := doc.Repair(doc.Operations[0], pool, r, 400, []byte(`{"detail":"`+said+`"}`))
			got := ""
			if ok {
				got = memberOf(t, next.Body, c.field)
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("of %s %s became %s, want %s", r.Body, c.field, got, c.want)
			}
		})
	}
}
