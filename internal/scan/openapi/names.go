package openapi

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// plainName is a name in lower case without separators: "user_name",
// "userName" and "User-Name" are one.
func plainName(name string) string {
	if strings.IndexFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) < 0 {
		return name // as most are
	}
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

// daysOfRomance tell a date from data, where "data" is the word for both.
var daysOfRomance = []string{"inicio", "fim", "inicial", "final", "nascimento", "pagamento", "vencimento", "validade", "entrega", "inizio", "fine", "nascita", "scadenza", "consegna", "nasterii"}

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
	text, known := g.doc.texts.Load(name)
	if !known {
		text, _ = g.doc.texts.LoadOrStore(name, textFor(name))
	}
	return text.(func(*generator) string)(g)
}

// textFor chooses how to make a text for a field, by its name.
func textFor(name string) func(*generator) string {
	as := func(text string) func(*generator) string { return func(*generator) string { return text } }
	numbered := func(format string) func(*generator) string {
		return func(g *generator) string { return fmt.Sprintf(format, g.serial) }
	}
	n := plainName(name)
	words := nameWords(name)
	has := func(list ...string) bool {
		for _, w := range list {
			if strings.Contains(n, w) {
				return true
			}
		}
		return false
	}
	word := func(list ...string) bool {
		for _, w := range list {
			if slices.Contains(words, w) {
				return true
			}
		}
		return false
	}
	switch {
	case isPassword(n):
		return as(Password)
	case has("email") || n == "mail":
		return (*generator).email
	case has("phone", "mobile") || word("tel", "fax", "msisdn"):
		return (*generator).phone
	case has("uuid", "guid"):
		return (*generator).uuid
	case has("url", "website", "webhook", "callback", "homepage") || word("uri", "link", "href"):
		return numbered("https://example.com/%d")
	case word("currency"):
		return as("EUR")
	case n == "country" || has("countrycode", "nationality"):
		return as("DE")
	case word("lang", "language", "locale"):
		return as("en")
	case has("timezone") || word("tz"):
		return as("UTC")
	case has("datetime", "timestamp") || len(words) > 1 && words[len(words)-1] == "at":
		return func(g *generator) string { return g.moment(name).Format(time.RFC3339) }
	case word("date", "birthday", "birthdate", "dob", "deadline", "due", "day", "fecha", "datum") || len(words) > 1 && words[0] == "data" && word(daysOfRomance...):
		return func(g *generator) string { return g.moment(name).Format(time.DateOnly) }
	case n == "month":
		return as("2031-05")
	case word("time") && !word("full", "part"):
		return as("12:30")
	case word("zip", "zipcode", "postcode", "postal") || has("postalcode"):
		return as("10115")
	case n == "city":
		return as("Berlin")
	case n == "state" || n == "region" || n == "province":
		return as("Berlin")
	case word("street", "address") && !word("ip", "mac", "wallet"):
		return numbered("Main Street %d")
	case word("mac"):
		return as("02:00:00:00:00:01")
	case n == "ip" || has("ipaddress"):
		return as("192.0.2.1")
	case word("color", "colour", "hex") || has("hexcode", "hexcolor"):
		return as("#336699")
	case word("iban"):
		return as("DE89370400440532013000")
	case word("isbn"):
		return as("9780306406157")
	case word("cvv", "cvc"):
		return as("123")
	case has("cardnumber"):
		return as("4111111111111111")
	case word("amount", "price", "cost", "total", "balance", "quantity", "qty", "limit", "rate"):
		return as("1")
	case word("version"):
		return as("1.0.0")
	case n == "to" || word("recipient", "payee", "receiver", "beneficiary", "destination", "invitee") || has("touser", "toaccount", "targetuser"):
		return func(g *generator) string {
			if v, ok := g.pool.other(); ok {
				return v
			}
			return numbered("probe %d")(g)
		}
	case n == "gender" || n == "sex":
		return as("other")
	case n == "code" && len(words) == 1 || word("slug", "username", "login", "handle", "nick", "nickname", "sku", "subdomain", "key", "identifier"), isCode(n):
		return numbered("probe%d")
	case word("firstname", "lastname", "surname", "forename") || len(words) == 2 && words[1] == "name" && (words[0] == "first" || words[0] == "last"):
		return as("Probe")
	}
	return numbered("probe %d")
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
