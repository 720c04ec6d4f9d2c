package guard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/http1"
)

// ServeOptions are what a program may put in place of the defaults.
type ServeOptions struct {
	// Logger gets all logs; nil discards them.
	Logger *slog.Logger
	// Listening is told the addresses once connections are accepted; admin is
	// nil where none is configured. It may be nil.
	Listening func(main, admin net.Addr)
	// Interval is how often files are looked at for changes; 0 is 1 second.
	Interval time.Duration
}

// Serve runs a guard from a configuration file until ctx ends, and then lets
// the requests in flight finish, for limits.drain at most. On SIGHUP, and when
// the file or one that it names has changed, it reads the file again; a bad
// new one is logged and the old stays in force. Listen, admin.listen, tls and
// limits of connections apply from the next start on.
//
// Errors of the configuration are cfgerrors; the end of ctx is no error.
func Serve(ctx context.Context, path string, o ServeOptions) error {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	cfg, err := LoadConfig(path)
	if err != nil {
		return err
	}
	s := &server{path: path, log: o.Logger, metrics: newMetrics(), started: cfg}
	defer s.close()
	if err := s.install(ctx, cfg); err != nil {
		return err
	}
	return s.run(ctx, cfg, o)
}

// A server holds the guard in force and what outlives a reload.
type server struct {
	path     string
	log      *slog.Logger
	metrics  *metrics
	started  *Config // whose addresses are bound
	current  atomic.Pointer[generation]
	cert     *certificate
	draining atomic.Bool

	mu     sync.Mutex
	stores stores
	store  string // which these are
	old    sync.WaitGroup
}

// A generation is a guard and the requests that it still serves.
type generation struct {
	*Guard
	mu     sync.Mutex
	users  int
	retire bool
	gone   func()
}

// enter reports whether the generation takes another request.
func (n *generation) enter() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.retire {
		return false
	}
	n.users++
	return true
}

func (n *generation) leave() {
	n.mu.Lock()
	n.users--
	last := n.retire && n.users == 0
	n.mu.Unlock()
	if last {
		n.gone()
	}
}

// end retires the generation; its guard is closed after its last request.
func (n *generation) end() {
	n.mu.Lock()
	n.retire = true
	last := n.users == 0
	n.mu.Unlock()
	if last {
		n.gone()
	}
}

// ServeHTTP hands the request to the guard in force.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for {
		// A generation that retired between these two lines has a successor.
		if n := s.current.Load(); n.enter() {
			defer n.leave()
			n.ServeHTTP(w, r)
			return
		}
	}
}

// install puts a configuration in force.
func (s *server) install(ctx context.Context, cfg *Config) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, fresh := s.stores, s.stores.sessions == nil || s.store != cfg.Session.Store
	if fresh {
		var err error
		if kept, err = openStores(ctx, cfg, nil); err != nil {
			return cfg.placed(err)
		}
	}
	g, err := New(ctx, *cfg, Options{Logger: s.log, Sessions: kept.sessions, Idempotency: kept.idempotency, metrics: s.metrics})
	if err != nil {
		if fresh {
			kept.closer.Close()
		}
		return err
	}
	n := &generation{Guard: g}
	var storeOf io.Closer = nothing{}
	if fresh && s.stores.closer != nil {
		storeOf = s.stores.closer // closed with the last guard that uses it
	}
	s.stores, s.store = kept, cfg.Session.Store
	old := s.current.Swap(n)
	s.old.Add(1)
	n.gone = func() {
		defer s.old.Done()
		if err := g.Close(); err != nil {
			s.log.Error("closing the guard", slog.Any("error", err))
		}
	}
	if old != nil {
		gone := old.gone
		old.gone = func() { gone(); storeOf.Close() }
		old.end()
	}
	return nil
}

func (s *server) close() {
	if n := s.current.Load(); n != nil {
		n.Guard.Close() // ends WebSockets, whose requests would not end by themselves
		n.end()
	}
	s.old.Wait()
	if s.stores.closer != nil {
		s.stores.closer.Close()
	}
}

func (s *server) run(ctx context.Context, cfg *Config, o ServeOptions) error {
	l := &cfg.Limits
	if cfg.TLS.CertFile != "" {
		c, err := newCertificate(cfg.file(cfg.TLS.CertFile), cfg.file(cfg.TLS.KeyFile))
		if err != nil {
			return err
		}
		s.cert = c
	}
	raw, err := listen("listen", cfg.Listen)
	if err != nil {
		return err
	}
	errorLog := slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)
	main := &http1.Server{
		Handler: s, MaxHeader: int(l.Header), MaxConnections: l.Connections, HeaderTimeout: l.HeaderTimeout, IdleTimeout: l.IdleTimeout, WriteTimeout: l.BodyTimeout,
		Refused: s.refused, ErrorLog: errorLog,
	}
	if s.cert != nil {
		main.TLS = s.cert.config()
	}
	if cfg.ProxyProtocol {
		if main.Open, err = openProxied(cfg.TrustedProxies); err != nil {
			raw.Close()
			return err
		}
	}
	failed := make(chan error, 2)
	var running sync.WaitGroup
	running.Go(func() { failed <- main.Serve(raw) })
	var admin *http.Server
	var adminAddr net.Addr
	if cfg.Admin.Listen != "" {
		al, err := listen("admin.listen", cfg.Admin.Listen)
		if err != nil {
			main.Close()
			running.Wait()
			return err
		}
		adminAddr = al.Addr()
		admin = &http.Server{Handler: s.admin(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10, ErrorLog: errorLog}
		running.Go(func() { failed <- admin.Serve(al) })
	}
	seen := s.files()
	watching, stop := context.WithCancel(ctx)
	running.Go(func() { s.watch(watching, o.Interval, seen) })
	s.log.Info("listening", slog.String("address", raw.Addr().String()), slog.Bool("tls", s.cert != nil), slog.String("mode", cfg.Mode))
	if o.Listening != nil {
		o.Listening(raw.Addr(), adminAddr)
	}
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	}
	s.draining.Store(true)
	stop()
	// Requests that were accepted are answered; new ones are not taken.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.Drain)
	defer cancel()
	if shutdownErr := main.Shutdown(drain); shutdownErr != nil {
		s.log.Warn("requests were cut off at shutdown", slog.Any("error", shutdownErr))
		main.Close()
	}
	if admin != nil {
		admin.Close()
	}
	running.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// refused logs what is no request, and so has no exchange to be logged with.
func (s *server) refused(client string, why *http1.Refusal) {
	s.metrics.refused("http", why.Code, true)
	s.metrics.finished(why.Status, 0)
	s.log.Warn("refused", slog.String("step", "http"), slog.String("code", why.Code), slog.Int("status", why.Status),
		slog.String("reason", why.Detail), slog.String("client", client))
}

// watch reads the configuration again when it should.
func (s *server) watch(ctx context.Context, interval time.Duration, seen string) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
		case <-tick.C:
			now := s.files()
			if now == seen {
				continue
			}
			// Taken before the reading: what changes during it is seen next time.
			seen = now
		}
		s.reload(ctx)
	}
}

// files tells whether a file has changed, by name, size and time.
func (s *server) files() string {
	cfg := &s.current.Load().cfg
	out := ""
	for _, name := range []string{s.path, cfg.JWT.SecretFile, cfg.JWT.PublicKeyFile, cfg.JWT.JWKSFile, cfg.TLS.CertFile, cfg.TLS.KeyFile} {
		if name == "" {
			continue
		}
		if name != s.path {
			name = cfg.file(name)
		}
		if info, err := os.Stat(name); err == nil {
			out += fmt.Sprint(name, info.Size(), info.ModTime().UnixNano(), ";")
		} else {
			out += name + " cannot be read;"
		}
	}
	return out
}

func (s *server) reload(ctx context.Context) {
	cfg, err := LoadConfig(s.path)
	if err == nil {
		err = s.install(ctx, cfg)
	}
	s.metrics.reloaded(err == nil)
	if err != nil {
		s.log.Error("the new configuration is not used; the old one stays in force", slog.Any("error", err))
		return
	}
	if s.cert != nil && cfg.TLS.CertFile != "" {
		if err := s.cert.load(cfg.file(cfg.TLS.CertFile), cfg.file(cfg.TLS.KeyFile)); err != nil {
			s.log.Error("the new certificate is not used; the old one stays in force", slog.Any("error", err))
		}
	}
	if cfg.Listen != s.started.Listen || cfg.Admin.Listen != s.started.Admin.Listen || (cfg.TLS.CertFile == "") != (s.cert == nil) ||
		cfg.ProxyProtocol != s.started.ProxyProtocol || cfg.Limits.Connections != s.started.Limits.Connections {
		s.log.Warn("listen, admin.listen, tls, proxy_protocol and limits.connections apply from the next start on")
	}
	s.log.Info("the configuration was read again", slog.String("mode", cfg.Mode))
}

// listen opens the address that a setting names.
func listen(key, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err // what was tried, and where, is said here
	}
	if err != nil {
		return nil, fmt.Errorf("guard: %s: %s cannot be listened on: %w", key, address, err)
	}
	return l, nil
}
