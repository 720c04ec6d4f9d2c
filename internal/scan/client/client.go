// Package client is the scan's HTTP client: it sends exactly what it is told
// to, to one target only, within bounds of time, size and rate. It follows no
// redirect and keeps no cookie; callers that want either do it themselves,
// probe by probe.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// UserAgent is sent with every request: what a browser says, and who it is.
const UserAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Countersign-Scan"

// MarkerHeader stands on every request that is not a forgery, so that a
// target's operator can tell the scan's traffic. A forged request carries
// only what a browser would send, and is told by its User-Agent.
const MarkerHeader = "X-Countersign-Scan"

// Config says how to talk to one target. The zero value of every optional
// field has a safe default.
type Config struct {
	Target    *url.URL          // scheme and host of the target; required
	Transport http.RoundTripper // nil: a transport of the client's own
	TLS       *tls.Config       // nil: the system's roots
	Header    http.Header       // sent with every request, such as an API key of a gateway
	Rate      float64           // requests per second; 0: no limit
	InFlight  int               // concurrent requests; 0: 8
	Timeout   time.Duration     // for one answer's head; 0: 10 s
	BodyTime  time.Duration     // for one answer's body after its head; 0: 3 s
	MaxBody   int64             // bytes read of one body; 0: 1 MiB
	MaxWait   time.Duration     // the longest Retry-After obeyed; 0: 1 min
	Patience  time.Duration     // waited in all for an API that counts requests; 0: 15 min
	// Waits is told of each wait that the target asked for; nil: nobody is.
	Waits func(status int, d time.Duration)
}

// A Client sends requests to one target. It is safe for concurrent use.
type Client struct {
	cfg   Config
	wire  *wire                          // nil where a Transport was given
	http2 atomic.Pointer[http.Transport] // of a target that speaks nothing else
	slots chan struct{}
	pace  pace
	calm  patience
	sent  atomic.Int64
	asked atomic.Int64 // preflights among them
	tired atomic.Int64 // answers 429 that were not waited for any longer

	maxBody   atomic.Int64
	failures  atomic.Int32 // transport errors in a row
	serverErr atomic.Int32 // 5xx answers in a row
	// besideTheWay is set where the target can be reached without the extra
	// headers of the configuration.
	besideTheWay atomic.Bool
}

// Errors that callers tell apart.
var (
	// ErrForeignHost is returned for a request to any host but the target:
	// credentials never leave it.
	ErrForeignHost = errors.New("request to a host that is not the target")
	// ErrUnreachable wraps errors of the connection: refused, reset, no
	// answer in time, certificate not trusted.
	ErrUnreachable = errors.New("target cannot be reached")
)

// New returns a Client. It dials nothing.
func New(cfg Config) *Client {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&cfg.Timeout, 10*time.Second)
	def(&cfg.BodyTime, 3*time.Second)
	def(&cfg.MaxWait, time.Minute)
	def(&cfg.Patience, 15*time.Minute)
	if cfg.InFlight <= 0 {
		cfg.InFlight = 8
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = 1 << 20
	}
	c := &Client{cfg: cfg, slots: make(chan struct{}, cfg.InFlight)}
	c.pace.rate = cfg.Rate
	c.maxBody.Store(cfg.MaxBody)
	if cfg.Transport == nil {
		c.wire = newWire(cfg.Target, cfg.TLS)
	}
	return c
}

// Close ends idle connections.
func (c *Client) Close() {
	if c.wire != nil {
		c.wire.close()
	}
	if h2 := c.http2.Load(); h2 != nil {
		h2.CloseIdleConnections()
	}
}

// TargetKey returns the public key of the certificate that the target showed
// and that was trusted, as DER; nil before the first request, over plain http,
// and over a Transport that was given.
func (c *Client) TargetKey() []byte {
	if c.wire == nil {
		return nil
	}
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	return c.wire.key
}

// Pause keeps every request back for d.
func (c *Client) Pause(d time.Duration) { c.pace.hold(d) }

// Limit sets how many bytes of a body are read from now on.
func (c *Client) Limit(maxBody int64) { c.maxBody.Store(maxBody) }

// Target returns the URL that the client was made for.
func (c *Client) Target() *url.URL { return c.cfg.Target }

// HeadersOpenTheWay says whether the extra headers of the configuration belong
// to the way to the target, such as a gateway's key, and go on every request:
// so it is until this says otherwise. Else only the API's own clients send
// them, and no page of another site.
func (c *Client) HeadersOpenTheWay(do bool) { c.besideTheWay.Store(!do) }

// Sent returns how many requests were sent.
func (c *Client) Sent() int { return int(c.sent.Load()) }

// Acted returns how many requests were sent that may have changed something:
// all but preflights, which only ask.
func (c *Client) Acted() int { return int(c.sent.Load() - c.asked.Load()) }

// TurnedAway returns how many requests were answered 429 in the end.
func (c *Client) TurnedAway() int { return int(c.tired.Load()) }

// Failing returns how many requests in a row found no answer, and how many
// answers in a row were server errors.
func (c *Client) Failing() (transport, server int) {
	return int(c.failures.Load()), int(c.serverErr.Load())
}

// A Request is one request, as it goes on the wire.
type Request struct {
	Method string
	URL    *url.URL // absolute
	Header http.Header
	Body   []byte
	// Bare leaves out everything that a browser on a foreign page would not
	// send: the marker, and the extra headers of the configuration unless they
	// belong to the way to the target.
	Bare bool
}

// Clone returns a copy. It shares the body's bytes, which nobody changes.
func (r *Request) Clone() *Request {
	c := *r
	u := *r.URL
	c.URL = &u
	c.Header = r.Header.Clone()
	return &c
}

// A Response is the answer to one Request.
type Response struct {
	Request   *Request
	Status    int
	Header    http.Header
	Body      []byte
	Truncated bool // the body was longer, or came slower, than the bounds allow
	At        time.Time

	read  bool // value is what the body says
	value any
	valid bool
}

// JSON returns what the body says, which many ask and nobody is to change; ok
// is false where it is no JSON. Unlike the rest of a Response it is not safe
// for concurrent use.
func (r *Response) JSON() (value any, ok bool) {
	if !r.read {
		r.read, r.valid = true, json.Unmarshal(r.Body, &r.value) == nil
	}
	return r.value, r.valid
}

// Do sends one request and reads its answer within the bounds. After an answer
// 429, or 503 with Retry-After, it waits and tries again, for as long as the
// client's patience lasts.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	if r.URL.Host != c.cfg.Target.Host || r.URL.Scheme != c.cfg.Target.Scheme {
		return nil, fmt.Errorf("%w: %s", ErrForeignHost, r.URL.Host)
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-c.slots }()
	waited := time.Duration(0)
	for try := 0; ; try++ {
		if err := c.pace.wait(ctx, c.backoff()); err != nil {
			return nil, err
		}
		resp, err := c.once(ctx, r)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			c.failures.Add(1)
			return nil, fmt.Errorf("%w: %s %s: %w", ErrUnreachable, r.Method, r.URL.Path, advised(plain(err), r.URL.Scheme))
		}
		c.failures.Store(0)
		if resp.Status >= 500 {
			c.serverErr.Add(1)
		} else {
			c.serverErr.Store(0)
		}
		wait, again := c.calm.wait(r, resp, try, waited, &c.cfg)
		if !again {
			if resp.Status == http.StatusTooManyRequests {
				c.tired.Add(1)
			}
			return resp, nil
		}
		if c.cfg.Waits != nil {
			c.cfg.Waits(resp.Status, wait)
		}
		waited += wait
		c.pace.hold(wait)
	}
}

// backoff slows the scan down while the target answers nothing but server
// errors: 50 ms after the fifth in a row, doubling up to 1 s.
func (c *Client) backoff() time.Duration {
	n := c.serverErr.Load()
	if n < 5 {
		return 0
	}
	return min(time.Second, 50*time.Millisecond<<min(n-5, 5))
}

func (c *Client) once(ctx context.Context, r *Request) (*Response, error) {
	c.sent.Add(1)
	if r.Method == http.MethodOptions {
		c.asked.Add(1)
	}
	res, err := c.exchange(ctx, r, c.fields(r))
	if err != nil {
		return nil, err
	}
	res.Request = r
	return res, nil
}

// A field is a header field with all of its values.
type field struct {
	name   string
	values []string
}

// fields returns the fields that are sent with a request, by name.
func (c *Client) fields(r *Request) []field {
	out := make([]field, 0, len(r.Header)+len(c.cfg.Header)+2)
	for name, values := range r.Header {
		if more := c.cfg.Header["Cookie"]; name == "Cookie" && len(more) > 0 {
			values = []string{more[0] + "; " + strings.Join(values, "; ")}
		}
		if r.Bare || name != MarkerHeader { // which follows
			out = append(out, field{name, values})
		}
	}
	add := func(name string, values []string) {
		if _, set := r.Header[name]; !set {
			out = append(out, field{name, values})
		}
	}
	told := false // by the configuration
	for name, values := range c.cfg.Header {
		if name == "Cookie" || !r.Bare && name != MarkerHeader || r.Bare && !c.besideTheWay.Load() {
			add(name, values)
			told = told || name == "User-Agent"
		}
	}
	if !told {
		add("User-Agent", userAgent)
	}
	if !r.Bare {
		out = append(out, field{MarkerHeader, marked})
	}
	slices.SortFunc(out, func(a, b field) int { return strings.Compare(a.name, b.name) })
	return out
}

// exchange sends a request over the wire, or over a transport where one was
// given or must be.
func (c *Client) exchange(ctx context.Context, r *Request, fields []field) (*Response, error) {
	if c.wire == nil {
		return c.over(ctx, c.cfg.Transport, r, fields)
	}
	if h2 := c.http2.Load(); h2 != nil {
		return c.over(ctx, h2, r, fields)
	}
	res, err := c.wire.do(ctx, &exchange{method: r.Method, url: r.URL, fields: fields, body: r.Body,
		head: c.cfg.Timeout, rest: c.cfg.BodyTime, limit: c.maxBody.Load()})
	if !errors.Is(err, errHTTP2) {
		return res, err
	}
	c.http2.CompareAndSwap(nil, c.wire.http2())
	return c.over(ctx, c.http2.Load(), r, fields)
}

// Values of fields that every request shares; nothing changes them.
var (
	userAgent = []string{UserAgent}
	marked    = []string{"1"}
)

// over sends a request over a transport.
func (c *Client) over(ctx context.Context, transport http.RoundTripper, r *Request, fields []field) (*Response, error) {
	header := make(http.Header, len(fields))
	for _, f := range fields {
		header[f.name] = f.values
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(c.cfg.Timeout, func() { cancel(errSlow) })
	defer timer.Stop()
	req := (&http.Request{
		Method: r.Method, URL: r.URL, Host: r.URL.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if r.Body != nil {
		body := r.Body
		req.ContentLength = int64(len(body))
		req.Body = io.NopCloser(bytes.NewReader(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		if len(body) == 0 {
			req.Body = http.NoBody
		}
	}
	answer, err := transport.RoundTrip(req)
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, errSlow) {
			return nil, cause
		}
		return nil, err
	}
	defer answer.Body.Close()
	timer.Reset(c.cfg.BodyTime)
	res := &Response{Status: answer.StatusCode, Header: answer.Header, At: time.Now()}
	if res.Status != http.StatusSwitchingProtocols { // after which it is no body
		res.readBody(answer.Body, answer.ContentLength, c.maxBody.Load())
	}
	return res, nil
}

// plain strips the URL that net/url errors repeat.
func plain(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// Count counts a request that was sent around the client, such as a
// WebSocket's handshake.
func (c *Client) Count() { c.sent.Add(1) }

// HTTP returns a net/http client for handshakes that leave HTTP. It follows
// no redirect and bounds nothing but the dial.
func (c *Client) HTTP() *http.Client {
	rt := c.cfg.Transport
	if rt == nil {
		// No connection is kept: a handshake takes its own with it.
		rt = &http.Transport{DialContext: dial, TLSClientConfig: c.cfg.TLS.Clone(),
			TLSHandshakeTimeout: dialTime, MaxResponseHeaderBytes: maxHead, DisableCompression: true, DisableKeepAlives: true}
	}
	return &http.Client{Transport: rt, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
