package jwt

import (
	"bytes"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds the nesting of headers and claims, the outer object
// counted. Claims in use nest two or three deep.
const maxDepth = 16

// A scanner walks the members of one JSON object. It is pooled with the
// buffers that a verification needs, so that a verification allocates only
// what it returns.
type scanner struct {
	dec  *jsontext.Decoder
	src  bytes.Buffer
	name []byte
}

// members calls visit with the name and the raw value of every member of the
// one JSON object that text is, and reports whether text is that: UTF-8 with
// no byte order mark, no duplicate name, nothing before or behind it, at most
// maxDepth deep (RFC 7493, RFC 8259, RFC 7519 §4), and visit never false. Start is the
// value's offset in text. What visit is given is valid during the call only.
func (s *scanner) members(text []byte, visit func(name, value []byte, start int) bool) bool {
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return false // encoders write no white space around it
	}
	s.src = *bytes.NewBuffer(text) // the decoder reads a Buffer's bytes in place
	s.dec.Reset(&s.src)
	if t, err := s.dec.ReadToken(); err != nil || t.Kind() != '{' {
		return false
	}
	for {
		from := s.offset()
		t, err := s.dec.ReadToken()
		if err != nil {
			return false
		}
		if t.Kind() == '}' {
			return s.offset() == len(text)
		}
		// A name, in quotes, after nothing but white space and a comma.
		raw := text[from:s.offset()]
		raw = raw[bytes.IndexByte(raw, '"'):]
		name := raw[1 : len(raw)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			if s.name, err = jsontext.AppendUnquote(s.name[:0], raw); err != nil {
				return false
			}
			name = s.name
		}
		value, err := s.dec.ReadValue()
		if err != nil || tooDeep(value) {
			return false
		}
		if !visit(name, value, s.offset()-len(value)) {
			return false
		}
	}
}

// offset returns how much of the text was read.
func (s *scanner) offset() int { return int(s.dec.InputOffset()) }

// tooDeep reports whether the value, which is valid JSON, nests deeper than a
// member of the outer object may.
func tooDeep(value []byte) bool {
	if value[0] != '{' && value[0] != '[' {
		return false
	}
	depth, inString := 1, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// A workspace holds the buffers of one verification.
type workspace struct {
	scanner
	text    []byte // the signed text, as bytes
	header  []byte
	payload []byte
	sig     []byte
	scratch [256]byte
}

var workspaces = sync.Pool{New: func() any {
	w := &workspace{}
	w.dec = jsontext.NewDecoder(&w.src)
	return w
}}

// maxKept bounds, in bytes, what a pooled buffer may hold on to.
const maxKept = 64 << 10

func (w *workspace) release() {
	if cap(w.text)+cap(w.payload) > maxKept {
		return
	}
	// A token is a secret: the pool keeps none.
	clear(w.text)
	clear(w.payload)
	clear(w.sig)
	w.src = bytes.Buffer{}
	workspaces.Put(w)
}
