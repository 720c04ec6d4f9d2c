package scan

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestListing(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{`[{"id":1},{"id":"b"},{"name":"none"}]`, []string{"1", "b"}},
		{`{"total":2,"items":[{"note_id":7,"id":9},{"note_id":8}]}`, []string{"7", "8"}},
		{`{"notes":[],"data":[{"uuid":"u"}]}`, []string{"u"}},
		{`{"a":[{"id":1}],"b":[{"id":2}]}`, nil},
		{`["x","y"]`, nil},
		{`{"id":1}`, nil},
		{`null`, nil},
	} {
		var v any
		if err := json.Unmarshal([]byte(c.text), &v); err != nil {
			t.Fatal(err)
		}
		if got := listing(v, "note_id"); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestLatest(t *testing.T) {
	for _, c := range []struct {
		ids, known []string
		want       string
	}{
		{[]string{"9", "10", "8"}, nil, "10"},
		{[]string{"9", "10", "8"}, []string{"10"}, "9"},
		{[]string{"a", "b", "c"}, []string{"c"}, "b"},
		{[]string{"a", "3"}, nil, "3"},
		{[]string{"a"}, []string{"a"}, ""},
		{nil, nil, ""},
	} {
		if got := latest(c.ids, c.known); got != c.want {
			t.Errorf("%q without %q: %q, want %q", c.ids, c.known, got, c.want)
		}
	}
}
