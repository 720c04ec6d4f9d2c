package openapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// validator compiles the body's schema of an operation, by the rules of the
// draft that the document's version is based on.
func validator(t *testing.T, data []byte, op *openapi.Operation, media string) *jsonschema.Schema {
	t.Helper()
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if bytes.Contains(data, []byte(`"openapi":"3.0`)) {
		c.DefaultDraft(jsonschema.Draft4)
	}
	c.AssertFormat()
	if err := c.AddResource("mem:///d.json", root); err != nil {
		t.Fatal(err)
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	s, err := c.Compile(fmt.Sprintf("mem:///d.json#/paths/%s/%s/requestBody/content/%s/schema", escape.Replace(op.Path), strings.ToLower(op.Method), escape.Replace(media)))
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, body []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return s.Validate(v)
}

// one is a document of one operation whose body has the given schema.
func one(version, schema, components string) []byte {
	if components == "" {
		components = "{}"
	}
	return fmt.Appendf(nil, `{"openapi":"%s","info":{"title":"t","version":"1"},"paths":{"/things":{"post":{"requestBody":{"content":{"application/json":{"schema":%s}}},"responses":{}}}},"components":{"schemas":%s}}`, version, schema, components)
}

func TestWhatIsBuiltIsValid(t *testing.T) {
	t.Parallel()
	object := func(property string) string {
		return `{"type":"object","required":["x"],"properties":{"x":` + property + `}}`
	}
	for name, c := range map[string]struct{ version, schema, components string }{
		"format uuid":           {"3.1.0", object(`{"type":"string","format":"uuid"}`), ""},
		"format email":          {"3.1.0", object(`{"type":"string","format":"email","maxLength":15}`), ""},
		"format date":           {"3.1.0", object(`{"type":"string","format":"date"}`), ""},
		"format date-time":      {"3.1.0", object(`{"type":"string","format":"date-time"}`), ""},
		"format uri":            {"3.1.0", object(`{"type":"string","format":"uri","minLength":1,"maxLength":2083}`), ""},
		"format ipv4":           {"3.1.0", object(`{"type":"string","format":"ipv4"}`), ""},
		"format duration":       {"3.1.0", object(`{"type":"string","format":"duration"}`), ""},
		"pattern":               {"3.1.0", object(`{"type":"string","pattern":"^[A-Z]{2}\\d{3,5}(-[a-f]+)?$"}`), ""},
		"pattern and length":    {"3.1.0", object(`{"type":"string","pattern":"^[a-z0-9_]+$","minLength":30,"maxLength":32}`), ""},
		"short text":            {"3.1.0", object(`{"type":"string","maxLength":2}`), ""},
		"long text":             {"3.1.0", object(`{"type":"string","minLength":300}`), ""},
		"length in characters":  {"3.1.0", object(`{"type":"string","minLength":3,"maxLength":3}`), ""},
		"bounds":                {"3.1.0", object(`{"type":"integer","minimum":100,"maximum":101}`), ""},
		"exclusive bounds":      {"3.1.0", object(`{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":0.5}`), ""},
		"exclusive bounds, 3.0": {"3.0.2", object(`{"type":"integer","minimum":4,"exclusiveMinimum":true,"maximum":6,"exclusiveMaximum":true}`), ""},
		"multiple":              {"3.1.0", object(`{"type":"integer","minimum":11,"multipleOf":5}`), ""},
		"multiple of a cent":    {"3.1.0", object(`{"type":"number","exclusiveMinimum":0,"multipleOf":0.25}`), ""},
		"negative":              {"3.1.0", object(`{"type":"integer","maximum":-3}`), ""},
		"const":                 {"3.1.0", object(`{"const":"card"}`), ""},
		"enum":                  {"3.1.0", object(`{"$ref":"#/components/schemas/E"}`), `{"E":{"type":"string","enum":["a","b"]}}`},
		"optional, pydantic 2":  {"3.1.0", object(`{"anyOf":[{"type":"integer","minimum":5},{"type":"null"}]}`), ""},
		"type list":             {"3.1.0", object(`{"type":["null","string"],"minLength":12}`), ""},
		"decimal, pydantic 2":   {"3.1.0", object(`{"anyOf":[{"type":"number","exclusiveMinimum":10.0},{"type":"string"}]}`), ""},
		"all of, FastAPI":       {"3.0.2", object(`{"title":"E","allOf":[{"$ref":"#/components/schemas/E"}],"default":"b"}`), `{"E":{"type":"string","enum":["a","b"]}}`},
		"all of, objects": {"3.1.0", `{"allOf":[{"$ref":"#/components/schemas/A"},{"type":"object","required":["b"],"properties":{"b":{"type":"integer"}}}]}`,
			`{"A":{"type":"object","required":["a"],"properties":{"a":{"type":"boolean"}}}}`},
		"one of with discriminator": {"3.1.0", object(`{"oneOf":[{"$ref":"#/components/schemas/Cat"},{"$ref":"#/components/schemas/Dog"}],"discriminator":{"propertyName":"kind","mapping":{"cat":"#/components/schemas/Cat","dog":"#/components/schemas/Dog"}}}`),
			`{"Cat":{"type":"object","required":["kind","lives"],"properties":{"kind":{"const":"cat"},"lives":{"type":"integer"}}},"Dog":{"type":"object","required":["kind"],"properties":{"kind":{"const":"dog"}}}}`},
		"any of, required sets": {"3.1.0", `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"anyOf":[{"required":["b"]},{"required":["a"]}]}`, ""},
		"list":                  {"3.1.0", object(`{"type":"array","items":{"type":"string","minLength":4},"minItems":3,"maxItems":4,"uniqueItems":true}`), ""},
		"set of an enum":        {"3.1.0", object(`{"type":"array","items":{"enum":["r","w","x"]},"minItems":2,"uniqueItems":true}`), ""},
		"set of UUIDs":          {"3.1.0", object(`{"type":"array","items":{"type":"string","format":"uuid"},"minItems":3,"uniqueItems":true}`), ""},
		"tuple":                 {"3.1.0", object(`{"type":"array","prefixItems":[{"type":"number"},{"type":"string"}],"minItems":2,"maxItems":2}`), ""},
		"no items":              {"3.1.0", object(`{"type":"array","items":{"type":"string"},"maxItems":0}`), ""},
		"map":                   {"3.1.0", object(`{"type":"object","additionalProperties":{"type":"integer"},"minProperties":2}`), ""},
		"closed":                {"3.1.0", `{"type":"object","required":["a"],"properties":{"a":{"type":"string"}},"additionalProperties":false}`, ""},
		"cycle":                 {"3.1.0", `{"$ref":"#/components/schemas/N"}`, `{"N":{"type":"object","required":["v"],"properties":{"v":{"type":"string"},"next":{"anyOf":[{"$ref":"#/components/schemas/N"},{"type":"null"}]},"children":{"type":"array","items":{"$ref":"#/components/schemas/N"}}}}}`},
		"bad example":           {"3.1.0", object(`{"type":"integer","example":"seven"}`), ""},
		"examples":              {"3.1.0", object(`{"type":"string","examples":["seven"],"pattern":"^seven$"}`), ""},
		"beside a reference":    {"3.1.0", object(`{"$ref":"#/components/schemas/S","minLength":9}`), `{"S":{"type":"string"}}`},
		"a list as the body":    {"3.1.0", `{"type":"array","minItems":1,"items":{"type":"object","required":["a"],"properties":{"a":{"type":"boolean"}}}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := one(c.version, c.schema, c.components)
			doc, err := openapi.Parse(t.Context(), data, nil)
			if err != nil {
				t.Fatal(err)
			}
			s := validator(t, data, doc.Operations[0], "application/json")
			for i, opt := range []openapi.BuildOptions{{}, {Optional: true}, {Unique: true, Serial: 41}} {
				r, err := doc.Build(doc.Operations[0], &openapi.Pool{}, opt)
				if err != nil {
					t.Fatal(err)
				}
				if err := validate(t, s, r.Body); err != nil {
					t.Errorf("%d: %s: %v", i, r.Body, err)
				}
			}
		})
	}
}

// Whatever bounds a schema sets, as long as they leave room for a value, what
// is built keeps to them.
func FuzzBuild(f *testing.F) {
	f.Add(int16(0), uint8(10), uint8(0), uint8(0), uint8(20), false)
	f.Add(int16(-500), uint8(3), uint8(7), uint8(30), uint8(2), true)
	f.Add(int16(999), uint8(1), uint8(1), uint8(1), uint8(0), true)
	f.Fuzz(func(t *testing.T, low int16, room, multiple, minLength, more uint8, exclusive bool) {
		number := map[string]any{"type": "integer", "minimum": low, "maximum": int(low) + int(room) + 2*int(multiple) + 2}
		if multiple > 0 {
			number["multipleOf"] = multiple
		}
		if exclusive {
			number["exclusiveMinimum"] = low
		}
		text := map[string]any{"type": "string", "minLength": minLength, "maxLength": int(minLength) + int(more)}
		schema, err := json.Marshal(map[string]any{"type": "object", "required": []any{"n", "s", "p", "l"}, "properties": map[string]any{
			"n": number, "s": text,
			"p": map[string]any{"type": "string", "pattern": "^[a-z]+[0-9]*$", "minLength": 1 + int(minLength)%100, "maxLength": 200 + int(more)},
			"l": map[string]any{"type": "array", "items": number, "minItems": 1, "maxItems": 1 + int(more)}}})
		if err != nil {
			t.Fatal(err)
		}
		data := one("3.1.0", string(schema), "")
		doc, err := openapi.Parse(t.Context(), data, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := doc.Build(doc.Operations[0], &openapi.Pool{}, openapi.BuildOptions{Serial: int(room)})
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, validator(t, data, doc.Operations[0], "application/json"), r.Body); err != nil {
			t.Errorf("%s: %v", r.Body, err)
		}
	})
}
