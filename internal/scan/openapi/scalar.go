package openapi

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// numberValue keeps to the bounds, and within them to what the name suggests.
func (g *generator) numberValue(m map[string]any, name string, integer bool) float64 {
	if integer && kind(m) != "integer" {
		bounded := map[string]any{"type": "integer"}
		for k, v := range m {
			if k != "type" {
				bounded[k] = v
			}
		}
		m = bounded
	}
	v := plausibleNumber(name)
	if g.opt.Unique && isCode(plainName(name)) {
		v = float64(100_000 + g.serial%900_000)
	}
	v = g.inBounds(m, v)
	if g.same(name, v) {
		if next := g.inBounds(m, v+1); next != v {
			return next
		}
		return g.inBounds(m, v-1)
	}
	return v
}

// inBounds returns the number nearest to v that the schema allows.
func (g *generator) inBounds(m map[string]any, v float64) float64 {
	step := 0.01
	if kind(m) == "integer" {
		step = 1
	}
	of, multiple := number(m, "multipleOf")
	multiple = multiple && of > 0
	if multiple {
		step = of
	}
	low, hasLow := number(m, "minimum")
	high, hasHigh := number(m, "maximum")
	if x, ok := number(m, "exclusiveMinimum"); ok && (!hasLow || x >= low) {
		low, hasLow = x+step, true
	} else if m["exclusiveMinimum"] == true {
		low += step
	}
	if x, ok := number(m, "exclusiveMaximum"); ok && (!hasHigh || x <= high) {
		high, hasHigh = x-step, true
	} else if m["exclusiveMaximum"] == true {
		high -= step
	}
	if hasLow && hasHigh && low > high { // a gap narrower than the step
		low = (low - step + high + step) / 2
		high = low
	}
	if hasLow && v < low {
		v = low
	}
	if hasHigh && v > high {
		v = high
	}
	switch {
	case multiple:
		n := math.Round(v / of)
		if hasLow && n*of < low-1e-9*math.Abs(low) {
			n++
		}
		if hasHigh && n*of > high+1e-9*math.Abs(high) {
			n--
		}
		v = tidy(n * of)
	case kind(m) == "integer":
		if v = math.Floor(v); hasLow && v < low {
			v = math.Ceil(low)
		}
	}
	return v
}

// tidy takes out what binary fractions add: 3*0.1 is 0.3.
func tidy(v float64) float64 {
	return math.Round(v*1e9) / 1e9
}

func (g *generator) stringValue(m map[string]any, name string) any {
	format := text(m["format"])
	if format == "binary" || m["contentMediaType"] == "application/octet-stream" {
		return File("probe\n")
	}
	if text(m["contentEncoding"]) == "base64" {
		format = "byte"
	}
	s := g.formatted(format, name)
	low, _ := number(m, "minLength")
	high, hasHigh := number(m, "maxLength")
	if p := text(m["pattern"]); p != "" && !g.doc.patterns.match(p, s) {
		if made, ok := g.doc.patterns.text(p, g.serial, int(low), int(high), hasHigh); ok {
			return made
		}
	}
	return fit(s, int(min(low, 100_000)), int(min(high, 1e9)), hasHigh, format == "" || format == "password")
}

// fit makes s as long as it must be, in characters. The front of a text goes,
// since the end is what makes it differ from its like; of an address the
// middle.
func fit(s string, low, high int, bounded, mayGrow bool) string {
	if n := utf8.RuneCountInString(s); n >= low && (!bounded || n <= high) && !strings.HasPrefix(s, " ") && utf8.ValidString(s) {
		return s // as most are
	}
	runes := []rune(s)
	if mayGrow && len(runes) < low {
		if at := strings.IndexByte(s, '@'); at > 0 {
			return strings.Repeat("x", low-len(runes)) + s
		}
		more := "x"
		if s != "" && strings.Trim(s, "0123456789") == "" {
			more = "0"
		}
		runes = append(runes, []rune(strings.Repeat(more, low-len(runes)))...)
	}
	if bounded && len(runes) > high && high >= 0 {
		runes = runes[len(runes)-high:]
	}
	if len(runes) > 0 && runes[0] == ' ' {
		runes[0] = 'x' // what strips texts must not make it too short
	}
	return string(runes)
}

// epoch is the day on which everything happens: late enough for what must lie
// in the future, the same in each run.
var epoch = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)

// moment is a time that suits a name: what ends comes after what begins, and
// births lie in the past.
func (g *generator) moment(name string) time.Time {
	words := nameWords(name)
	has := func(list ...string) bool {
		for _, w := range words {
			for _, l := range list {
				if w == l {
					return true
				}
			}
		}
		return false
	}
	at := epoch.AddDate(0, 0, g.serial%300)
	switch {
	case has("birth", "birthday", "birthdate", "dob", "born", "hired", "founded", "published", "joined", "since", "past", "purchased", "acquired"):
		return time.Date(1990, 1, 2, 3, 4, 5, 0, time.UTC).AddDate(0, 0, g.serial%300)
	case has("end", "ends", "until", "to", "finish", "checkout", "out", "return", "expires", "expiry", "expiration", "due", "deadline", "stop", "closing", "before", "max"):
		return at.AddDate(0, 0, 7)
	}
	return at
}

func (g *generator) formatted(format, name string) string {
	switch format {
	case "uuid", "uuid4", "uuid1", "uuid3", "uuid5":
		return g.uuid()
	case "email", "idn-email", "name-email":
		return g.email()
	case "date":
		return g.moment(name).Format(time.DateOnly)
	case "date-time":
		return g.moment(name).Format(time.RFC3339)
	case "time":
		if m := g.moment(name); m.Sub(epoch) >= 0 && m.Day() != epoch.AddDate(0, 0, g.serial%300).Day() {
			return "17:30:00"
		}
		return "12:30:00"
	case "datetime-local": // as HTML writes it
		return g.moment(name).Format("2006-01-02T15:04")
	case "month":
		return g.moment(name).Format("2006-01")
	case "clock":
		return "12:30"
	case "duration":
		return "PT1H"
	case "uri", "url", "iri", "http-url":
		return fmt.Sprintf("https://example.com/%d", g.serial)
	case "uri-reference", "iri-reference", "path", "file-path", "directory-path":
		return "/probe"
	case "hostname", "idn-hostname":
		return "probe.example.com"
	case "ipv4", "ipvanyaddress":
		return "192.0.2.1"
	case "ipv6":
		return "2001:db8::1"
	case "ipvanynetwork", "ipv4network", "ipvanyinterface":
		return "192.0.2.0/24"
	case "byte", "base64", "base64url":
		return "cHJvYmU="
	case "decimal":
		return "1.00"
	case "json-string", "json":
		return "{}"
	case "json-pointer":
		return "/a"
	case "regex":
		return "a"
	case "color":
		return "#336699"
	case "phone":
		return g.phone()
	}
	return g.plausibleString(name)
}

// uuid is one of version 4, as validators that look at the version want it.
func (g *generator) uuid() string { return fmt.Sprintf("3f2b1a00-0000-4000-8000-%012x", g.serial) }

func (g *generator) phone() string { return fmt.Sprintf("+1415555%04d", g.serial%10000) }

func (g *generator) email() string { return fmt.Sprintf("probe%d@example.com", g.serial) }

// isCode tells the names of values that must differ between like things.
func isCode(plain string) bool {
	for _, w := range []string{"number", "code", "sku", "isbn", "serial", "barcode", "iban"} {
		if strings.Contains(plain, w) && !strings.Contains(plain, "phone") {
			return true
		}
	}
	return false
}
