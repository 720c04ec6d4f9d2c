package openapi

import (
	"fmt"
	"strings"
	"time"
)

// plainName is a name in lower case without separators: "user_name",
// "userName" and "User-Name" are one.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' || r == ' ' || r == '[' || r == ']' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

func isPassword(plain string) bool {
	return strings.Contains(plain, "password") || strings.Contains(plain, "passwd") || plain == "pwd" || strings.HasSuffix(plain, "pass")
}

// repeats tells a name that repeats another field.
func repeats(plain string) bool {
	for _, w := range []string{"confirm", "repeat", "again", "retype", "verify", "password2"} {
		if strings.Contains(plain, w) {
			return true
		}
	}
	return false
}

// Password is what generated accounts and password changes get.
const Password = "Probe-pass-9271!"

// negative tells a flag that had better stay off in a probe.
func negative(name string) bool {
	n := plainName(name)
	for _, w := range []string{"disabled", "deleted", "banned", "locked", "archived", "dryrun", "admin", "superuser", "blocked"} {
		if strings.Contains(n, w) {
			return true
		}
	}
	return false
}

// plausibleString is what a person might write into a field of that name.
func (g *generator) plausibleString(name string) string {
	n := plainName(name)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(n, w) {
				return true
			}
		}
		return false
	}
	switch {
	case isPassword(n):
		return Password
	case has("email", "mail"):
		return fmt.Sprintf("probe%d@example.com", g.serial)
	case has("phone", "mobile", "tel") && !has("hotel", "title", "intel"):
		return fmt.Sprintf("+1415555%04d", g.serial%10000)
	case has("uuid", "guid"):
		return fmt.Sprintf("3f2b1a00-0000-4000-8000-%012x", g.serial)
	case has("url", "uri", "link", "website", "webhook", "callback"):
		return fmt.Sprintf("https://example.com/%d", g.serial)
	case n == "currency" || has("currencycode"):
		return "EUR"
	case n == "country" || has("countrycode"):
		return "DE"
	case n == "lang" || n == "language" || n == "locale":
		return "en"
	case has("timezone"):
		return "UTC"
	case has("datetime", "timestamp") || strings.HasSuffix(n, "at") && has("createdat", "updatedat", "expiresat", "dueat", "startsat", "endsat", "scheduledat"):
		return epoch.Format(time.RFC3339)
	case has("date", "birthday", "dob", "deadline") || n == "due":
		return epoch.Format(time.DateOnly)
	case n == "time" || strings.HasSuffix(n, "time"):
		return "12:30"
	case n == "zip" || has("zipcode", "postcode", "postal"):
		return "10115"
	case n == "city":
		return "Berlin"
	case has("street", "address") && !has("ip"):
		return fmt.Sprintf("Main Street %d", g.serial)
	case n == "ip" || has("ipaddress"):
		return "192.0.2.1"
	case has("color", "colour"):
		return "#336699"
	case has("amount", "price", "cost", "total", "balance", "quantity", "qty"):
		return "1"
	case n == "to" || has("recipient", "payee", "receiver", "toaccount", "touser", "destination"):
		if v, ok := g.pool.other(); ok {
			return v
		}
	case n == "gender":
		return "other"
	case has("slug", "username", "login", "handle", "nick", "sku", "code"):
		return fmt.Sprintf("probe%d", g.serial)
	}
	return fmt.Sprintf("probe %d", g.serial)
}

func plausibleNumber(name string) float64 {
	n := plainName(name)
	switch {
	case n == "year":
		return 2030
	case n == "age":
		return 30
	case n == "limit" || n == "pagesize" || n == "perpage" || n == "size":
		return 10
	case n == "skip" || n == "offset":
		return 0
	case n == "port":
		return 8080
	case n == "rating" || n == "stars" || n == "score":
		return 3
	case strings.HasPrefix(n, "lat"):
		return 52.5
	case strings.HasPrefix(n, "lon") || strings.HasPrefix(n, "lng"):
		return 13.4
	}
	return 1
}

func (g *generator) untyped(name string) any {
	if n := plainName(name); n == "quantity" || n == "amount" || n == "count" || n == "price" {
		return 1.0
	}
	return g.plausibleString(name)
}

// identifies tells a name whose value names a thing that must exist.
func identifies(name string) bool {
	_, ok := resourceOf(name)
	return ok
}

// resourceOf splits a name such as order_id, orderId or order-uuid into the
// thing that it names. A bare id names no thing: ("", true).
func resourceOf(name string) (string, bool) {
	lower := strings.ToLower(name)
	for _, bare := range []string{"id", "_id", "pk", "uuid", "guid", "uid"} {
		if lower == bare {
			return "", true
		}
	}
	for _, suffix := range []string{"_uuid", "-uuid", "_guid", "_ids", "_id", "-id", "_pk", "_uid"} {
		if base, ok := strings.CutSuffix(lower, suffix); ok && base != "" {
			return Singular(lastWord(base)), true
		}
	}
	for _, suffix := range []string{"UUID", "Uuid", "IDs", "Ids", "ID", "Id"} {
		if base, ok := strings.CutSuffix(name, suffix); ok && base != "" {
			return Singular(lastWord(base)), true
		}
	}
	return "", false
}

// lastWord is the last word of a name: "parent_order" and "parentOrder" give
// "order".
func lastWord(name string) string {
	start := 0
	for i, r := range name {
		if r == '_' || r == '-' {
			start = i + 1
		} else if i > 0 && r >= 'A' && r <= 'Z' && name[i-1] >= 'a' && name[i-1] <= 'z' {
			start = i
		}
	}
	return strings.ToLower(name[start:])
}

var irregular = map[string]string{
	"people": "person", "children": "child", "men": "man", "women": "woman", "mice": "mouse", "data": "datum",
	"media": "medium", "criteria": "criterion", "indices": "index", "matrices": "matrix", "analyses": "analysis",
	"statuses": "status", "addresses": "address", "news": "news", "series": "series", "movies": "movie", "cookies": "cookie",
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
	case strings.HasSuffix(n, "sses"), strings.HasSuffix(n, "shes"), strings.HasSuffix(n, "ches"), strings.HasSuffix(n, "xes"), strings.HasSuffix(n, "zes"):
		return n[:len(n)-2]
	case strings.HasSuffix(n, "ss"), strings.HasSuffix(n, "us"), strings.HasSuffix(n, "is"):
		return n
	case len(n) > 2 && strings.HasSuffix(n, "s"):
		return n[:len(n)-1]
	}
	return n
}
