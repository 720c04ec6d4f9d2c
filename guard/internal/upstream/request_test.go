package upstream_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/upstream"
)

func withBody(q *upstream.Request, r io.Reader, n int64) *upstream.Request {
	q.Body, q.Length = r, n
	return q
}

// dripping gives a byte at a time.
type dripping struct {
	text  string
	pause time.Duration
}

func (d *dripping) Read(p []byte) (int, error) {
	if d.text == "" {
		return 0, io.EOF
	}
	time.Sleep(d.pause)
	n := copy(p[:1], d.text)
	d.text = d.text[1:]
	return n, nil
}

const fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestBodiesArriveAsTheyWere(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 10<<10) // 160 KiB
	for name, c := range map[string]struct {
		body string
		n    int64
	}{
		"none":            {"", 0},
		"short":           {"abc", 3},
		"long":            {long, int64(len(long))},
		"short in chunks": {"abc", -1},
		"long in chunks":  {long, -1},
		"empty in chunks": {"", -1},
	} {
		a := newAPI(t, saying(fine))
		for range 2 {
			if _, body, err := a.ask(t.Context(), withBody(request("POST"), strings.NewReader(c.body), c.n)); err != nil || body != "ok" {
				t.Errorf("%s: %q %v", name, body, err)
			}
		}
		if conns, n := a.counts(); conns != 1 || n != 2 || a.got[1] != "POST / "+c.body {
			t.Errorf("%s: %d requests on %d connections; the API got %.40q", name, n, conns, a.got)
		}
	}
}

func TestTheTrailerFollowsTheBody(t *testing.T) {
	var got http.Header
	here, there := net.Pipe()
	c := upstream.New(upstream.Config{ConnectTimeout: time.Minute, ResponseTimeout: time.Minute, IdleTimeout: time.Minute, MaxIdle: 1, MaxHeader: 4 << 10,
		Dial: func(context.Context, string, string) (net.Conn, error) { return here, nil }})
	defer c.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r, err := http.ReadRequest(bufio.NewReader(there))
		if err != nil {
			t.Error(err)
			return
		}
		io.Copy(io.Discard, r.Body)
		got = r.Trailer
		io.WriteString(there, fine)
	}()
	q := withBody(request("POST"), strings.NewReader("abc"), -1)
	q.Trailer = func() http.Header { return http.Header{"X-Sum": {"7"}} }
	res, err := c.Do(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if <-done; got.Get("X-Sum") != "7" {
		t.Errorf("%v", got)
	}
}

func TestBodiesThatAreNotAsAnnounced(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	broken := errors.New("on purpose")
	for name, c := range map[string]struct {
		body io.Reader
		n    int64
	}{
		"shorter":        {strings.NewReader("abc"), 5},
		"long, shorter":  {strings.NewReader(long), int64(len(long) + 1)},
		"long, longer":   {strings.NewReader(long + long), int64(len(long))},
		"breaks off":     {io.MultiReader(strings.NewReader("abc"), failing{broken}), 5},
		"long, breaks":   {io.MultiReader(strings.NewReader(long), failing{broken}), int64(2 * len(long))},
		"chunked breaks": {io.MultiReader(strings.NewReader(long), failing{broken}), -1},
	} {
		a := newAPI(t, saying(fine))
		_, _, err := a.ask(t.Context(), withBody(request("POST"), c.body, c.n))
		if !errors.Is(err, upstream.ErrRequestBody) || strings.Contains(name, "break") && !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		if _, n := a.counts(); n != 0 {
			t.Errorf("%s: the API took the part for the whole: %.40q", name, a.got)
		}
		if a.Idle() != 0 {
			t.Errorf("%s: the connection was kept", name)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// An API that answers before it has read the request, and reads no more.
func TestAnAnswerBeforeTheEndOfTheRequest(t *testing.T) {
	here, there := net.Pipe()
	c := upstream.New(upstream.Config{ConnectTimeout: time.Minute, ResponseTimeout: time.Minute, IdleTimeout: time.Minute, MaxIdle: 1, MaxHeader: 4 << 10,
		Dial: func(context.Context, string, string) (net.Conn, error) { return here, nil }})
	defer c.Close()
	go func() {
		io.ReadFull(there, make([]byte, 100))
		io.WriteString(there, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
	}()
	body, end := io.Pipe() // a client that sends on and on
	go func() {
		for {
			if _, err := end.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}()
	aborted := make(chan struct{})
	q := withBody(request("POST"), body, -1)
	q.Abort = func() {
		close(aborted)
		body.CloseWithError(context.Canceled)
	}
	res, err := c.Do(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(res.Body); err != nil || string(text) != "no" || res.Status != 413 {
		t.Errorf("%d %q %v", res.Status, text, err)
	}
	res.Body.Close()
	<-aborted
	if c.Idle() != 0 {
		t.Error("the connection was kept")
	}
}

// An API that takes the beginning of a body and then neither more of it nor
// answers would be waited for as long as it likes: the client is not read, and
// nobody sees whether it is still there.
func TestAnAPIThatTakesNothing(t *testing.T) {
	const size = 1 << 20
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			pause time.Duration // of the API
			want  error
		}{
			"control: it pauses": {9 * time.Second, nil},
			"it stops":           {time.Hour, upstream.ErrTimeout},
		} {
			for _, length := range []int64{-1, size} {
				here, there := net.Pipe()
				client := upstream.New(upstream.Config{ConnectTimeout: time.Minute, ResponseTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxIdle: 1, MaxHeader: 4 << 10,
					Dial: func(context.Context, string, string) (net.Conn, error) { return here, nil }})
				var server sync.WaitGroup
				server.Go(func() {
					io.ReadFull(there, make([]byte, 100))
					time.Sleep(c.pause)
					io.CopyN(io.Discard, there, size/2)
					io.WriteString(there, fine)
				})
				from := time.Now()
				res, err := client.Do(t.Context(), withBody(request("POST"), strings.NewReader(strings.Repeat("x", size)), length))
				if took := time.Since(from); !errors.Is(err, c.want) || took > 11*time.Second {
					t.Errorf("%s, %d: %v after %v", name, length, err, took)
				}
				if err == nil {
					res.Body.Close()
				}
				there.Close()
				server.Wait()
				client.Close()
			}
		}
	})
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, saying(fine))
		ask := func() {
			t.Helper()
			if _, _, err := a.ask(t.Context(), request("GET")); err != nil {
				t.Fatal(err)
			}
		}
		want := func(n int, when string) {
			t.Helper()
			if conns, _ := a.counts(); conns != n {
				t.Errorf("%s: %d connections, not %d", when, conns, n)
			}
		}
		for range 5 {
			ask()
		}
		want(1, "one after the other")
		time.Sleep(9 * time.Second)
		ask()
		want(1, "before the idle timeout")
		time.Sleep(11 * time.Second)
		ask()
		want(2, "after the idle timeout")
		// Three at a time; two may be kept.
		var open []*upstream.Response
		for range 3 {
			res, err := a.Do(t.Context(), request("GET"))
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, res)
		}
		want(4, "three at a time")
		for _, res := range open {
			io.ReadAll(res.Body)
			res.Body.Close()
		}
		if a.Idle() != 2 {
			t.Errorf("%d connections are kept", a.Idle())
		}
		a.Close()
		if a.Idle() != 0 {
			t.Error("connections are kept after Close")
		}
	})
}

// A request whose connection turns out to be closed is sent again only where
// that cannot do a thing twice.
func TestOnStaleConnections(t *testing.T) {
	for name, c := range map[string]struct {
		request func() *upstream.Request
		again   bool
	}{
		"GET":            {func() *upstream.Request { return request("GET") }, true},
		"HEAD":           {func() *upstream.Request { return request("HEAD") }, true},
		"PUT":            {func() *upstream.Request { return withBody(request("PUT"), strings.NewReader("abc"), 3) }, true},
		"DELETE":         {func() *upstream.Request { return request("DELETE") }, true},
		"POST":           {func() *upstream.Request { return withBody(request("POST"), strings.NewReader("abc"), 3) }, false},
		"PATCH":          {func() *upstream.Request { return request("PATCH") }, false},
		"QUERY":          {func() *upstream.Request { return request("QUERY") }, false},
		"PUT, streaming": {func() *upstream.Request { return withBody(request("PUT"), strings.NewReader("abc"), -1) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			// The first connection answers once, and dies of the second
			// request, which it may have carried out.
			a := newAPI(t, func(n int, c net.Conn, request string) {
				if strings.HasPrefix(request, "OPTIONS") || n > 0 {
					io.WriteString(c, strings.Replace(fine, "ok", map[bool]string{true: "", false: "ok"}[strings.HasPrefix(request, "HEAD")], 1))
					return
				}
				c.Close()
			})
			if _, _, err := a.ask(t.Context(), request("OPTIONS")); err != nil {
				t.Fatal(err)
			}
			_, _, err := a.ask(t.Context(), c.request())
			if again := err == nil; again != c.again {
				t.Errorf("sent again: %v (%v)", again, err)
			}
			want := 2
			if c.again {
				want = 3
			}
			if _, n := a.counts(); n != want {
				t.Errorf("the API got %q", a.got)
			}
		})
	}
}

// Uvicorn closes a connection some time after the 500 of an exception that
// nobody caught: too late for the next request to see it.
func TestAConnectionIsNotUsedAgainAfterA500(t *testing.T) {
	for status, want := range map[string]int{"500 Internal Server Error": 2, "503 Service Unavailable": 1} {
		a := newAPI(t, func(n int, c net.Conn, request string) {
			if strings.HasSuffix(request, "boom") {
				io.WriteString(c, strings.Replace(fine, "200 OK", status, 1))
				return
			}
			io.WriteString(c, fine)
		})
		if res, _, err := a.ask(t.Context(), withBody(request("POST"), strings.NewReader("boom"), 4)); err != nil || res.Status < 500 {
			t.Fatalf("control: %v %v", res, err)
		}
		if _, body, err := a.ask(t.Context(), withBody(request("POST"), strings.NewReader("next"), 4)); err != nil || body != "ok" {
			t.Errorf("after %s: %q %v", status, body, err)
		}
		if conns, _ := a.counts(); conns != want {
			t.Errorf("after %s: %d connections, not %d", status, conns, want)
		}
	}
}

func TestANewConnectionThatFailsIsNotTriedAgain(t *testing.T) {
	a := newAPI(t, func(_ int, c net.Conn, _ string) { c.Close() })
	if _, _, err := a.ask(t.Context(), request("GET")); err == nil || errors.Is(err, upstream.ErrConnect) {
		t.Error(err)
	}
	if conns, n := a.counts(); conns != 1 || n != 1 {
		t.Errorf("%d requests on %d connections", n, conns)
	}
}

// Bytes that come unasked would be taken for the next answer: who can make the
// API send them answers other users' requests.
func TestAttack_72_BytesThatCameUnasked(t *testing.T) {
	a := newAPI(t, func(n int, c net.Conn, _ string) {
		if n == 0 {
			io.WriteString(c, fine+"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
			return
		}
		io.WriteString(c, fine)
	})
	for i := range 3 {
		if _, body, err := a.ask(t.Context(), request("GET")); err != nil || body != "ok" {
			t.Errorf("request %d: %q %v", i, body, err)
		}
	}
	if conns, _ := a.counts(); conns != 2 {
		t.Errorf("%d connections", conns)
	}
}

// The same bytes a moment later, when the connection is unused already.
func TestAttack_72_BytesThatComeLate(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var server sync.WaitGroup
	defer server.Wait()
	defer l.Close()
	unused, said := make(chan struct{}), make(chan struct{})
	server.Go(func() {
		for first := true; ; first = false {
			c, err := l.Accept()
			if err != nil {
				return
			}
			server.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
					io.WriteString(c, fine)
					if first {
						<-unused
						io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
						close(said)
						return
					}
				}
			})
		}
	})
	a := newAPI(t, nil, func(c *upstream.Config) {
		c.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
		}
	})
	ask := func() {
		t.Helper()
		if _, body, err := a.ask(t.Context(), request("GET")); err != nil || body != "ok" {
			t.Errorf("%q %v", body, err)
		}
	}
	ask()
	if a.Idle() != 1 {
		t.Fatal("control: the connection is not to be used again")
	}
	close(unused)
	<-said
	ask()
	a.Close()
}

func TestTheContextEndsAnExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		a := newAPI(t, func(_ int, c net.Conn, request string) {
			if strings.HasPrefix(request, "PUT") {
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
			}
			<-release
		})
		for name, c := range map[string]*upstream.Request{
			"before the answer": request("GET"),
			"within the answer": request("PUT"),
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			from := time.Now()
			_, _, err := a.ask(ctx, c)
			if took := time.Since(from); err == nil || took != 3*time.Second {
				t.Errorf("%s: %v after %v", name, err, took)
			}
			if c.Method == "GET" && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
			cancel()
			if a.Idle() != 0 {
				t.Errorf("%s: the connection was kept", name)
			}
		}
		close(release)
	})
}

func TestConnectingFails(t *testing.T) {
	refused := errors.New("refused")
	a := newAPI(t, saying(fine), func(c *upstream.Config) {
		c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, refused }
	})
	if _, _, err := a.ask(t.Context(), request("GET")); !errors.Is(err, upstream.ErrConnect) || !errors.Is(err, refused) {
		t.Error(err)
	}
	if err := a.Ready(t.Context()); !errors.Is(err, upstream.ErrConnect) {
		t.Error(err)
	}
}
