package openapi

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A kind is a thing's noun in the singular and in lower case, such as
// "order". This file finds it in the names of parameters, paths and schemas.

// resourceOf splits a name such as order_id, orderId or order-uuid into the
// thing that it names. A bare id names no thing: ("", true).
func resourceOf(name string) (string, bool) {
	of, last := lastWords(name)
	switch last {
	case "id", "ids", "pk", "uuid", "uuids", "guid", "uid", "ref":
	default:
		// As much of the world writes it: id_credito.
		if of == "id" && len(name) > 2 && strings.EqualFold(name[:2], "id") && !idWords[last] {
			return Singular(last), true
		}
		return "", false
	}
	if of == "" {
		return "", true
	}
	return Singular(of), true
}

// small reports whether a name has small letters of ASCII alone, as most have.
func small(name string) bool {
	for i := range len(name) {
		if c := name[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// inWord tells the characters of words, where a name is small.
func inWord(r rune) bool { return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' }

// idWords follow "id" where no thing is named: an identity card's number.
var idWords = map[string]bool{"number": true, "card": true, "token": true, "type": true, "document": true, "doc": true, "no": true, "num": true, "proof": true, "photo": true,
	"image": true, "front": true, "back": true, "hash": true, "key": true, "code": true, "name": true, "url": true, "verified": true, "expiry": true, "country": true}

// nameWords splits "orderItem_id" into order, item and id.
func nameWords(name string) []string {
	if small(name) {
		return strings.FieldsFunc(name, func(r rune) bool { return !inWord(r) })
	}
	var out []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			out = append(out, strings.ToLower(word.String()))
			word.Reset()
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0:
			// "orderID" is order and id; "IDs" is one word.
			endOfAcronym := i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1]) && !(runes[i+1] == 's' && i+2 == len(runes))
			if unicode.IsLower(runes[i-1]) || endOfAcronym {
				flush()
			}
		}
		word.WriteRune(r)
	}
	flush()
	return out
}

// lastWord is the last word of a name: "parent_order" and "parentOrder" give
// "order".
func lastWord(name string) string {
	_, last := lastWords(name)
	return last
}

// lastWords are the last two words of a name, either of which may be empty.
func lastWords(name string) (before, last string) {
	if small(name) {
		rest, last := cutWord(name)
		_, before := cutWord(rest)
		return before, last
	}
	words := nameWords(name)
	if n := len(words); n > 1 {
		return words[n-2], words[n-1]
	} else if n == 1 {
		return "", words[0]
	}
	return "", ""
}

// cutWord parts a small name before its last word.
func cutWord(name string) (rest, last string) {
	end := strings.LastIndexFunc(name, inWord) + 1
	start := strings.LastIndexFunc(name[:end], func(r rune) bool { return !inWord(r) }) + 1
	return name[:start], name[start:end]
}

// schemaNoise are the words by which APIs tell the schemas of one thing apart.
var schemaNoise = map[string]bool{
	"out": true, "in": true, "read": true, "response": true, "request": true, "public": true, "private": true, "schema": true, "model": true,
	"db": true, "detail": true, "details": true, "detailed": true, "summary": true, "base": true, "create": true, "created": true, "update": true,
	"view": true, "dto": true, "resource": true, "full": true, "brief": true, "short": true, "output": true, "input": true, "info": true,
	"get": true, "list": true, "result": true, "pydantic": true, "simple": true, "with": true, "orm": true, "data": true, "entity": true, "object": true, "obj": true,
}

// kindOfSchema is the thing that a schema's name names: "OrderOut" is an
// order. It is "" for the names of envelopes, such as Page_OrderOut_.
func kindOfSchema(name string) string {
	if strings.ContainsAny(name, "[]") || strings.HasSuffix(name, "_") && strings.Count(name, "_") > 1 {
		return ""
	}
	words := nameWords(name)
	for len(words) > 1 && schemaNoise[words[len(words)-1]] {
		words = words[:len(words)-1]
	}
	if len(words) == 0 || len(words) == 1 && schemaNoise[words[0]] {
		return ""
	}
	last := words[len(words)-1]
	switch last {
	case "page", "envelope", "collection", "pagination", "message", "msg", "status", "ok", "token", "error":
		return ""
	}
	return Singular(last)
}

// refName is the name of the schema that node refers to, also where the
// reference stands alone in allOf or with null in anyOf.
func refName(node map[string]any) string {
	if ref, ok := node["$ref"].(string); ok {
		return ref[strings.LastIndexByte(ref, '/')+1:]
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		found := ""
		for _, e := range list(node[key]) {
			m, _ := e.(map[string]any)
			if ref, ok := m["$ref"].(string); ok {
				if found != "" {
					return ""
				}
				found = ref[strings.LastIndexByte(ref, '/')+1:]
			}
		}
		if found != "" {
			return found
		}
	}
	return ""
}

// thingOf is the thing that a path is about: "/shops/{id}/items" and
// "/shops/{id}/items/{item_id}" are about an item.
func thingOf(path string) string {
	parts := segments(path)
	for _, part := range slices.Backward(parts) {
		if !strings.Contains(part, "{") && !isVerb(part) && !isVersion(part) && !isOwn(part) {
			return Singular(lastWord(part))
		}
	}
	return ""
}

// isVerb tells a segment that names what is done and not a thing.
func isVerb(segment string) bool {
	words := nameWords(segment)
	if len(words) == 0 {
		return false
	}
	switch words[0] {
	case "create", "new", "add", "list", "all", "search", "find", "query", "filter", "update", "edit", "delete", "remove", "get", "count", "export", "bulk", "batch":
		return true
	}
	return actions[words[0]]
}

// isOwn tells a segment that stands for the caller.
func isOwn(segment string) bool {
	switch strings.ToLower(segment) {
	case "me", "my", "mine", "own", "self", "current", "whoami":
		return true
	}
	return false
}

// ownPath tells operations about what belongs to the caller.
func ownPath(path string) bool {
	for _, part := range segments(path) {
		if isOwn(part) || strings.EqualFold(part, "profile") || strings.EqualFold(part, "account") {
			return true
		}
	}
	return false
}

// selfPath tells a path whose answer is the caller's own account.
func selfPath(path string) bool {
	parts := segments(path)
	if len(parts) == 0 {
		return false
	}
	switch last := strings.ToLower(parts[len(parts)-1]); last {
	case "me", "self", "whoami", "current", "profile", "account", "current-user", "current_user", "userinfo":
		return true
	}
	return false
}

// isAccount tells kinds that stand for people who log in.
func isAccount(kind string) bool {
	switch kind {
	case "user", "account", "member", "customer", "person", "profile", "owner", "author", "username":
		return true
	}
	return false
}

// envelope tells the name of a member that wraps what an answer is about.
func envelope(name string) bool {
	switch plainName(name) {
	case "items", "data", "results", "result", "content", "contents", "records", "rows", "list", "objects", "entries", "hits", "payload",
		"response", "edges", "node", "nodes", "docs", "values", "elements", "page", "body", "value", "embedded":
		return true
	}
	return false
}

var irregular = map[string]string{
	"people": "person", "children": "child", "men": "man", "women": "woman", "mice": "mouse", "geese": "goose", "feet": "foot",
	"teeth": "tooth", "oxen": "ox", "media": "medium", "criteria": "criterion", "indices": "index", "matrices": "matrix", "analyses": "analysis",
	"bases": "base", "vertices": "vertex", "appendices": "appendix", "quizzes": "quiz", "statuses": "status", "addresses": "address",
	"news": "news", "series": "series", "movies": "movie", "cookies": "cookie", "leaves": "leaf", "lives": "life", "knives": "knife",
	"shelves": "shelf", "halves": "half", "wolves": "wolf", "caches": "cache", "cases": "case", "databases": "database", "databse": "database",
	"phases": "phase", "leases": "lease", "houses": "house", "courses": "course", "purchases": "purchase", "expenses": "expense",
	"releases": "release", "responses": "response", "licenses": "license", "invoices": "invoice", "warehouses": "warehouse",
	"exercises": "exercise", "nurses": "nurse", "heroes": "hero", "potatoes": "potato", "photos": "photo", "videos": "video",
	"axes": "axis", "crises": "crisis", "theses": "thesis", "hypotheses": "hypothesis", "alumni": "alumnus", "cacti": "cactus",
	"sms": "sms", "gps": "gps", "lens": "lens", "bus": "bus", "gas": "gas", "canvas": "canvas", "alias": "alias", "aliases": "alias", "atlas": "atlas",
	"ties": "tie", "pies": "pie", "zombies": "zombie", "species": "species", "sizes": "size", "prizes": "prize", "quotes": "quote",
}

// Singular returns the singular of an English noun, well enough to pair
// collections with their members.
func Singular(noun string) string {
	n := strings.ToLower(noun)
	if s, ok := irregular[n]; ok {
		return s
	}
	switch {
	case len(n) > 4 && strings.HasSuffix(n, "ies"):
		return n[:len(n)-3] + "y"
	case len(n) > 4 && (strings.HasSuffix(n, "sses") || strings.HasSuffix(n, "shes") || strings.HasSuffix(n, "ches") || strings.HasSuffix(n, "xes") || strings.HasSuffix(n, "zzes")):
		return n[:len(n)-2]
	case strings.HasSuffix(n, "ss"), strings.HasSuffix(n, "us"), strings.HasSuffix(n, "is"):
		return n
	case len(n) > 2 && strings.HasSuffix(n, "s"):
		return n[:len(n)-1]
	}
	return n
}
