package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"
)

// A Config says where the lab listens.
type Config struct {
	// Host is a loopback address; "" is 127.0.0.1.
	Host string
	// Port is the first of five that are taken, one after the other: the
	// variants in their order, then the attacker's. 0 takes any that are free.
	Port int
}

// A Lab is the four banks and the attacker's site, running.
type Lab struct {
	// URLs of the banks. All are on one host, so that they share cookies as
	// different ports of one host do; log in at one at a time.
	URLs map[Variant]string
	// AttackerURL is on another site than the banks.
	AttackerURL string
	// Banks are what is behind the URLs; the guarded one is a vulnerable bank
	// of its own.
	Banks map[Variant]*Bank

	servers []*http.Server
	closers []io.Closer
}

// Start runs the lab until Close.
func Start(ctx context.Context, cfg Config) (*Lab, error) {
	if cfg.Host == "" {
		cfg.Host = "127.0.0.1"
	}
	l := &Lab{URLs: map[Variant]string{}, Banks: map[Variant]*Bank{}}
	if err := l.start(ctx, cfg); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *Lab) start(ctx context.Context, cfg Config) error {
	listeners, err := listen(cfg, len(Variants())+1)
	if err != nil {
		return err
	}
	attackerAt := listeners[len(Variants())]
	_, port, err := net.SplitHostPort(attackerAt.Addr().String())
	if err != nil {
		return err
	}
	l.AttackerURL = "http://localhost:" + port
	for i, v := range Variants() {
		l.URLs[v] = "http://" + listeners[i].Addr().String()
	}
	for i, v := range Variants() {
		h, err := l.bank(ctx, v)
		if err != nil {
			return fmt.Errorf("lab: the %s bank: %w", v, err)
		}
		l.serve(listeners[i], h)
	}
	l.serve(attackerAt, AttackerSite(l.URLs))
	return nil
}

// bank builds the handler of one variant.
func (l *Lab) bank(ctx context.Context, v Variant) (http.Handler, error) {
	cfg := BankConfig{PublicOrigin: l.URLs[v], Frontends: []string{"https://app.bank.test"}}
	if v != Guarded {
		b, err := NewBank(v, cfg)
		if err != nil {
			return nil, err
		}
		l.Banks[v] = b
		return b, nil
	}
	b, err := NewBank(Vulnerable, cfg)
	if err != nil {
		return nil, err
	}
	b.Variant = Guarded
	l.Banks[v] = b
	hidden, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", bankPage(Guarded))
	mux.Handle("/", b)
	l.serve(hidden, mux)
	g, err := newGuard(ctx, "http://"+hidden.Addr().String(), l.URLs[v])
	if err != nil {
		return nil, err
	}
	l.closers = append(l.closers, g)
	return g, nil
}

// listen takes n ports, all or none.
func listen(cfg Config, n int) ([]net.Listener, error) {
	var out []net.Listener
	for i := range n {
		port := cfg.Port
		if port != 0 {
			port += i
		}
		ln, err := net.Listen("tcp", net.JoinHostPort(cfg.Host, strconv.Itoa(port)))
		if err != nil {
			for _, o := range out {
				o.Close()
			}
			return nil, fmt.Errorf("the lab needs port %d: %w", port, err)
		}
		out = append(out, ln)
	}
	return out, nil
}

func (l *Lab) serve(ln net.Listener, h http.Handler) {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	l.servers = append(l.servers, s)
	go s.Serve(ln)
}

// Close ends the lab.
func (l *Lab) Close() error {
	var errs []error
	for _, s := range l.servers {
		errs = append(errs, s.Close())
	}
	for _, c := range l.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
