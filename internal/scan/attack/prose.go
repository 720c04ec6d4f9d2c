package attack

import "fmt"

// prose is what a finding says in the scan's own words. A secret may be a
// plain word, such as "secret" or "password": it is taken out of what comes
// from the API, and not of the sentence around that.
type prose string

// sayf makes prose of a format and its arguments. Strings among them may come
// from the API, and secrets in them are redacted.
func (t *Target) sayf(format string, args ...any) prose {
	said := make([]any, len(args))
	for i, a := range args {
		if text, ok := a.(string); ok {
			a = t.Redactor.Redact(text)
		}
		said[i] = a
	}
	return prose(fmt.Sprintf(format, said...))
}
