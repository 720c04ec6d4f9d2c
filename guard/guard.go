package guard

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/d710e0ae/countersign/csrf"
	"github.com/d710e0ae/countersign/guard/internal/upstream"
	"github.com/d710e0ae/countersign/idempotency"
	"github.com/d710e0ae/countersign/internal/origin"
	"github.com/d710e0ae/countersign/jwt"
	"github.com/d710e0ae/countersign/session"
)

// Options are what a program may put in place of the defaults.
type Options struct {
	// Logger gets the audit and access logs; nil discards them.
	Logger *slog.Logger
	// Clock is time.Now where it is nil.
	Clock func() time.Time
	// Sessions and Idempotency replace the stores that the configuration
	// names. Close does not close them.
	Sessions    session.Store
	Idempotency idempotency.Store
	// Random is the source of session identifiers; crypto/rand where it is nil.
	Random io.Reader
	// metrics are shared by the guards before and after a reload.
	metrics *metrics
}

// A Guard is an http.Handler that protects one API. It is safe for concurrent
// use. Behind a server of your own, that server's parser decides how requests
// are framed; [Serve] is stricter.
//
// What is of the server is then yours: of the settings, Listen, TLS,
// ProxyProtocol, Admin, and Limits.Header, Connections, HeaderTimeout,
// IdleTimeout and Drain do nothing, and the configuration is not read again.
// Give the server MaxHeaderBytes, a ReadHeaderTimeout and an IdleTimeout.
// Middleware around a Guard keeps its
// http.ResponseWriter's Unwrap, as http.ResponseController asks, or WebSockets
// and event streams end there.
type Guard struct {
	cfg      Config
	log      *slog.Logger
	clock    func() time.Time
	own      origin.Origin
	ownHost  string
	proxies  []netip.Prefix
	sessions *session.Manager
	cookie   *csrf.Protection
	foreign  *csrf.Protection
	verifier *jwt.Verifier
	cors     http.Handler
	once     http.Handler
	exempt   operations
	required operations // to have an Idempotency-Key
	accepted operations
	upstream *upstream.Client
	metrics  *metrics
	report   bool
	paths    map[string]bool // that log in
	bearers  map[string]bool // whose tokens the client gets
	// authenticates are names of cookies that login.cookies lists.
	authenticates map[string]bool

	closers []io.Closer

	hints hints

	mu      sync.Mutex
	tunnels map[io.Closer]struct{} // WebSockets
	closed  bool
}

// New builds a guard. The context bounds the opening of stores. Every mistake
// of the configuration is returned at once, as cfgerrors. Close the guard
// after its last request, when http.Server.Shutdown has returned: WebSockets,
// which Shutdown does not wait for, end then.
func New(ctx context.Context, cfg Config, opts Options) (*Guard, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	g := &Guard{cfg: cfg, log: opts.Logger, clock: opts.Clock, metrics: opts.metrics, tunnels: map[io.Closer]struct{}{}}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	if g.clock == nil {
		g.clock = time.Now
	}
	if g.metrics == nil {
		g.metrics = newMetrics()
	}
	if err := g.build(ctx, opts); err != nil {
		g.Close()
		return nil, cfg.placed(err)
	}
	return g, nil
}

func (g *Guard) build(ctx context.Context, opts Options) error {
	cfg := &g.cfg
	pattern, err := origin.ParsePattern(cfg.PublicOrigin)
	if err != nil {
		return err
	}
	g.own = pattern.Origin()
	g.ownHost = g.own.HostPort()
	if g.proxies, err = parseProxies(cfg.TrustedProxies); err != nil {
		return err
	}
	if g.cookie, g.foreign, err = cfg.protections(authentication); err != nil {
		return err
	}
	var closer io.Closer
	if g.verifier, closer, err = cfg.verifier(opts.Clock); err != nil {
		return err
	}
	g.closers = append(g.closers, closer)
	kept := stores{opts.Sessions, opts.Idempotency, nothing{}}
	if kept.sessions == nil || kept.idempotency == nil {
		opened, err := openStores(ctx, cfg, opts.Clock)
		if err != nil {
			return err
		}
		g.closers = append(g.closers, opened.closer)
		if kept.sessions == nil {
			kept.sessions = opened.sessions
		}
		if kept.idempotency == nil {
			kept.idempotency = opened.idempotency
		}
	}
	sc := cfg.sessionConfig(kept.sessions)
	sc.Clock, sc.Random = opts.Clock, opts.Random
	if g.sessions, err = session.New(sc); err != nil {
		return err
	}
	crossOrigin, err := cfg.cors()
	if err != nil {
		return err
	}
	g.cors = crossOrigin.Handler(http.HandlerFunc(passCORS))
	ic := cfg.idempotency(kept.idempotency)
	ic.Clock, ic.Refuse = opts.Clock, g.refuseOnce
	ic.Required = func(r *http.Request) bool { return g.required.match(r.Method, r.URL.Path) }
	once, err := idempotency.New(ic)
	if err != nil {
		return err
	}
	g.once = once.Handler(http.HandlerFunc(g.runOnce))
	g.required, g.accepted = parseOperations(cfg.Idempotency.Require), parseOperations(cfg.Idempotency.Accept)
	g.exempt = parseOperations(cfg.Exempt)
	g.report = cfg.Mode == "report"
	g.paths, g.bearers, g.authenticates = set(cfg.Login.Paths), set(cfg.Login.Bearer), set(cfg.Login.Cookies)
	return g.connect()
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, p := range list {
		m[p] = true
	}
	return m
}

func (g *Guard) connect() error {
	u, err := parseUpstream(g.cfg.Upstream)
	if err != nil {
		return fmt.Errorf("guard: upstream %w", err)
	}
	p := &g.cfg.Proxy
	uc := upstream.Config{
		Address: u.Host, ConnectTimeout: p.ConnectTimeout, ResponseTimeout: p.ResponseTimeout,
		IdleTimeout: p.IdleTimeout, MaxIdle: p.IdleConnections, MaxHeader: int(p.Header),
	}
	if u.Scheme == "https" {
		uc.TLS = &tls.Config{ServerName: u.Hostname(), NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
	}
	g.upstream = upstream.New(uc)
	return nil
}

// Close closes stores, connections to the API, and WebSockets. To close again
// does nothing.
func (g *Guard) Close() error {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return nil
	}
	g.closed = true
	tunnels := g.tunnels
	g.tunnels = nil
	g.mu.Unlock()
	for t := range tunnels {
		t.Close()
	}
	if g.upstream != nil {
		g.upstream.Close()
	}
	var errs []error
	for _, c := range g.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// A step is one link of the chain.
type step struct {
	name string
	run  func(*Guard, *exchange) *problem
	// always refuses in report mode as well: what follows could not work.
	always bool
}

// chain is the one right order: what can be decided without secrets comes
// first, and nothing reaches the API before all have agreed.
var chain = [...]step{
	{"limits", (*Guard).limit, true},
	{"request-id", (*Guard).identify, true},
	{"method", (*Guard).checkMethod, true},
	{"target", (*Guard).findTarget, true},
	{"path", (*Guard).canonicalize, false},
	{"host", (*Guard).checkHost, false},
	{"headers", (*Guard).strip, true},
	{"cors", (*Guard).crossOrigin, false},
	{"session", (*Guard).findSession, true},
	{"credential", (*Guard).findCredential, false},
	{"csrf", (*Guard).checkForgery, false},
	{"jwt", (*Guard).checkToken, false},
	{"guard", (*Guard).answer, true},
}

// ServeHTTP implements http.Handler.
func (g *Guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor < 2 {
		g.serve(w, r)
		return
	}
	s := newStallWriter(w, g.cfg.Limits.BodyTimeout)
	g.serve(s, r)
	s.finish()
}

func (g *Guard) serve(w http.ResponseWriter, r *http.Request) {
	x := &exchange{w: w, r: r}
	x.client = g.clientOf(r)
	start := g.clock()
	defer func() { g.finished(x, start) }()
	for i := range chain {
		s := &chain[i]
		if p := s.run(g, x); p != nil {
			if !g.report || s.always {
				g.refuse(x, s.name, p)
				return
			}
			g.audit(x, s.name, p, false)
		}
		if x.answered {
			return
		}
	}
	if g.keyed(x) {
		g.forwardOnce(x)
		return
	}
	g.forward(x)
}

func (g *Guard) finished(x *exchange, start time.Time) {
	took := g.clock().Sub(start)
	g.metrics.finished(x.status, took)
	if g.cfg.AccessLog {
		g.log.LogAttrs(x.r.Context(), slog.LevelInfo, "request",
			slog.String("method", loggable(x.r.Method)), slog.String("path", loggable(x.path())), slog.Int("status", x.status),
			slog.Duration("took", took), slog.String("client", x.client.String()), slog.String("request_id", x.id))
	}
}

// clientOf is the address that the connection, or a trusted proxy, names.
func (g *Guard) clientOf(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	a = a.Unmap()
	if len(g.proxies) == 0 || !g.trusted(a) {
		return a
	}
	return g.forwardedFor(r.Header["X-Forwarded-For"], a)
}

func (g *Guard) trusted(a netip.Addr) bool {
	for _, p := range g.proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
