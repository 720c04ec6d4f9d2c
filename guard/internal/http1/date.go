package http1

import (
	"net/http"
	"sync/atomic"
	"time"
)

// A stamp is a Date field, and the second that it is for.
type stamp struct {
	second int64
	line   string
}

// today has the Date field of the present second (RFC 9110, section 6.6.1),
// which is written once a second and not once an answer.
type today struct{ last atomic.Pointer[stamp] }

func (t *today) date() string {
	now := time.Now()
	if s := t.last.Load(); s != nil && s.second == now.Unix() {
		return s.line
	}
	s := &stamp{now.Unix(), "Date: " + now.UTC().Format(http.TimeFormat) + "\r\n"}
	t.last.Store(s)
	return s.line
}
