package client

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/d710e0ae/countersign/internal/secret"
)

// maxShown is how many bytes of a body a transcript shows.
const maxShown = 2000

// hidden are the fields whose values never stand in a transcript, known to a
// Redactor or not. Of a cookie the name and its attributes are shown.
var hidden = map[string]bool{"Authorization": true, "Proxy-Authorization": true}

// Dump returns the request as text: request line, fields, body, with every
// credential that stands in a field or that red knows taken out.
func (r *Request) Dump(red *secret.Redactor) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\nHost: %s\n", r.Method, r.URL.RequestURI(), r.URL.Host)
	fields(&b, r.Header)
	body(&b, red, r.Body)
	return red.Redact(b.String())
}

// Dump returns the answer as text.
func (r *Response) Dump(red *secret.Redactor) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s\n", r.Status, http.StatusText(r.Status))
	fields(&b, r.Header)
	body(&b, red, r.Body)
	return red.Redact(b.String())
}

func fields(b *strings.Builder, h http.Header) {
	keys := make([]string, 0, len(h))
	for k := range h {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		for _, v := range h[k] {
			fmt.Fprintf(b, "%s: %s\n", k, shown(k, v))
		}
	}
}

func shown(k, v string) string {
	switch {
	case hidden[k]:
		scheme, _, ok := strings.Cut(v, " ")
		if !ok {
			return "[redacted]"
		}
		return scheme + " [redacted]"
	case k == "Cookie":
		parts := strings.Split(v, ";")
		for i, p := range parts {
			name, _, _ := strings.Cut(strings.TrimSpace(p), "=")
			parts[i] = name + "=[redacted]"
		}
		return strings.Join(parts, "; ")
	case k == "Set-Cookie":
		pair, attrs, has := strings.Cut(v, ";")
		name, _, _ := strings.Cut(pair, "=")
		if !has {
			return name + "=[redacted]"
		}
		return name + "=[redacted];" + attrs
	}
	return v
}

func body(b *strings.Builder, red *secret.Redactor, data []byte) {
	if len(data) == 0 {
		return
	}
	b.WriteByte('\n')
	if utf8.Valid(data) {
		// Before the cut, which could leave half a secret.
		data = []byte(red.Redact(string(data)))
	}
	cut := data
	if len(cut) > maxShown {
		cut = cut[:maxShown]
		for len(cut) > 0 && !utf8.RuneStart(data[len(cut)]) {
			cut = cut[:len(cut)-1]
		}
	}
	if !utf8.Valid(cut) || bytes.IndexByte(cut, 0) >= 0 {
		fmt.Fprintf(b, "(%d bytes, not text)\n", len(data))
		return
	}
	b.Write(cut)
	if len(cut) < len(data) {
		fmt.Fprintf(b, "\n(%d bytes more)", len(data)-len(cut))
	}
	b.WriteByte('\n')
}
