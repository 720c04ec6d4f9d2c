// Package cfgerrors holds the errors that Countersign's packages return for a
// configuration that cannot work, must not be used, or contradicts itself.
//
// A constructor checks a whole configuration and returns every mistake in it
// at once, joined; [All] walks them:
//
//	mw, err := cors.New(cfg)
//	for e := range cfgerrors.All(err) {
//		log.Println(e.Key, e.Code, e.Problem)
//	}
//
// A program that configures several packages tells their mistakes apart by
// [List.Join]:
//
//	var errs cfgerrors.List
//	mw, err := cors.New(corsConfig)
//	errs.Join("cors", err)
//	p, err := csrf.New(csrfConfig)
//	errs.Join("csrf", err)
//	if err := errs.Err(); err != nil {
//		log.Fatal(err)
//	}
//
// Errors and their codes may be compared by programs; their sentences are for
// people and may change.
package cfgerrors

import (
	"errors"
	"fmt"
	"iter"
	"strings"
)

// A Code names a kind of mistake. Codes are stable.
type Code string

const (
	Unknown     Code = "unknown"   // no such key
	Malformed   Code = "malformed" // the value cannot be read as what is due
	Missing     Code = "missing"   // a value is due and absent
	OutOfRange  Code = "out-of-range"
	NeverWorks  Code = "never-works" // well-formed, but can never match or take effect
	Dangerous   Code = "dangerous"   // would open what the package is there to close
	Conflict    Code = "conflict"    // two settings contradict each other
	Duplicate   Code = "duplicate"   // the same thing is said twice
	Unavailable Code = "unavailable" // a file, port or peer that it names cannot be used
)

// A Position is a place in a configuration file. Line and Column count from
// 1; the zero Position means that the value did not come from a file.
type Position struct {
	File         string
	Line, Column int
}

// An Error is one mistake in a configuration. It is immutable once returned
// and safe for concurrent use.
type Error struct {
	// Key is the path of the setting as a configuration file spells it, such as
	// "cors.origins[2]"; Go's RequestHeaders is request_headers. It is never
	// empty.
	Key string
	// Code tells mistakes apart for programs.
	Code Code
	// Value is the offending value as it was written, or empty where the
	// value is a secret or absent.
	Value string
	// Problem says what is wrong, without the key and without a full stop.
	Problem string
	// Instead says what to write, without a full stop. It may be empty.
	Instead string
	// Pos is the place in a file, where there is one.
	Pos Position
}

// Error returns "FILE:LINE:COLUMN: key: what is wrong; what to write instead",
// leaving out the parts that are not known.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Pos.File != "" {
		b.WriteString(e.Pos.File)
		b.WriteByte(':')
	}
	if e.Pos.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", e.Pos.Line, e.Pos.Column)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	b.WriteString(e.Key)
	b.WriteString(": ")
	b.WriteString(e.Problem)
	if e.Instead != "" {
		b.WriteString("; ")
		b.WriteString(e.Instead)
	}
	return b.String()
}

// All returns an iterator over every configuration error in the tree of err,
// as errors.Join and %w build it, in depth-first order. Errors of other types
// are passed over; use errors.As for those.
func All(err error) iter.Seq[*Error] {
	return func(yield func(*Error) bool) { walk(err, yield) }
}

func walk(err error, yield func(*Error) bool) bool {
	if err == nil {
		return true
	}
	if e, ok := err.(*Error); ok {
		return yield(e)
	}
	switch u := err.(type) {
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			if !walk(e, yield) {
				return false
			}
		}
	case interface{ Unwrap() error }:
		return walk(u.Unwrap(), yield)
	}
	return true
}

// A List gathers mistakes while a configuration is checked. The zero List is
// empty and ready for use. It is not safe for concurrent use.
type List struct{ errs []error }

// Add appends a mistake.
func (l *List) Add(e *Error) { l.errs = append(l.errs, e) }

// Addf appends a mistake whose Problem is formatted and whose Value is left
// empty.
func (l *List) Addf(key string, code Code, format string, args ...any) {
	l.Add(&Error{Key: key, Code: code, Problem: fmt.Sprintf(format, args...)})
}

// Join appends every configuration error in err's tree with prefix put before
// its key ("cors" and "origins[0]" make "cors.origins[0]"), and any other
// error as a mistake of code Malformed at prefix. A nil err adds nothing.
func (l *List) Join(prefix string, err error) {
	if err == nil {
		return
	}
	n := len(l.errs)
	for e := range All(err) {
		c := *e
		if prefix != "" {
			c.Key = prefix + "." + c.Key
		}
		l.Add(&c)
	}
	if len(l.errs) == n {
		l.Add(&Error{Key: prefix, Code: Malformed, Problem: err.Error()})
	}
}

// Err returns nil if the list is empty, else all mistakes joined.
func (l *List) Err() error { return errors.Join(l.errs...) }
