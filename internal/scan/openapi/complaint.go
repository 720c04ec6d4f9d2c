package openapi

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxErrors bounds how many complaints of one answer are followed.
const maxErrors = 64

// A complaint is what a server says is wrong with one value.
type complaint struct {
	loc  []any // where: "body", "query", "path" or "header", then names and indices
	msg  string
	kind string         // pydantic's type, in lower case
	ctx  map[string]any // pydantic's context: bounds, patterns, permitted values
}

// complaints reads an error body. It knows FastAPI's, in the words of
// pydantic 1 and 2, and the shapes that handlers of applications' own give
// them: {"errors": [{"field": …, "message": …}]}, {"detail": {"field": […]}}.
// What names no field comes back as the message.
func complaints(body []byte) (out []complaint, message string) {
	if len(body) > maxLearnBytes {
		return nil, ""
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil, firstLine(string(body[:min(len(body), 500)]))
	}
	read(v, 0, &out, &message)
	if code := machineCode(v, 0); code != "" && code != message {
		message += " " + code
	}
	return out, plainCode(message)
}

// aCode is what programs call an error, such as CATEGORY_NOT_FOUND.
var aCode = regexp.MustCompile(`^(?:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[a-z][a-z0-9]*(?:_[a-z0-9]+)+)$`)

// plainCode writes a code among the words of a message as words.
func plainCode(message string) string {
	words := strings.Fields(message)
	for i, w := range words {
		if len(words) == 1 || w == strings.ToUpper(w) {
			if aCode.MatchString(w) {
				words[i] = strings.ToLower(strings.ReplaceAll(w, "_", " "))
			}
		}
	}
	return strings.Join(words, " ")
}

// machineCode finds the code beside a message, which is the same in every
// language.
func machineCode(v any, level int) string {
	m, ok := v.(map[string]any)
	if !ok || level > 2 {
		return ""
	}
	for _, key := range sortedKeys(m) {
		if s, _ := m[key].(string); len(s) < 100 && aCode.MatchString(s) {
			return strings.ToUpper(s)
		}
	}
	for _, key := range []string{"error", "detail", "errors"} {
		if code := machineCode(m[key], level+1); code != "" {
			return code
		}
	}
	return ""
}

func read(v any, level int, out *[]complaint, message *string) {
	if level > 4 || len(*out) >= maxErrors {
		return
	}
	switch v := v.(type) {
	case string:
		if *message == "" {
			*message = v
		}
	case []any:
		for _, e := range v {
			read(e, level+1, out, message)
		}
	case map[string]any:
		if c, ok := one(v); ok {
			*out = append(*out, c)
			return
		}
		found := false
		for _, key := range []string{"detail", "details", "errors", "error", "message", "msg", "title", "reason", "description"} {
			if e, ok := v[key]; ok {
				found = true
				read(e, level+1, out, message)
			}
		}
		if found {
			return
		}
		for _, field := range sortedKeys(v) {
			if slices.Contains(notFields, field) {
				continue
			}
			if said := firstText(v[field]); said != "" && len(*out) < maxErrors {
				*out = append(*out, complaint{loc: []any{"body", field}, msg: said, kind: "value_error"})
			}
		}
	}
}

// notFields are members of an error that say what kind it is.
var notFields = []string{"code", "error_code", "type", "status", "status_code", "instance", "path", "timestamp", "request_id"}

func one(m map[string]any) (complaint, bool) {
	c := complaint{kind: strings.ToLower(text(m["type"])), msg: text(m["msg"])}
	c.ctx, _ = m["ctx"].(map[string]any)
	for _, key := range []string{"message", "error", "reason", "detail"} {
		if c.msg == "" {
			c.msg = text(m[key])
		}
	}
	if c.loc = list(m["loc"]); len(c.loc) > 0 {
		return c, true
	}
	for _, key := range []string{"field", "param", "parameter", "path", "name", "property"} {
		if name := text(m[key]); name != "" && c.msg != "" {
			c.loc = []any{"body"}
			for part := range strings.SplitSeq(strings.TrimPrefix(name, "body."), ".") {
				c.loc = append(c.loc, part)
			}
			return c, true
		}
	}
	return c, false
}

func firstText(v any) string {
	if l, ok := v.([]any); ok && len(l) > 0 {
		v = l[0]
	}
	s, _ := v.(string)
	return s
}

// A remedy is what a complaint asks for: keywords of JSON Schema that the
// value must keep to, or that the value goes.
type remedy struct {
	keywords map[string]any
	drop     bool
}

var (
	firstNumber = regexp.MustCompile(`-?\d+(?:\.\d+)?`)
	quoted      = regexp.MustCompile(`['"‘’“”]([^'"‘’“”]{1,100})['"‘’“”]`)
	oneOfList   = regexp.MustCompile(`(?i)(?:one of|must be|either|in|allowed values?(?: are)?|permitted(?: are)?|choose from|options?(?: are)?|valid values?(?: are)?)[:\s(\[{]+([\w\-]+(?:\s*(?:,|\||/|\bor\b)\s*(?:or\s+)?[\w\-]+)+)`)
	separators  = regexp.MustCompile(`\s*(?:,\s*or\b|,|\||/|\bor\b)\s*`)
)

// remedy reads pydantic's type first, then the message. Where both are
// silent, it asks for nothing, and the value is made anew.
func (c complaint) remedy(name string, was any) remedy {
	if r, ok := c.byType(was); ok {
		return r
	}
	if r, ok := c.byWords(name, was); ok {
		return r
	}
	return remedy{keywords: map[string]any{}}
}

func (c complaint) byType(was any) (remedy, bool) {
	is := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(c.kind, w) })
	}
	asks := func(kv ...any) (remedy, bool) {
		m := map[string]any{}
		for i := 0; i+1 < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1]
		}
		return remedy{keywords: m}, true
	}
	limit, limited := c.limit()
	_, isList := was.([]any)
	switch {
	case is("missing"):
		return asks("required", true)
	case is("extra"), is("none_required"):
		return remedy{drop: true}, true
	case is("enum", "literal", "const", "union_tag_invalid"):
		if values := c.permitted(); len(values) > 0 {
			return asks("enum", values)
		}
	case is("pattern", "regex"):
		if p := text(c.ctx["pattern"]); p != "" {
			return asks("type", "string", "pattern", p)
		}
	case is("min_length", "too_short", "min_items") && limited:
		if isList || is("list", "items") {
			return asks("type", "array", "minItems", limit)
		}
		return asks("type", "string", "minLength", limit)
	case is("max_length", "too_long", "max_items") && limited:
		if isList || is("list", "items") {
			return asks("type", "array", "maxItems", limit)
		}
		return asks("type", "string", "maxLength", limit)
	case is("not_ge", "greater_than_equal") && limited:
		return asks("type", "number", "minimum", limit)
	case is("not_le", "less_than_equal") && limited:
		return asks("type", "number", "maximum", limit)
	case is("not_gt", "greater_than") && limited:
		return asks("type", "number", "exclusiveMinimum", limit)
	case is("not_lt", "less_than") && limited:
		return asks("type", "number", "exclusiveMaximum", limit)
	case is("multiple") && limited:
		return asks("type", "number", "multipleOf", limit)
	case is("max_digits", "max_places", "whole_digits"):
		return asks("type", "number", "multipleOf", 1.0, "minimum", 1.0, "maximum", 9.0)
	case is("email"):
		return asks("type", "string", "format", "email")
	case is("uuid"):
		return asks("type", "string", "format", "uuid")
	case is("url"):
		return asks("type", "string", "format", "uri")
	case is("date_past", "datetime_past"):
		return asks("type", "string", "const", "1990-01-02"+clockOf(c.kind))
	case is("date_future", "datetime_future"):
		return asks("type", "string", "const", epoch.AddDate(5, 0, 0).Format("2006-01-02")+clockOf(c.kind))
	case is("datetime", "timezone") && !is("date_from_datetime"):
		return asks("type", "string", "format", "date-time")
	case is("date_from_datetime", "date_type", "date_parsing", "value_error.date"):
		return asks("type", "string", "format", "date")
	case is("time_delta"):
		return asks("type", "string", "format", "duration")
	case is("time_parsing", "time_type", "error.time"):
		return asks("type", "string", "format", "time")
	case is("ip_any", "ipvany", "ipv4", "ip_v4"):
		return asks("type", "string", "format", "ipv4")
	case is("color"):
		return asks("type", "string", "format", "color")
	case is("json_invalid", "json_type", "jsondecode"):
		return asks("type", "string", "format", "json")
	case is("bool"):
		return asks("type", "boolean")
	case is("int_", "integer", "int.") || c.kind == "type_error.int":
		return asks("type", "integer")
	case is("float", "decimal", "number", "finite"):
		return asks("type", "number")
	case is("list", "set", "tuple", "sequence", "iterable"):
		return asks("type", "array")
	case is("dict", "mapping", "model", "object"):
		return asks("type", "object")
	case is("string_type", "type_error.str", "string_sub_type", "bytes_type"):
		return asks("type", "string")
	case is("none.not_allowed"):
		return asks("required", true)
	}
	return remedy{}, false
}

func clockOf(kind string) string {
	if strings.HasPrefix(kind, "datetime") {
		return "T03:04:05Z"
	}
	return ""
}

// byWords follows the message of a validator of the application's own.
func (c complaint) byWords(name string, was any) (remedy, bool) {
	m := strings.ToLower(c.msg)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(m, w) })
	}
	asks := func(k map[string]any) (remedy, bool) { return remedy{keywords: k}, true }
	isText := was == nil || text(was) != "" && kindOf(was) == "string"
	if values := c.permitted(); len(values) > 1 {
		return asks(map[string]any{"enum": values})
	}
	limit, limited := c.limit()
	switch {
	case isPassword(plainName(name)) && has("uppercase", "digit", "special", "character", "letter", "number", "strong", "weak", "common"):
		low := 0.0
		if limited && has("least", "minimum", "longer", "short") {
			low = limit
		}
		return asks(map[string]any{"const": passwordOf(int(min(low, 100)))})
	case has("characters", "long", "length", "chars") && limited && isText:
		if has("at most", "maximum", "no more", "longer than", "exceed", "up to", "too long") {
			return asks(map[string]any{"type": "string", "maxLength": limit})
		}
		return asks(map[string]any{"type": "string", "minLength": limit})
	case has("yyyy-mm-dd", "aaaa-mm-dd", "jjjj-mm-tt", "yyyy-mm-jj"):
		return asks(map[string]any{"type": "string", "format": "date"})
	case has("email"):
		return asks(map[string]any{"type": "string", "format": "email"})
	case has("url", "https://", "http://"):
		return asks(map[string]any{"type": "string", "format": "uri"})
	case has("phone", "e.164"):
		return asks(map[string]any{"type": "string", "format": "phone"})
	case has("uuid"):
		return asks(map[string]any{"type": "string", "format": "uuid"})
	case tenseOf(m) != noTense:
		return asks(map[string]any{"const": dateIn(tenseOf(m), was)})
	case has("hex", "color", "colour"):
		return asks(map[string]any{"type": "string", "format": "color"})
	case has("positive", "greater than", "at least", "more than", "above", "non-zero", "nonzero", "minimum", ">") && !isText:
		if has("greater than", "more than", "above", "positive") && !has("or equal") {
			return asks(map[string]any{"type": kindOf(was), "exclusiveMinimum": limit})
		}
		return asks(map[string]any{"type": kindOf(was), "minimum": max(limit, 1)})
	case has("less than", "at most", "below", "not exceed", "maximum", "up to", "too large", "<") && limited && !isText:
		return asks(map[string]any{"type": kindOf(was), "maximum": limit})
	case has("between") && !isText:
		all := firstNumber.FindAllString(m, 2)
		if len(all) == 2 {
			low, _ := strconv.ParseFloat(all[0], 64)
			high, _ := strconv.ParseFloat(strings.TrimPrefix(all[1], "-"), 64)
			return asks(map[string]any{"type": kindOf(was), "minimum": low, "maximum": high})
		}
	case has("lowercase", "lower case"):
		return asks(map[string]any{"type": "string", "pattern": "^[a-z]{8}$"})
	case has("uppercase", "upper case"):
		return asks(map[string]any{"type": "string", "pattern": "^[A-Z]{3,8}$"})
	case has("alphanumeric", "space", "letters and numbers"):
		return asks(map[string]any{"type": "string", "pattern": "^[a-z][a-z0-9]{7}$"})
	case has("only letters", "letters only", "alphabetic"):
		return asks(map[string]any{"type": "string", "pattern": "^[a-z]{8}$"})
	case (has("numeric") || has(figures...)) && isText:
		n := "8"
		if limited && limit > 0 && limit < 100 {
			n = strconv.Itoa(int(limit))
		}
		return asks(map[string]any{"type": "string", "pattern": "^[0-9]{" + n + "}$"})
	}
	return remedy{}, false
}

// passwordOf is a password of at least n characters with some of everything.
func passwordOf(n int) string {
	return fit(Password, n, 0, false, true)
}

func kindOf(v any) string {
	switch v := v.(type) {
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "number"
}

// limit reads the bound that a complaint names.
func (c complaint) limit() (float64, bool) {
	for _, key := range []string{"limit_value", "min_length", "max_length", "ge", "gt", "le", "lt", "multiple_of", "min_items", "max_items"} {
		switch v := c.ctx[key].(type) {
		case float64:
			return v, true
		case string:
			if f, err := strconv.ParseFloat(v, 64); err == nil {
				return f, true
			}
		}
	}
	if s := firstNumber.FindString(c.msg); s != "" {
		v, err := strconv.ParseFloat(s, 64)
		return v, err == nil
	}
	return 0, false
}

// permitted reads the values that an enumeration lets through.
func (c complaint) permitted() []any {
	for _, key := range []string{"enum_values", "permitted"} {
		if l := list(c.ctx[key]); len(l) > 0 {
			return l
		}
	}
	from := text(c.ctx["expected"])
	if from == "" {
		from = text(c.ctx["expected_tags"])
	}
	fromContext := from != ""
	if !fromContext {
		from = c.msg
	}
	var out []any
	for _, m := range quoted.FindAllStringSubmatch(from, 64) {
		out = append(out, m[1])
	}
	if len(out) > 1 || fromContext && len(out) > 0 {
		return out
	}
	if fromContext {
		for _, s := range firstNumber.FindAllString(from, 64) {
			if f, err := strconv.ParseFloat(s, 64); err == nil {
				out = append(out, f)
			}
		}
		return out
	}
	if m := oneOfList.FindStringSubmatch(from); m != nil {
		out = nil
		for _, s := range separators.Split(m[1], 64) {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}
