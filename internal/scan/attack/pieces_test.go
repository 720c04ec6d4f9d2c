package attack

import "testing"

func TestDiffShowsWhatChangedAndNoMore(t *testing.T) {
	for name, tc := range map[string]struct{ before, after, want string }{
		"a page": {
			`<html><body><h1>The Dispossessed, lent by hedda to whoever asks for it first</h1><p>borrowed by nobody</p></body></html>`,
			`<html><body><h1>The Dispossessed, lent by hedda to whoever asks for it first</h1><p>borrowed by hedda</p></body></html>`,
			"- <p>borrowed by nobody</p>\n+ <p>borrowed by hedda</p>\n"},
		"JSON": {
			`{"title":"a long enough title that the line is longer than what is shown as it is","state":"draft","tags":["a","b"]}`,
			`{"title":"a long enough title that the line is longer than what is shown as it is","state":"sent","tags":["a","b"]}`,
			"- \"state\":\"draft\",\n+ \"state\":\"sent\",\n"},
		"short lines stay": {`{"a":1,"b":2}`, `{"a":1,"b":3}`, "- {\"a\":1,\"b\":2}\n+ {\"a\":1,\"b\":3}\n"},
	} {
		if got := diff(tc.before, tc.after); got != tc.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, tc.want)
		}
	}
}
