package jwt_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d710e0ae/countersign/jwt"
)

// edKey returns a key pair that the number determines.
func edKey(t testing.TB, n byte) *jwt.Key {
	t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	k, err := jwt.NewPrivateKey(jwt.EdDSA, ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return k.WithID(fmt.Sprintf("k%d", n))
}

func publish(t testing.TB, keys ...*jwt.Key) string {
	t.Helper()
	var all []string
	for _, k := range keys {
		text, err := k.PublicJWK()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return `{"keys":[` + strings.Join(all, ",") + `]}`
}

// A publisher answers requests for a JWKS without a network.
type publisher struct {
	mu      sync.Mutex
	answer  func(*http.Request) (*http.Response, error)
	fetches atomic.Int32
}

func (p *publisher) RoundTrip(r *http.Request) (*http.Response, error) {
	p.fetches.Add(1)
	p.mu.Lock()
	answer := p.answer
	p.mu.Unlock()
	return answer(r)
}

func (p *publisher) set(answer func(*http.Request) (*http.Response, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func says(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		w.WriteHeader(status)
		w.WriteString(body)
		res := w.Result()
		res.Request = r
		return res, nil
	}
}

func newJWKS(t testing.TB, p *publisher, change func(*jwt.JWKSConfig)) *jwt.JWKS {
	t.Helper()
	cfg := jwt.JWKSConfig{URL: "https://bank.example/jwks.json", Issuer: "bank", Algorithms: []jwt.Algorithm{jwt.EdDSA}, Transport: p}
	if change != nil {
		change(&cfg)
	}
	j, err := jwt.NewJWKS(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func find(j *jwt.JWKS, kid string) (int, error) {
	keys, err := j.Find(context.Background(), jwt.KeyQuery{KeyID: kid, Algorithm: jwt.EdDSA, Issuer: "bank"})
	return len(keys), err
}

func TestJWKSServesTheOldWhileItReadsTheNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{}
		p.set(says(200, publish(t, edKey(t, 1))))
		j := newJWKS(t, p, nil)
		if n, err := find(j, "k1"); n != 1 || err != nil || p.fetches.Load() != 1 {
			t.Fatalf("first: %d keys, %v, %d fetches", n, err, p.fetches.Load())
		}
		time.Sleep(16 * time.Minute) // synctest's clock
		release := make(chan struct{})
		p.set(func(r *http.Request) (*http.Response, error) {
			<-release
			return says(200, publish(t, edKey(t, 2)))(r)
		})
		for range 50 { // none waits, and one reads
			if n, err := find(j, "k1"); n != 1 || err != nil {
				t.Fatalf("while reading: %d keys, %v", n, err)
			}
		}
		synctest.Wait()
		if p.fetches.Load() != 2 {
			t.Errorf("%d fetches, want 2", p.fetches.Load())
		}
		close(release)
		synctest.Wait()
		if n, err := find(j, "k2"); n != 1 || err != nil || p.fetches.Load() != 2 {
			t.Errorf("the new key: %d, %v, %d fetches", n, err, p.fetches.Load())
		}
		if n, _ := find(j, "k1"); n != 0 {
			t.Error("the old key is still there")
		}
	})
}

func TestJWKSOutlivesItsPublisherForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{}
		p.set(says(200, publish(t, edKey(t, 1))))
		j := newJWKS(t, p, func(c *jwt.JWKSConfig) { c.Stale = time.Hour })
		if err := j.Ready(context.Background()); err != nil {
			t.Fatal(err)
		}
		p.set(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") })
		for range 5 {
			time.Sleep(10 * time.Minute)
			if n, err := find(j, "k1"); n != 1 || err != nil {
				t.Fatalf("stale: %d, %v", n, err)
			}
			synctest.Wait()
		}
		time.Sleep(11 * time.Minute)
		if n, err := find(j, "k1"); n != 0 || err == nil {
			t.Errorf("too stale: %d, %v", n, err)
		}
		p.set(says(200, publish(t, edKey(t, 1))))
		time.Sleep(time.Minute)
		if n, err := find(j, "k1"); n != 1 || err != nil {
			t.Errorf("alive again: %d, %v", n, err)
		}
	})
}

func TestJWKSThatCannotBeHadIsAskedForOnceAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{}
		p.set(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		j := newJWKS(t, p, nil)
		v := newVerifier(t, func(c *jwt.VerifierConfig) { c.Keys = j })
		token := issue(t, func(c *jwt.IssuerConfig) { c.Key = edKey(t, 1) }, nil)
		var wg sync.WaitGroup
		began := time.Now()
		for range 50 {
			wg.Go(func() {
				if _, err := v.Verify(context.Background(), token); !errors.Is(err, jwt.ErrUnavailable) {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		if p.fetches.Load() != 1 || time.Since(began) > 6*time.Second {
			t.Errorf("%d fetches in %v", p.fetches.Load(), time.Since(began))
		}
		// Who gives up does not wait for the reading.
		time.Sleep(time.Minute)
		go find(j, "k1")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		began = time.Now()
		if _, err := v.Verify(ctx, token); !errors.Is(err, jwt.ErrUnavailable) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		time.Sleep(time.Minute)
	})
}

// Attack 68: unbounded or strange answers of the publisher.
func TestJWKSRefusesWhatIsNoKeySet(t *testing.T) {
	good := publish(t, edKey(t, 1))
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"endless": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: endless{}, Header: http.Header{}, Request: r}, nil
		},
		"404": says(404, good),
		"redirect": func(r *http.Request) (*http.Response, error) {
			res, _ := says(302, "")(r)
			res.Header.Set("Location", "https://evil.example/jwks.json")
			return res, nil
		},
		"not JSON":      says(200, "<html>"),
		"nothing":       says(200, ""),
		"no keys":       says(200, `{"keys":[]}`),
		"a duplicate":   says(200, publish(t, edKey(t, 1), edKey(t, 1))),
		"only a secret": says(200, `{"keys":[{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}]}`),
		"another alg":   says(200, strings.Replace(good, `"EdDSA"`, `"Ed25519"`, 1)),
		"too many":      says(200, `{"keys":[`+strings.Repeat(`{"kty":"x"},`, 64)+`{"kty":"x"}]}`),
	} {
		p := &publisher{}
		p.set(answer)
		j := newJWKS(t, p, nil)
		if n, err := find(j, "k1"); n != 0 || err == nil {
			t.Errorf("%s: %d keys, %v", name, n, err)
		}
		if p.fetches.Load() != 1 {
			t.Errorf("%s: %d requests", name, p.fetches.Load())
		}
	}
	p := &publisher{}
	p.set(says(200, good))
	if n, err := find(newJWKS(t, p, nil), "k1"); n != 1 || err != nil {
		t.Errorf("the control: %d keys, %v", n, err)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}
func (endless) Close() error { return nil }

func TestJWKSNeverSignsAndKeepsToItsIssuer(t *testing.T) {
	private, err := edKey(t, 1).PrivateJWK()
	if err != nil {
		t.Fatal(err)
	}
	p := &publisher{}
	p.set(says(200, `{"keys":[`+string(private)+`]}`))
	j := newJWKS(t, p, nil)
	keys, err := j.Find(context.Background(), jwt.KeyQuery{KeyID: "k1", Algorithm: jwt.EdDSA, Issuer: "bank"})
	if err != nil || len(keys) != 1 || keys[0].CanSign() || keys[0].Issuer() != "bank" {
		t.Errorf("got %v, %v", keys, err)
	}
	for _, q := range []jwt.KeyQuery{{KeyID: "k1", Algorithm: jwt.EdDSA, Issuer: "shop"}, {KeyID: "k1", Algorithm: jwt.EdDSA}, {KeyID: "k1", Algorithm: jwt.ES256, Issuer: "bank"}} {
		if keys, err := j.Find(context.Background(), q); len(keys) != 0 || err != nil {
			t.Errorf("%+v: %v, %v", q, keys, err)
		}
	}
}

func TestJWKSFileIsReadAgainAndABadOneKeepsTheGood(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jwks.json")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(publish(t, edKey(t, 1)))
	at := now
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return at }
	pass := func(d time.Duration) { mu.Lock(); at = at.Add(d); mu.Unlock() }
	j := newJWKS(t, nil, func(c *jwt.JWKSConfig) { c.URL, c.File, c.Issuer, c.Clock = "", path, "", clock })
	if n, err := find(j, "k1"); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	write("half a fi")
	pass(2 * time.Second)
	if n, err := find(j, "k2"); n != 0 || err != nil {
		t.Errorf("a bad file: %d, %v", n, err)
	}
	if n, err := find(j, "k1"); n != 1 || err != nil {
		t.Errorf("the good key after a bad file: %d, %v", n, err)
	}
	write(publish(t, edKey(t, 2)))
	pass(2 * time.Second)
	if n, err := find(j, "k2"); n != 1 || err != nil {
		t.Errorf("a new file: %d, %v", n, err)
	}
}

func TestJWKSConfigurationMistakesAreToldTogether(t *testing.T) {
	for _, c := range []struct {
		cfg  jwt.JWKSConfig
		keys []string
	}{
		{jwt.JWKSConfig{}, []string{"url", "algorithms"}},
		{jwt.JWKSConfig{URL: "http://bank.example/jwks", Algorithms: []jwt.Algorithm{"HS256", "none"}, Fresh: -1, Timeout: time.Hour}, []string{"url", "issuer", "algorithms[0]", "algorithms[1]", "fresh", "timeout"}},
		{jwt.JWKSConfig{URL: "https://u:p@bank.example/jwks", InsecureAnyIssuer: true, Algorithms: []jwt.Algorithm{jwt.RS256}}, []string{"url"}},
		{jwt.JWKSConfig{URL: "https:bank", InsecureAnyIssuer: true, Algorithms: []jwt.Algorithm{jwt.RS256}}, []string{"url"}},
		{jwt.JWKSConfig{URL: "https://a", File: "b", InsecureAnyIssuer: true, Algorithms: []jwt.Algorithm{jwt.RS256}}, []string{"url"}},
		{jwt.JWKSConfig{URL: "http://127.0.0.1.evil.example/", InsecureAnyIssuer: true, Algorithms: []jwt.Algorithm{jwt.RS256}}, []string{"url"}},
	} {
		_, err := jwt.NewJWKS(c.cfg)
		for _, key := range c.keys {
			if err == nil || !strings.Contains(err.Error(), key+": ") {
				t.Errorf("%+v: %v does not name %s", c.cfg, err, key)
			}
		}
	}
	for _, url := range []string{"https://bank.example/jwks", "http://127.0.0.1:8080/jwks", "http://[::1]/jwks", "http://localhost/jwks"} {
		if _, err := jwt.NewJWKS(jwt.JWKSConfig{URL: url, Issuer: "bank", Algorithms: []jwt.Algorithm{jwt.RS256}}); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}
