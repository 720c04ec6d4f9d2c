package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/secret"
)

// trip is a RoundTripper made of a function.
type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, body io.Reader, fields ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(fields); i += 2 {
		h.Add(fields[i], fields[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(body)}
}

func target(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func get(u *url.URL) *client.Request {
	return &client.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}
}

func TestDoSendsNothingToAnotherHost(t *testing.T) {
	var sent atomic.Int32
	c := client.New(client.Config{Target: target(t, "http://api.test"), Transport: trip(func(*http.Request) (*http.Response, error) {
		sent.Add(1)
		return answer(200, strings.NewReader("")), nil
	})})
	for _, u := range []string{"http://evil.test/", "https://api.test/", "http://api.test:81/"} {
		if _, err := c.Do(t.Context(), get(target(t, u))); !errors.Is(err, client.ErrForeignHost) {
			t.Errorf("%s: got %v, want ErrForeignHost", u, err)
		}
	}
	if sent.Load() != 0 {
		t.Errorf("%d requests left for another host", sent.Load())
	}
	if _, err := c.Do(t.Context(), get(target(t, "http://api.test/"))); err != nil || sent.Load() != 1 {
		t.Errorf("control: %v after %d requests", err, sent.Load())
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var other atomic.Int32
	foreign := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { other.Add(1) }))
	defer foreign.Close()
	srv := httptest.NewServer(http.RedirectHandler(foreign.URL, http.StatusFound))
	defer srv.Close()
	c := client.New(client.Config{Target: target(t, srv.URL)})
	defer c.Close()
	res, err := c.Do(t.Context(), get(target(t, srv.URL+"/")))
	if err != nil || res.Status != http.StatusFound || other.Load() != 0 {
		t.Errorf("got %v, %v, and %d requests elsewhere", res, err, other.Load())
	}
}

// endless is a body without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestBodiesAreBounded(t *testing.T) {
	c := client.New(client.Config{Target: target(t, "http://api.test"), MaxBody: 1000, Transport: trip(func(*http.Request) (*http.Response, error) {
		return answer(200, endless{}), nil
	})})
	res, err := c.Do(t.Context(), get(target(t, "http://api.test/")))
	if err != nil || len(res.Body) != 1000 || !res.Truncated {
		t.Errorf("got %d bytes, truncated %v, %v", len(res.Body), res.Truncated, err)
	}
}

func TestASlowBodyIsCutAndASilentTargetGivenUp(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			_, _ = io.WriteString(w, "event: 1\n\n")
			w.(http.Flusher).Flush()
		}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer srv.Close()
	defer close(release)
	c := client.New(client.Config{Target: target(t, srv.URL), Timeout: 50 * time.Millisecond, BodyTime: 50 * time.Millisecond})
	defer c.Close()
	res, err := c.Do(t.Context(), get(target(t, srv.URL+"/stream")))
	if err != nil || res.Status != 200 || !res.Truncated || string(res.Body) != "event: 1\n\n" {
		t.Errorf("stream: got %+v, %v", res, err)
	}
	if _, err := c.Do(t.Context(), get(target(t, srv.URL+"/silent"))); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("silent: got %v, want ErrUnreachable", err)
	}
	if failed, _ := c.Failing(); failed != 1 {
		t.Errorf("Failing says %d, want 1", failed)
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status int
		after  string
		tries  int
		wait   time.Duration
	}{
		{"seconds", 429, "2", 2, 2 * time.Second},
		{"none said", 429, "", 2, time.Second},
		{"unavailable", 503, "1", 2, time.Second},
		{"unavailable without a time", 503, "", 1, 0},
		{"longer than the scan waits", 429, "3600", 1, 0},
		{"malformed", 429, "soon", 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				c := client.New(client.Config{Target: target(t, "http://api.test"), Transport: trip(func(*http.Request) (*http.Response, error) {
					tries++
					if tries == 1 {
						return answer(tc.status, strings.NewReader(""), "Retry-After", tc.after), nil
					}
					return answer(200, strings.NewReader("")), nil
				})})
				start := time.Now()
				if _, err := c.Do(context.Background(), get(target(t, "http://api.test/"))); err != nil {
					t.Fatal(err)
				}
				if tries != tc.tries || time.Since(start) != tc.wait {
					t.Errorf("got %d tries in %v, want %d in %v", tries, time.Since(start), tc.tries, tc.wait)
				}
			})
		})
	}
}

func TestRateSpacesRequestsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client.New(client.Config{Target: target(t, "http://api.test"), Rate: 10, Transport: trip(func(*http.Request) (*http.Response, error) {
			return answer(200, strings.NewReader("")), nil
		})})
		start := time.Now()
		for range 11 {
			if _, err := c.Do(context.Background(), get(target(t, "http://api.test/"))); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(start); got != time.Second {
			t.Errorf("11 requests at 10/s took %v, want 1s", got)
		}
	})
}

func TestServerErrorsSlowTheScanDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client.New(client.Config{Target: target(t, "http://api.test"), Transport: trip(func(*http.Request) (*http.Response, error) {
			return answer(500, strings.NewReader("")), nil
		})})
		start := time.Now()
		for range 20 {
			if _, err := c.Do(context.Background(), get(target(t, "http://api.test/"))); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(start); got < 5*time.Second || got > 20*time.Second {
			t.Errorf("20 server errors took %v; want a back-off that grows to 1 s a request", got)
		}
	})
}

func TestAForgeryCarriesNoMarker(t *testing.T) {
	var seen http.Header
	c := client.New(client.Config{Target: target(t, "http://api.test"), Header: http.Header{"X-Gateway": {"k"}, "Cookie": {"gate=1"}},
		Transport: trip(func(r *http.Request) (*http.Response, error) {
			seen = r.Header
			return answer(200, strings.NewReader("")), nil
		})})
	r := get(target(t, "http://api.test/"))
	r.Header.Set("Cookie", "a=b")
	if _, err := c.Do(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if seen.Get(client.MarkerHeader) == "" || seen.Get("X-Gateway") != "k" || seen.Get("Cookie") != "gate=1; a=b" {
		t.Errorf("a legitimate request was sent with %v", seen)
	}
	r.Bare = true
	if _, err := c.Do(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if _, marked := seen[client.MarkerHeader]; marked || seen.Get("X-Gateway") != "k" {
		t.Errorf("a forged request was sent with %v", seen)
	}
	c.HeadersOpenTheWay(false)
	for _, bare := range []bool{true, false} {
		r.Bare = bare
		if _, err := c.Do(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := seen.Get("X-Gateway"); (got == "") != bare || seen.Get("Cookie") != "gate=1; a=b" {
			t.Errorf("where the way is open without the field, bare=%v was sent with %v", bare, seen)
		}
	}
}

func TestDumpHoldsNoCredential(t *testing.T) {
	var red secret.Redactor
	red.Add("hunter2-password", "csrf-value-1")
	u := target(t, "http://api.test/login?token=csrf-value-1")
	r := &client.Request{Method: "POST", URL: u, Body: []byte(`{"password":"hunter2-password"}` + strings.Repeat("x", 1970) + "hunter2-password"),
		Header: http.Header{"Authorization": {"Bearer abc.def.ghi"}, "Cookie": {"session=topsecret; b=other1"}, "X-Csrf-Token": {"csrf-value-1"}}}
	res := &client.Response{Request: r, Status: 200, Header: http.Header{"Set-Cookie": {"session=topsecret; Path=/; HttpOnly"}}, Body: []byte("hunter2-password")}
	text := r.Dump(&red) + res.Dump(&red)
	for _, s := range []string{"hunter2", "abc.def", "topsecret", "other1", "csrf-value-1"} {
		if strings.Contains(text, s) {
			t.Errorf("%q stands in the transcript:\n%s", s, text)
		}
	}
	for _, s := range []string{"session=[redacted]; Path=/; HttpOnly", "POST /login?token=[redacted]", "Bearer [redacted]"} {
		if !strings.Contains(text, s) {
			t.Errorf("%q is missing in the transcript:\n%s", s, text)
		}
	}
}
