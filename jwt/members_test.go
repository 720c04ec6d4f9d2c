package jwt

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// depthOf returns the nesting of valid JSON.
func depthOf(text []byte) (deepest int) {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := dec.ReadToken(); err != nil {
			return deepest
		}
		deepest = max(deepest, dec.StackDepth())
	}
}

// FuzzMembers holds members to what jsontext says: the same texts are objects,
// of the same members.
func FuzzMembers(f *testing.F) {
	many := `{"a0":0`
	for i := range 40 {
		many += `,"a` + strings.Repeat("x", i+1) + `":0`
	}
	for _, s := range []string{
		`{}`, `{ }`, `{"a":1}`, ` {"a":1}`, `{"a":1} `, `{"a":1}{}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1 "b":2}`, `{"a" : 1 , "b" : [ ] }`,
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"\u0061":1}`, `{"é":"é"}`, "{\"\xff\":1}", "{\"a\":\"\xff\"}", `{"a":"\ud800"}`, `{"a":"\x"}`, "{\"a\":\"\n\"}", "{\"a\":\"\x7f\"}",
		`{"a":01}`, `{"a":-0}`, `{"a":-}`, `{"a":1.}`, `{"a":.5}`, `{"a":1e5}`, `{"a":1E+}`, `{"a":1e400}`, `{"a":12345678901234567890}`, `{"a":+1}`, `{"a":1-1}`, `{"a":0}`, `{"a":00}`, `{"a":000000000000000000000}`,
		`{"a":true}`, `{"a":tru}`, `{"a":truex}`, `{"a":nullnull}`, `{"a":NaN}`, `{"a":{"b":1,"b":2}}`, `{"a":[1,2,{"c":[]}]}`, `{"a":[1,2}`, `{"a":[}]}`, `{"a":"]"}`, `{"a":["}"]}`, `{"a":["\"]"]}`,
		many + `}`, many + `,"a0":1}`, `{"a":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`, `{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`,
		`{"a`, `{"a\`, `{"a":"`, `{"a":"\"}`, `{`, `}`, ``, `null`, `[]`, `{"a":1}}`, `{{}}`, `{"":1}`, `{"a":"b"}x}`, `{"a":/**/1}`, `{"":{}`, `{"a":["b","c"]}`, `{"a":[ "b" , "c" ] }`, `{"a":["b",]}`, `{"a":["b" "c"]}`, `{"a":["b"`, `{"a":["b\u0061"]}`, `{"a":["é"],"b":"12345678é12345678\"12345678"}`, "{\"a\":\"1234567\x1f89\"}", "{\"a\":\"12345678\x7f9\"}", "{\"a\":\"12345\xff78901\"}",
		`{"a":1`, `{"a":[]`, `{"a":{}}`, `{"a" }`, `{"a":}`, `{"a":1,}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got := map[string]string{}
		before := bytes.Clone(text)
		ok := members(text, func(name, value []byte, start int) bool {
			if string(text[start:start+len(value)]) != string(value) {
				t.Errorf("%q: the value %q is not at %d", text, value, start)
			}
			got[string(name)] = string(value)
			return true
		})
		if !bytes.Equal(before, text) {
			t.Fatalf("%q became %q", before, text)
		}
		want := len(text) >= 2 && text[0] == '{' && text[len(text)-1] == '}' && jsontext.Value(text).IsValid() && depthOf(text) <= maxDepth
		if ok != want {
			t.Fatalf("%q: %v, want %v", text, ok, want)
		}
		if !ok {
			return
		}
		var theirs map[string]jsontext.Value
		if err := json.Unmarshal(text, &theirs); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if len(theirs) != len(got) {
			t.Fatalf("%q: %d members, want %d", text, len(got), len(theirs))
		}
		for name, value := range theirs {
			if got[name] != string(value) {
				t.Fatalf("%q: %q is %q, want %q", text, name, got[name], value)
			}
		}
	})
}

func FuzzDecodeBase64(f *testing.F) {
	for _, s := range []string{"", "A", "AA", "AB", "AAA", "AAB", "AAAA", "AA==", "A\nAA", "-_-_", "+/+/", "AAAAA", "é"} {
		f.Add(s, "")
		f.Add(s, "before")
	}
	f.Fuzz(func(t *testing.T, s, before string) {
		got, ok := decodeBase64([]byte(before), s)
		if !ok {
			// What is canonical is not refused.
			if b, err := base64.RawURLEncoding.DecodeString(s); err == nil && encodeBase64(b) == s {
				t.Fatalf("%q was refused", s)
			}
			return
		}
		if string(got[:len(before)]) != before || encodeBase64(got[len(before):]) != s {
			t.Fatalf("%q became %q", s, got)
		}
	})
}
