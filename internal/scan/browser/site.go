package browser

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/origin"
)

// A site is the attacker's: pages on loopback, over http and https, under
// names that the browser alone resolves to it.
type site struct {
	target  origin.Origin
	plain   net.Listener
	secure  net.Listener
	servers []*http.Server
	pin     string // of the certificate, for the browser's profile

	mu    sync.Mutex
	next  int
	pages map[string]document
}

// A document is a page of the attacker.
type document struct {
	html      []byte
	sandboxed bool
}

func newSite(target origin.Origin) (*site, error) {
	s := &site{target: target, pages: map[string]document{}}
	cert, pin, err := certificate(s.names())
	if err != nil {
		return nil, err
	}
	s.pin = pin
	if s.plain, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("the attacker's pages cannot be served: %w", err)
	}
	if s.secure, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		s.plain.Close()
		return nil, fmt.Errorf("the attacker's pages cannot be served: %w", err)
	}
	for _, l := range []net.Listener{s.plain, tls.NewListener(s.secure, &tls.Config{Certificates: []tls.Certificate{cert}})} {
		server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
		s.servers = append(s.servers, server)
		go server.Serve(l)
	}
	return s, nil
}

func (s *site) close() {
	for _, server := range s.servers {
		server.Close()
	}
}

func (s *site) names() []string {
	return []string{s.foreign(), s.sibling(), s.target.Host(), "127.0.0.1", "localhost"}
}

// foreign is a host of another registrable domain than the API's. It begins,
// and where it can ends, as the API's: an Origin check that looks at a part of
// the name takes it for its own.
func (s *site) foreign() string {
	host := s.target.Host()
	switch {
	case strings.ContainsAny(host, ":[") || len(host) > 100: // an IPv6 address is no label
		return "attacker.test"
	case s.target.IsIP() || !strings.Contains(s.target.Site(), "."):
		return host + ".attacker.test"
	}
	return host + ".attacker-" + s.target.Site()
}

// sibling is a host of the API's own site. IP addresses and names without a
// registrable domain have no subdomains; another port does there.
func (s *site) sibling() string {
	if s.target.IsIP() || s.target.Site() == s.target.Host() && !strings.Contains(s.target.Host(), ".") {
		return s.target.Host()
	}
	return "countersign-sibling." + s.target.Site()
}

// resolverRules lead the attacker's names to loopback, in the browser alone.
func (s *site) resolverRules() string {
	rules := []string{"MAP " + s.foreign() + " 127.0.0.1"}
	if sib := s.sibling(); sib != s.target.Host() {
		rules = append(rules, "MAP "+sib+" 127.0.0.1")
	}
	return strings.Join(rules, ",")
}

func (s *site) spki() string { return s.pin }

// url returns where a page stands for a position, and false where there is
// no such position in relation to the target.
func (s *site) url(p finding.Position, id string) (string, bool) {
	scheme, listener := s.target.Scheme(), s.plain
	host := s.foreign()
	switch p {
	case finding.SameSite:
		host = s.sibling()
		// Only loopback can be served under the target's own address.
		if host == s.target.Host() && !s.target.IsLoopback() {
			return "", false
		}
	case finding.Insecure:
		// A page under the API's own name can only be served from its own
		// machine.
		if scheme != "https" || !s.target.IsLoopback() {
			return "", false
		}
		scheme, host = "http", s.target.Host()
	}
	if scheme == "https" {
		listener = s.secure
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return scheme + "://" + host + ":" + strconv.Itoa(port) + "/" + id, true
}

// put makes a page available and returns its id.
func (s *site) put(p document) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	id := "attack-" + strconv.Itoa(s.next)
	clear(s.pages) // one page at a time
	s.pages[id] = p
	return id
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p, ok := s.pages[strings.TrimPrefix(r.URL.Path, "/")]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if p.sandboxed {
		// A top-level page with this policy has an opaque origin, and sends
		// "Origin: null" with the cookies of a page of its site.
		w.Header().Set("Content-Security-Policy", "sandbox allow-scripts allow-forms")
	}
	w.Write(p.html)
}

// certificate makes one for the attacker's names, for this run alone.
func certificate(names []string) (tls.Certificate, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "Countersign: an attacker's site, for a test"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(48 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(strings.Trim(n, "[]")); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	sum := sha256.Sum256(public)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, base64.StdEncoding.EncodeToString(sum[:]), nil
}
