// Package finding holds what scan and audit say: verdicts, findings with
// their evidence, the report that they add up to, and the stream by which
// they are told. Its JSON shape is the public one, "countersign/report/1".
package finding

import (
	"time"

	"github.com/d710e0ae/countersign/internal/weakness"
)

// Schema names the version of the JSON report.
const Schema = "countersign/report/1"

// A Report is everything that one run says.
type Report struct {
	Schema            string      `json:"schema"`
	Tool              Tool        `json:"tool"`
	Kind              Kind        `json:"kind"`
	Target            string      `json:"target"`
	Started           time.Time   `json:"started"`
	Seconds           float64     `json:"seconds"`
	Complete          bool        `json:"complete"`
	IncompleteReasons []string    `json:"incomplete_reasons"`
	Notes             []string    `json:"notes,omitempty"`
	Coverage          Coverage    `json:"coverage"`
	Operations        []Operation `json:"operations"`
	Verdicts          []Verdict   `json:"verdicts"`
	Findings          []Finding   `json:"findings"`
}

// Tool says what made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Kind is the sort of run.
type Kind string

const (
	Scan  Kind = "scan"
	Audit Kind = "audit"
)

// Coverage counts what was looked at.
type Coverage struct {
	Operations int `json:"operations"`
	Exercised  int `json:"exercised"`
	Files      int `json:"files"`
	Requests   int `json:"requests"`
}

// Credential is what authenticates an operation.
type Credential string

const (
	CredentialNone    Credential = "none"    // answers without any
	CredentialCookie  Credential = "cookie"  // a cookie alone does, a header alone does not
	CredentialBearer  Credential = "bearer"  // a header alone does, a cookie alone does not
	CredentialEither  Credential = "either"  // each alone does
	CredentialUnknown Credential = "unknown" // could not be told
)

// An OperationRef names an operation of an API.
type OperationRef struct {
	Method string `json:"method"`
	Path   string `json:"path"` // as the API's document writes it, with {parameters}
}

// String returns "METHOD PATH".
func (o OperationRef) String() string { return o.Method + " " + o.Path }

// An Operation says how far one operation was exercised.
type Operation struct {
	OperationRef
	ChangesState bool       `json:"changes_state"`
	Exercised    bool       `json:"exercised"`
	Credential   Credential `json:"credential"`
	Reason       string     `json:"reason"`             // why not exercised, or what the credential rests on
	Location     *Location  `json:"location,omitempty"` // where the route is written, as far as the source is known
}

// Position is where the attacker's page stands in relation to the API.
type Position string

const (
	CrossSite Position = "cross-site" // another registrable domain
	SameSite  Position = "same-site"  // sibling subdomain, or another port of the same host
	Null      Position = "null"       // an opaque origin: sandboxed page
	Insecure  Position = "insecure"   // plain-http page of the same host
)

// Positions returns every position, in the order of reports.
func Positions() []Position { return []Position{CrossSite, SameSite, Null, Insecure} }

// Shape is the form that a forged request takes.
type Shape string

const (
	Form      Shape = "form"       // application/x-www-form-urlencoded, by a form's submission
	Multipart Shape = "multipart"  // multipart/form-data, by a form's submission
	TextPlain Shape = "text-plain" // text/plain, by a form or fetch
	Blob      Shape = "blob"       // no Content-Type at all, by fetch with an untyped Blob
	JSONCORS  Shape = "json-cors"  // application/json, which a preflight must allow
	Navigate  Shape = "navigate"   // GET as a top-level navigation
	Image     Shape = "image"      // GET as a subresource
	Beacon    Shape = "beacon"     // navigator.sendBeacon
	Override  Shape = "override"   // the method hidden in a parameter or header
	Head      Shape = "head"       // HEAD answered by the GET handler
	WebSocket Shape = "websocket"  // the upgrade of a WebSocket
)

// Shapes returns every shape, in the order of reports.
func Shapes() []Shape {
	return []Shape{Form, Multipart, TextPlain, Blob, JSONCORS, Navigate, Image, Beacon, Override, Head, WebSocket}
}

// Outcome is how an attempt ended.
type Outcome string

const (
	Forged    Outcome = "forged"
	Blocked   Outcome = "blocked"
	NotTested Outcome = "not-tested"
)

// By is what blocked an attempt.
type By string

const (
	BySameSite            By = "samesite"
	ByThirdPartyCookie    By = "third-party-cookie"
	ByPreflight           By = "preflight"
	ByOrigin              By = "origin"
	ByToken               By = "token"
	ByContentType         By = "content-type"
	ByAuthentication      By = "authentication"
	ByNoAmbientCredential By = "no-ambient-credential"
)

// Proof is what a verdict rests on.
type Proof string

const (
	ByBrowser Proof = "browser" // a real browser sent it
	ByHTTP    Proof = "http"    // a client that sends what a browser would
)

// A Verdict is the end of one attempt: one operation, from one position, in
// one shape.
type Verdict struct {
	Operation string   `json:"operation"` // "METHOD PATH"
	Position  Position `json:"position"`
	Shape     Shape    `json:"shape"`
	Verdict   Outcome  `json:"verdict"`
	By        By       `json:"by,omitempty"`
	Reason    string   `json:"reason"`
	Proof     Proof    `json:"proof,omitempty"`
}

// Confidence says how sure a finding is.
type Confidence string

const (
	Proved    Confidence = "proved"    // seen to happen in a browser, state changed
	Observed  Confidence = "observed"  // seen on the wire, by a client that acts as a browser would
	Suspected Confidence = "suspected" // follows from what was read, not seen to happen
)

// A Finding is a weakness at a place.
type Finding struct {
	Weakness       string            `json:"weakness"` // the catalogue's id, or an audit rule beside it
	Severity       weakness.Severity `json:"severity"`
	Confidence     Confidence        `json:"confidence"`
	Message        string            `json:"message"`
	Operation      *OperationRef     `json:"operation,omitempty"`
	Location       *Location         `json:"location,omitempty"`
	Related        []Related         `json:"related,omitempty"`
	Evidence       []Evidence        `json:"evidence,omitempty"`
	ProofOfConcept string            `json:"proof_of_concept,omitempty"` // path of a self-contained HTML page
	Fingerprint    string            `json:"fingerprint"`
	Known          bool              `json:"known,omitempty"` // the baseline has it: it does not fail the run
	Remedy         weakness.Remedy   `json:"remedy"`
}

// A Location is a place in source. Lines and columns count from 1; columns
// count characters.
type Location struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column,omitempty"`
	EndLine int    `json:"end_line,omitempty"`
}

// Related is another place that belongs to a finding.
type Related struct {
	Location
	Message string `json:"message"`
	// Operation is what the weakness reaches here, where it is one of several
	// that it reaches.
	Operation *OperationRef `json:"operation,omitempty"`
}

// EvidenceKind is what a piece of evidence shows.
type EvidenceKind string

const (
	RequestEvidence    EvidenceKind = "request"
	ResponseEvidence   EvidenceKind = "response"
	StateEvidence      EvidenceKind = "state"
	BrowserEvidence    EvidenceKind = "browser"
	ScreenshotEvidence EvidenceKind = "screenshot"
	SourceEvidence     EvidenceKind = "source"
)

// Evidence is one thing that was seen. Text is redacted before it gets here.
type Evidence struct {
	Kind EvidenceKind `json:"kind"`
	Text string       `json:"text,omitempty"`
	File string       `json:"file,omitempty"`
}
