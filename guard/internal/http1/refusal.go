package http1

import "net/http"

// A Refusal says why bytes of a client are no request that is served. All are
// constants of this package; tests compare them.
type Refusal struct {
	// Status is that of the answer.
	Status int
	// Code is stable and in kebab-case, Detail one sentence for people without
	// a full stop.
	Code, Detail string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Detail }

// What is refused. The clauses are RFC 9112's unless another is named.
var (
	// Section 2.2: a recipient may take a bare LF for a line's end, and a bare
	// CR for none. Two that do not agree see two different heads.
	ErrLineEnd = &Refusal{Status: http.StatusBadRequest, Code: "malformed-line-end", Detail: "a line does not end in CRLF"}
	// Section 3.
	ErrRequestLine = &Refusal{Status: http.StatusBadRequest, Code: "malformed-request-line", Detail: "the first line is no method, target and version with one space between them"}
	// Section 3.2.
	ErrTarget = &Refusal{Status: http.StatusBadRequest, Code: "malformed-target", Detail: "the request target is none"}
	// Section 2.3. An HTTP/2 preface ends here as well.
	ErrVersion = &Refusal{Status: http.StatusBadRequest, Code: "unsupported-version", Detail: "the version is neither HTTP/1.1 nor HTTP/1.0"}
	// Sections 5.1 and 5.2: no white space before the colon, no folded lines.
	ErrField = &Refusal{Status: http.StatusBadRequest, Code: "malformed-field", Detail: "a line of the head is no field"}
	// RFC 9110, section 5.5.
	ErrValue = &Refusal{Status: http.StatusBadRequest, Code: "malformed-field-value", Detail: "a field has a control character"}
	// Section 3.2: one Host, which may be missing in HTTP/1.0 only, and says what
	// an absolute target says.
	ErrHost = &Refusal{Status: http.StatusBadRequest, Code: "malformed-host", Detail: "the Host header is missing, stands twice, names no host, or another than the target"}
	// Section 6.3: a length that stands twice, even alike, or is no number.
	ErrLength = &Refusal{Status: http.StatusBadRequest, Code: "malformed-length", Detail: "the Content-Length is no number, or stands twice"}
	// Section 6.1: both lengths, a coding in HTTP/1.0, or one but chunked.
	ErrBothLengths = &Refusal{Status: http.StatusBadRequest, Code: "two-lengths", Detail: "the request has both Content-Length and Transfer-Encoding"}
	ErrCoding      = &Refusal{Status: http.StatusBadRequest, Code: "unsupported-coding", Detail: "the transfer coding is not chunked alone, or the version has none"}
	// Section 7.1. Chunk extensions (7.1.1) have no use, and parsers that look
	// for their end in other places.
	ErrChunk = &Refusal{Status: http.StatusBadRequest, Code: "malformed-chunk", Detail: "a chunk of the body is malformed"}
	// RFC 9110, section 6.5.1: no framing and no credentials after the body.
	ErrTrailer = &Refusal{Status: http.StatusBadRequest, Code: "forbidden-trailer", Detail: "a field must not stand in the trailer"}
	// RFC 9110, section 10.1.1.
	ErrExpectation = &Refusal{Status: http.StatusExpectationFailed, Code: "unsupported-expectation", Detail: "the expectation is not 100-continue"}

	ErrTooLarge = &Refusal{Status: http.StatusRequestHeaderFieldsTooLarge, Code: "head-too-large", Detail: "the head of the request is too large"}
	ErrTooMany  = &Refusal{Status: http.StatusRequestHeaderFieldsTooLarge, Code: "too-many-headers", Detail: "the request has too many header fields"}
	ErrTimeout  = &Refusal{Status: http.StatusRequestTimeout, Code: "head-timeout", Detail: "the head of the request did not come in time"}
)
