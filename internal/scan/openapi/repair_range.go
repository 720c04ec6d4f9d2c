package openapi

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	rangeOf = regexp.MustCompile(`(?:between|from|within|in the range(?: of)?)\s+(-?\d+(?:\.\d+)?)(?::(\d\d))?\s*(?:h|am|o'clock)?\s*(?:and|to|until|till|-|–)\s*(-?\d+(?:\.\d+)?)(?::(\d\d))?`)
	leastOf = regexp.MustCompile(`(?:at least|minimum(?: \w+)? (?:is|of)|no less than|not less than|not before|no earlier than|must exceed)\s+(-?\d+(?:\.\d+)?)`)
	mostOf  = regexp.MustCompile(`(?:at most|maximum(?: \w+)? (?:is|of)|no more than|not more than|up to|no later than)\s+(-?\d+(?:\.\d+)?)`)
	clock   = regexp.MustCompile(`^(\d{4}-\d\d-\d\d[T ])?(\d\d)(:\d\d)`)
	day     = regexp.MustCompile(`^\d{4}-\d\d-\d\d`)
)

// bounds are what a sentence asks of a number.
type bounds struct {
	low, high       float64
	hasLow, hasHigh bool
}

// boundsIn reads the bounds that a sentence in lower case names.
func boundsIn(said string) (bounds, bool) {
	number := func(s string) float64 {
		v, _ := strconv.ParseFloat(s, 64) // digits, by the expression
		return v
	}
	if m := rangeOf.FindStringSubmatch(said); m != nil {
		if low, high := number(m[1]), number(m[3]); low <= high {
			return bounds{low, high, true, true}, true
		}
		return bounds{}, false
	}
	b := bounds{}
	if m := leastOf.FindStringSubmatch(said); m != nil {
		b.low, b.hasLow = number(m[1]), true
	}
	if m := mostOf.FindStringSubmatch(said); m != nil {
		b.high, b.hasHigh = number(m[1]), true
	}
	return b, (b.hasLow || b.hasHigh) && !(b.hasLow && b.hasHigh && b.low > b.high)
}

func (b bounds) holds(v float64) bool {
	return (!b.hasLow || v >= b.low) && (!b.hasHigh || v <= b.high)
}

func (b bounds) keywords() map[string]any {
	k := map[string]any{}
	if b.hasLow {
		k["minimum"] = b.low
	}
	if b.hasHigh {
		k["maximum"] = b.high
	}
	return k
}

// withinBounds puts the one member that lies outside of what the message
// bounds, though the message does not name it, inside: a number, or where the
// bounds are a day's hours, the hours of times. Where several numbers lie
// outside it cannot be told which is meant.
func (f *fix) withinBounds(said string) (*Request, bool) {
	b, ok := boundsIn(said)
	if !ok || says(said, "character", "length", "chars", "letters") {
		return nil, false
	}
	next := f.prev.Clone()
	object, ok := next.Value.(map[string]any)
	if !ok {
		return nil, false
	}
	var outside []string
	for _, name := range sortedKeys(object) {
		if v, is := object[name].(float64); is && !identifies(name) && !b.holds(v) {
			outside = append(outside, name)
		}
	}
	switch {
	case len(outside) == 1:
		name := outside[0]
		node := map[string]any{}
		if body := f.body(); body != nil {
			node = f.doc.solid(body.Schema.property(name))
		}
		bounded := map[string]any{"type": kindOf(object[name])}
		for _, k := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"} {
			if v, has := node[k]; has {
				bounded[k] = v
			}
		}
		for k, v := range b.keywords() {
			bounded[k] = v
		}
		object[name] = f.doc.generator(f.op, f.pool, f.prev.opt).inBounds(bounded, object[name].(float64))
		f.pool.hint(f.op, "body/"+name, b.keywords())
	case len(outside) > 1 || !b.hours() || !atHours(object, b):
		return nil, false
	}
	return next, next.Encode(mediaType(next.ContentType)) == nil
}

// body returns the body that the request is made after.
func (f *fix) body() *Body {
	if b := f.op.Body(mediaType(f.prev.ContentType)); b != nil || len(f.op.Bodies) == 0 {
		return b
	}
	return f.op.Bodies[0]
}

// hours reports whether bounds may be those of a day.
func (b bounds) hours() bool {
	return b.hasLow && b.hasHigh && b.low >= 0 && b.high <= 24 && b.high-b.low >= 1
}

// atHours moves the times among an object's members into the hours that are
// open, in the order that they have.
func atHours(object map[string]any, b bounds) bool {
	var times []string
	outside := false
	for _, name := range sortedKeys(object) {
		s, _ := object[name].(string)
		if m := clock.FindStringSubmatch(s); m != nil {
			hour, _ := strconv.Atoi(m[2])
			outside = outside || float64(hour) < b.low || float64(hour) >= b.high
			times = append(times, name)
		}
	}
	if !outside || len(times) > int(b.high-b.low) {
		return false
	}
	slices.SortStableFunc(times, func(x, y string) int { return strings.Compare(text(object[x]), text(object[y])) })
	for i, name := range times {
		object[name] = clock.ReplaceAllString(text(object[name]), fmt.Sprintf("${1}%02d${3}", int(b.low)+i))
	}
	return true
}

// A tense is the side of today on which a message wants a date.
type tense int

const (
	noTense tense = iota
	past
	future
)

// tenseOf reads on which side of today a message in lower case wants a date:
// "must be in the past" asks for it, "lies in the past" complains of it.
func tenseOf(said string) tense {
	asks := says(said, "must", "should", "needs to", "has to", "only", "expected") && !says(said, "must not", "should not", "mustn't", "shouldn't")
	switch {
	case says(said, "after today", "from today", "today or later", "past date", "already passed", "has passed"):
		return future
	case says(said, "before today", "future date"):
		if asks && says(said, "future date") {
			return future
		}
		return past
	case says(said, "in the past"):
		if asks {
			return past
		}
		return future
	case says(said, "in the future"), says(said, "future") && asks:
		if asks {
			return future
		}
		return past
	}
	return noTense
}

// dateIn returns a date on that side of today, at the hour that was.
func dateIn(when tense, was any) string {
	s := "1990-01-02"
	if when == future {
		s = epoch.AddDate(5, 0, 0).Format("2006-01-02")
	}
	if t := text(was); day.MatchString(t) {
		s += t[len("2006-01-02"):]
	}
	return s
}

// otherTense moves the dates of a message that names none of them.
func (f *fix) otherTense(said string) (*Request, bool) {
	when := tenseOf(said)
	next := f.prev.Clone()
	object, ok := next.Value.(map[string]any)
	if when == noTense || !ok {
		return nil, false
	}
	changed := false
	for _, name := range sortedKeys(object) {
		if s, _ := object[name].(string); day.MatchString(s) {
			object[name], changed = dateIn(when, s), true
		}
	}
	return next, changed && next.Encode(mediaType(next.ContentType)) == nil
}

// futures are how messages of other languages than English name the time that
// has not come yet.
var futures = []string{"futur", "zukunft", "zukünft", "toekomst", "fremtid", "framtid", "przyszł", "будущ", "майбутн", "gelecek", "未来", "將來", "将来", "미래"}

// onThisDay moves dates that lie ahead back, so that the last of them is
// today: not everything can be noted before it happens.
func (f *fix) onThisDay() (*Request, bool) {
	next := f.prev.Clone()
	object, ok := next.Value.(map[string]any)
	today := f.pool.Today.UTC()
	if !ok || today.IsZero() {
		return nil, false
	}
	dated, last := map[string]time.Time{}, time.Time{}
	for name, v := range object {
		s, _ := v.(string)
		at, err := time.Parse(time.DateOnly, day.FindString(s))
		if err != nil {
			continue
		}
		if dated[name] = at; at.After(last) {
			last = at
		}
		if len(s) > len(time.DateOnly) {
			today = f.pool.Today.UTC().AddDate(0, 0, -1) // its hour may not have come
		}
	}
	if !last.After(today) {
		return nil, false
	}
	back := last.Sub(today.Truncate(24 * time.Hour))
	for name, at := range dated {
		object[name] = at.Add(-back).Format(time.DateOnly) + text(object[name])[len(time.DateOnly):]
	}
	return next, next.Encode(mediaType(next.ContentType)) == nil
}

// inOrder changes two members round of which the message says that the one it
// names first must come after, or before, the other.
func (f *fix) inOrder(said string) (*Request, bool) {
	after, before := says(said, "after", "later than", "greater than", "follow"), says(said, "before", "earlier than", "less than", "precede")
	next := f.prev.Clone()
	object, ok := next.Value.(map[string]any)
	if !ok || after == before {
		return nil, false
	}
	if says(said, "not be", "cannot", "can't") {
		after = !after
	}
	var named []string
	for _, name := range sortedKeys(object) {
		if len(name) > 2 && mentions(said, name) {
			named = append(named, name)
		}
	}
	if len(named) != 2 {
		return nil, false
	}
	slices.SortFunc(named, func(x, y string) int { return namedAt(said, x) - namedAt(said, y) })
	x, y := object[named[0]], object[named[1]]
	order, ok := compare(x, y)
	if !ok || order == 0 || (order > 0) == after {
		return nil, false
	}
	object[named[0]], object[named[1]] = y, x
	return next, next.Encode(mediaType(next.ContentType)) == nil
}

// namedAt returns where a sentence first speaks of a member.
func namedAt(said, name string) int {
	if at := strings.Index(said, strings.ToLower(name)); at >= 0 {
		return at
	}
	return strings.Index(said, strings.Join(nameWords(name), " "))
}

// compare orders two numbers, or two dates or times as ISO 8601 writes them.
func compare(x, y any) (int, bool) {
	switch x := x.(type) {
	case float64:
		if y, ok := y.(float64); ok {
			switch {
			case x < y:
				return -1, true
			case x > y:
				return 1, true
			}
			return 0, true
		}
	case string:
		if y, ok := y.(string); ok && (day.MatchString(x) && day.MatchString(y) || clock.MatchString(x) && clock.MatchString(y)) {
			return strings.Compare(x, y), true
		}
	}
	return 0, false
}
