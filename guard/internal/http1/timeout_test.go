package http1_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/http1"
	"github.com/d710e0ae/countersign/guard/internal/pulse"
)

// A pipes is a listener of connections in memory, whose time can be a test's.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial returns the client's end.
func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// lifetime returns how long the server keeps the connection, on which it is
// sent text, a byte every pause, or at once if that is 0; and what it says.
func lifetime(c net.Conn, text string, pause time.Duration) (time.Duration, string) {
	from := time.Now()
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Go(func() {
		if pause == 0 {
			io.WriteString(c, text)
			return
		}
		for i := range len(text) {
			if _, err := io.WriteString(c, text[i:i+1]); err != nil {
				return
			}
			time.Sleep(pause)
		}
	})
	said, _ := io.ReadAll(c)
	c.Close()
	return time.Since(from), string(said)
}

func TestWhatTakesTooLongIsEnded(t *testing.T) {
	long := "GET / HTTP/1.1\r\nHost: a\r\nX-A: " + strings.Repeat("b", 1000)
	for _, x := range []struct {
		name, text string
		pause      time.Duration
		want       time.Duration
		said       string
	}{
		{"nothing at all", "", 0, 10 * time.Second, ""},
		{"a head that stops", "GET / HTTP/1.1\r\n", 0, 10 * time.Second, "HTTP/1.1 408 "},
		{"a head that drips", long, time.Second, 10 * time.Second, "HTTP/1.1 408 "},
		{"a body that drips on", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", time.Millisecond * 100, 0, "HTTP/1.1 200 "},
		{"one request, and no other", get, 0, time.Minute, "HTTP/1.1 200 "},
		{"a second head that stops", get + "GET", 0, 10 * time.Second, "HTTP/1.1 200 "},
	} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, p := newFront(echo), newPipes()
				f.serve(t, p)
				took, said := lifetime(p.dial(), x.text, x.pause)
				if x.want > 0 && (took < x.want || took > x.want+3*pulse.Period+time.Second) {
					t.Errorf("it was ended after %v, not %v", took, x.want)
				}
				if !strings.HasPrefix(said, x.said) || x.said == "" && said != "" {
					t.Errorf("it was told %q", said)
				}
			})
		})
	}
}

func TestAClientThatTakesNothingIsGivenUp(t *testing.T) {
	for name, path := range map[string]string{"one write": "/", "many writes": "/many"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan error, 1)
				f, p := newFront(func(w http.ResponseWriter, r *http.Request) {
					n := 1 << 20
					if r.URL.Path == "/many" {
						n = 10
					}
					var err error
					for err == nil {
						_, err = w.Write(make([]byte, n))
					}
					ended <- errors.Join(err, r.Context().Err())
				}), newPipes()
				f.serve(t, p)
				c := p.dial()
				(&client{c, t, newReader(c)}).send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")
				from := time.Now()
				if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) || !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				if took := time.Since(from); took < f.WriteTimeout || took > f.WriteTimeout+2*pulse.Period {
					t.Errorf("given up after %v", took)
				}
			})
		})
	}
}

// What was given up is not sent on by the kernel, which would hold megabytes for
// as long as the client likes.
func TestNothingIsSentOnToAClientThatWasGivenUp(t *testing.T) {
	ended := make(chan struct{})
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		for err := error(nil); err == nil; {
			_, err = w.Write(make([]byte, 1<<20))
		}
	}, func(s *http1.Server) { s.WriteTimeout = 100 * time.Millisecond })
	c := f.dial(t).send(get)
	<-ended
	if _, err := io.Copy(io.Discard, c.r); err == nil {
		t.Error("the client got all that the kernel held, and an ordinary end")
	}
}

func TestAClientThatTakesItsTimeIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := strings.Repeat("x", 20<<10)
		f, p := newFront(func(w http.ResponseWriter, _ *http.Request) {
			for at := 0; at < len(text); at += 4 << 10 {
				if _, err := io.WriteString(w, text[at:at+4<<10]); err != nil {
					t.Error(err)
				}
			}
		}), newPipes()
		f.serve(t, p)
		c := &client{p.dial(), t, nil}
		c.r = newReader(slow{c.Conn})
		if _, got := c.send(get).answer(); got != text {
			t.Errorf("%d bytes of %d", len(got), len(text))
		}
		c.Close()
	})
}

// slow reads a piece every five seconds.
type slow struct{ net.Conn }

func (s slow) Read(p []byte) (int, error) {
	time.Sleep(5 * time.Second)
	return s.Conn.Read(p)
}

func TestShutdownLetsRequestsFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		f, p := newFront(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				<-release
			}
			echo(w, r)
		}), newPipes()
		f.serve(t, p)
		idle, busy, unused := p.dial(), p.dial(), p.dial()
		one := &client{idle, t, newReader(idle)}
		one.send(get).answer()
		two := &client{busy, t, newReader(busy)}
		two.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
		synctest.Wait()
		from := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- f.Shutdown(t.Context()) }()
		if !one.ended() || time.Since(from) > time.Second {
			t.Error("a connection that waits was not ended at once")
		}
		if _, err := io.ReadAll(unused); err != nil || time.Since(from) < 4*time.Second || time.Since(from) > 6*time.Second {
			t.Errorf("a new connection was ended after %v", time.Since(from))
		}
		select {
		case err := <-ended:
			t.Fatalf("it did not wait for a request: %v", err)
		default:
		}
		close(release)
		if res, body := two.answer(); body != "GET /slow " || !res.Close || !two.ended() {
			t.Errorf("%v %q", res, body)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestShutdownEndsWithItsContextAndCloseEndsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, p := newFront(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), newPipes()
		f.serve(t, p)
		c := p.dial()
		(&client{c, t, newReader(c)}).send(get)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := f.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if rest, _ := io.ReadAll(c); len(rest) > 0 {
			t.Errorf("it was told %q", rest)
		}
	})
}
