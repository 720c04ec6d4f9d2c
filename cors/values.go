package cors

import "sync/atomic"

// values is a header's value that many answers share, without a new slice
// for each. Its slice has no room to append in. A handler around ours could
// still write into it in place (as happened to jub0bs/cors before 0.13.6);
// get sees that, and makes a new one, so that no change outlives its answer.
type values struct {
	text  string
	slice atomic.Pointer[[]string]
}

func newValues(text string) *values {
	v := &values{text: text}
	v.renew()
	return v
}

func (v *values) renew() []string {
	s := []string{v.text}
	v.slice.Store(&s)
	return s
}

func (v *values) get() []string {
	s := *v.slice.Load()
	if s[0] != v.text {
		return v.renew()
	}
	return s[:1:1]
}
