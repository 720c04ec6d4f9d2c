package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/d710e0ae/countersign/jwt"
)

const (
	proxyHost     = "bank.example"
	proxyOrigin   = "https://" + proxyHost
	proxyIssuer   = "https://login.bank.example"
	proxyAudience = "https://api.bank.example"
	proxySecret   = "the-benchmarks-secret-of-32-bytes"
)

// A contender is one of the proxies.
type contender struct {
	name    string
	addr    string
	program []string
	// prepare returns the requests that it lets through.
	prepare func(addr string) (get, post []byte, err error)

	running  *process
	get      []byte
	post     []byte
	cpu      map[string][]float64 // seconds for 10,000 requests, by method
	resident float64              // MB with idleClients connections
}

// proxies compares the guard, which does all its checks, with proxies. Each
// runs in a process of its own; the load and the API are other processes.
func proxies(ctx context.Context, b *bench) error {
	token, err := proxyToken()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	api, err := freeAddr()
	if err != nil {
		return err
	}
	server, err := start(ctx, b, api, self, "serve-upstream", api, token)
	if err != nil {
		return err
	}
	defer server.stop()

	list, err := b.contenders(ctx, self, api, token)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.running, err = start(ctx, b, c.addr, c.program[0], c.program[1:]...); err != nil {
			return err
		}
		defer func() { c.running.stop() }()
		if c.get, c.post, err = c.prepare(c.addr); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	for round := range 1 + max(b.rounds/4, 3) {
		for _, c := range list {
			for _, r := range []struct {
				method  string
				request []byte
			}{{"GET", c.get}, {"POST", c.post}} {
				used, err := c.measure(ctx, r.request, b.requests)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", c.name, r.method, err)
				}
				if round > 0 { // the first warms up
					c.cpu[r.method] = append(c.cpu[r.method], used)
				}
			}
		}
	}
	for _, c := range list { // a new process, which no load has made large
		c.running.stop()
		if c.running, err = start(ctx, b, c.addr, c.program[0], c.program[1:]...); err != nil {
			return err
		}
		if c.get, _, err = c.prepare(c.addr); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if c.resident, err = c.idle(); err != nil {
			return fmt.Errorf("%s, idle: %w", c.name, err)
		}
	}
	return printProxies(list)
}

func (c *contender) measure(ctx context.Context, request []byte, n int) (seconds float64, err error) {
	before, err := c.running.cpu()
	if err != nil {
		return 0, err
	}
	if err := load(ctx, c.addr, request, n); err != nil {
		return 0, err
	}
	after, err := c.running.cpu()
	return (after - before).Seconds() / float64(n/connections*connections) * 10_000, err
}

func (c *contender) idle() (float64, error) {
	closeAll, err := idle(c.addr, c.get)
	if err != nil {
		return 0, err
	}
	defer closeAll()
	time.Sleep(2 * time.Second)
	return c.running.resident()
}

func proxyToken() (string, error) {
	key, err := jwt.NewHMACKey(jwt.HS256, []byte(proxySecret))
	if err != nil {
		return "", err
	}
	i, err := jwt.NewIssuer(jwt.IssuerConfig{Key: key, Issuer: proxyIssuer, Audience: proxyAudience, Lifetime: time.Hour})
	if err != nil {
		return "", err
	}
	return i.Issue("alice", nil)
}

// contenders returns those that are installed, and says which are not.
func (b *bench) contenders(ctx context.Context, self, api, token string) ([]*contender, error) {
	bearer := func(string) (get, post []byte, err error) {
		fields := []string{"Authorization: Bearer " + token, "Origin: " + proxyOrigin, "Accept: application/json"}
		if get, err = message("GET", "/accounts", proxyHost, fields, ""); err != nil {
			return nil, nil, err
		}
		post, err = message("POST", "/transfer", proxyHost, fields, `{"to":"DE02120300000000202051","amount":1}`)
		return get, post, err
	}
	var list []*contender
	add := func(name string, prepare func(string) ([]byte, []byte, error), program func(addr string) ([]string, error)) error {
		addr, err := freeAddr()
		if err != nil {
			return err
		}
		args, err := program(addr)
		if err != nil {
			return err
		}
		list = append(list, &contender{name: name, addr: addr, program: args, prepare: prepare, cpu: map[string][]float64{}})
		return nil
	}

	if err := add("countersign guard, all checks", guardLogin, func(addr string) ([]string, error) {
		file, err := b.guardConfig(addr, api)
		return []string{b.binary, "guard", "-c", file}, err
	}); err != nil {
		return nil, err
	}
	if err := add("httputil.ReverseProxy, tuned, no check", bearer, func(addr string) ([]string, error) {
		return []string{self, "serve-reverseproxy", addr, api}, nil
	}); err != nil {
		return nil, err
	}

	fmt.Fprintln(os.Stderr, "building Caddy, which takes minutes the first time")
	if out, err := output(ctx, "caddy", "go", "tool", "-n", "caddy"); err != nil {
		fmt.Printf("MISSING: Caddy does not build here: %v\n%s\n", err, out)
	} else {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		caddy := lines[len(lines)-1]
		if err := add("Caddy, plain proxy", bearer, func(addr string) ([]string, error) {
			file, err := b.caddyConfig(addr, api)
			return []string{caddy, "run", "--adapter", "caddyfile", "--config", file}, err
		}); err != nil {
			return nil, err
		}
	}

	if haproxy, err := exec.LookPath("haproxy"); err != nil {
		fmt.Println("MISSING: HAProxy is not installed (Debian: apt-get install haproxy).")
	} else if err := add("HAProxy, HS256 + exp/iss/aud + Origin list", bearer, func(addr string) ([]string, error) {
		file, err := b.haproxyConfig(addr, api)
		return []string{haproxy, "-db", "-f", file}, err
	}); err != nil {
		return nil, err
	}
	return list, nil
}

// guardLogin logs in through the guard and returns requests with the session
// cookie and the CSRF token, as a browser sends them.
func guardLogin(addr string) (get, post []byte, err error) {
	c, err := dial(addr)
	if err != nil {
		return nil, nil, err
	}
	defer c.conn.Close()
	page := []string{"Origin: " + proxyOrigin, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty", "Accept: application/json"}
	login, err := message("POST", "/login", proxyHost, page, `{"username":"alice","password":"wonderland-7"}`)
	if err != nil {
		return nil, nil, err
	}
	header, body, err := c.roundTrip(login)
	if err != nil {
		return nil, nil, err
	}
	var said struct {
		Token string `json:"csrf_token"`
	}
	cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	if err := json.Unmarshal(body, &said); err != nil || said.Token == "" || cookie == "" {
		return nil, nil, fmt.Errorf("the login gave no session: %s", body)
	}
	fields := append(page, "Cookie: "+cookie, "X-CSRF-Token: "+said.Token)
	if get, err = message("GET", "/accounts", proxyHost, fields, ""); err != nil {
		return nil, nil, err
	}
	post, err = message("POST", "/transfer", proxyHost, fields, `{"to":"DE02120300000000202051","amount":1}`)
	if err != nil {
		return nil, nil, err
	}
	// That the checks are made is seen by taking away what they look for.
	if _, _, err := c.roundTrip(bytes.Replace(post, []byte("X-CSRF-Token"), []byte("X-Nothing-Xx"), 1)); err == nil || !strings.Contains(err.Error(), "csrf-token-missing") {
		return nil, nil, fmt.Errorf("a POST without its token is not refused for that: %v", err)
	}
	return get, post, nil
}

func (b *bench) guardConfig(addr, api string) (string, error) {
	key := filepath.Join(b.scratch, "guard.key")
	if err := os.WriteFile(key, []byte(proxySecret), 0o600); err != nil {
		return "", err
	}
	return b.file("guard.yaml", fmt.Sprintf(`listen: %s
upstream: http://%s
public_origin: %s
jwt: {algorithms: [HS256], secret_file: %s, issuer: %q, audience: %q}
`, addr, api, proxyOrigin, key, proxyIssuer, proxyAudience))
}

func (b *bench) caddyConfig(addr, api string) (string, error) {
	host, port, _ := strings.Cut(addr, ":")
	return b.file("Caddyfile", fmt.Sprintf(`{
	admin off
	auto_https off
	persist_config off
}
http://:%s {
	bind %s
	reverse_proxy %s
}
`, port, host, api))
}

func (b *bench) haproxyConfig(addr, api string) (string, error) {
	return b.file("haproxy.cfg", fmt.Sprintf(`global
	maxconn 5000
defaults
	mode http
	timeout connect 5s
	timeout client 120s
	timeout server 120s
	timeout http-keep-alive 120s
	http-reuse always
frontend public
	bind %s
	http-request set-var(txn.bearer) http_auth_bearer
	http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
	http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss')
	http-request set-var(txn.aud) var(txn.bearer),jwt_payload_query('$.aud')
	http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
	http-request set-var(txn.now) date()
	http-request deny deny_status 401 unless { var(txn.alg) -m str HS256 }
	http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify(txn.alg,"%s") -m int 1 }
	http-request deny deny_status 401 unless { var(txn.iss) -m str %s }
	http-request deny deny_status 401 unless { var(txn.aud) -m str %s }
	http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
	http-request deny deny_status 403 if { method POST } !{ req.hdr(origin) -m str %s }
	default_backend api
backend api
	server api %s
`, addr, proxySecret, proxyIssuer, proxyAudience, proxyOrigin, api))
}

func (b *bench) file(name, text string) (string, error) {
	path := filepath.Join(b.scratch, name)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// The guard's dues, as a share of others' processor time, and in MB.
const (
	mostOfReverseProxy = 0.8
	mostOfCaddy        = 0.5
	mostIdle           = 45
)

func printProxies(list []*contender) error {
	fmt.Printf("%d connections, heads of %d bytes; CPU seconds of the proxy for 10,000 requests; resident MB with %d idle connections\n\n", connections, headBytes, idleClients)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| proxy\t| GET\t| POST\t| idle MB\t| guard's GET\t| guard's POST\t| due\t| \t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	guard := list[0]
	for _, c := range list {
		get, post := share(guard, c, "GET"), share(guard, c, "POST")
		due, verdict := "–", "–"
		most := 0.0
		switch {
		case c == guard:
			due, verdict = fmt.Sprintf("%d MB", mostIdle), "met"
			if c.resident > mostIdle {
				verdict = "MISSED"
			}
		case strings.HasPrefix(c.name, "httputil"):
			most = mostOfReverseProxy
		case strings.HasPrefix(c.name, "Caddy"):
			most = mostOfCaddy
		}
		if most > 0 {
			due, verdict = fmt.Sprintf("%.2f", most), "met"
			if max(get, post) > most {
				verdict = "MISSED"
			}
		}
		fmt.Fprintf(w, "| %s\t| %.2f\t| %.2f\t| %.0f\t| %.2f ×\t| %.2f ×\t| %s\t| %s\t|\n", c.name, median(c.cpu["GET"]), median(c.cpu["POST"]), c.resident, get, post, due, verdict)
	}
	return w.Flush()
}

// share is the median of the guard's time over the other's, round by round.
func share(guard, other *contender, method string) float64 {
	var ratios []float64
	for i, g := range guard.cpu[method] {
		ratios = append(ratios, g/other.cpu[method][i])
	}
	return median(ratios)
}
