package http1_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/pulse"
)

// mirror answers with what the request alone has: its name in a header, its
// body after it. It does so in as many ways as there are.
func mirror(w http.ResponseWriter, r *http.Request) {
	name := r.Header.Get("X-Name")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if len(r.Header) > 3 || r.URL.Path != "/"+name {
		name = fmt.Sprintf("mixed up: %v %v", r.URL, r.Header)
	}
	w.Header().Set("X-Name", name)
	w.Header().Set("X-Only-"+name, "1")
	text := name + ":" + string(body)
	switch len(text) % 3 {
	case 0:
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	case 1:
		w.(http.Flusher).Flush()
	}
	half := len(text) / 2
	io.WriteString(w, text[:half])
	io.WriteString(w, text[half:])
}

// visit sends requests on one connection, each with a name of its own and after
// a pause, until it is told that no more follows, and returns how many were
// answered.
func visit(addr string, id, n int, pause func() time.Duration) (answered int, err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	r := bufio.NewReader(c)
	for i := range n {
		time.Sleep(pause())
		name := fmt.Sprintf("N%d-%d", id, i)
		body := strings.Repeat(name, rand.IntN(200))
		var request string
		if i%2 == 0 {
			request = fmt.Sprintf("POST /%s HTTP/1.1\r\nHost: a\r\nX-Name: %s\r\nContent-Length: %d\r\n\r\n%s", name, name, len(body), body)
		} else {
			request = fmt.Sprintf("POST /%s HTTP/1.1\r\nHost: a\r\nX-Name: %s\r\nTransfer-Encoding: chunked\r\n\r\n", name, name)
			if body != "" {
				request += fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
			}
			request += "0\r\n\r\n"
		}
		if _, err := io.WriteString(c, request); err != nil {
			return answered, errGone
		}
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			return answered, errGone
		}
		got, err := io.ReadAll(res.Body)
		if err != nil {
			return answered, fmt.Errorf("%s: the answer breaks off: %w", name, err)
		}
		if want := name + ":" + body; string(got) != want || res.Header.Get("X-Name") != name || res.Header.Get("X-Only-"+name) != "1" {
			return answered, fmt.Errorf("%s: %.80q, %v", name, got, res.Header)
		}
		extra := 0
		for h := range res.Header {
			if strings.HasPrefix(h, "X-Only-") {
				extra++
			}
		}
		if extra != 1 {
			return answered, fmt.Errorf("%s: fields of others: %v", name, res.Header)
		}
		answered++
		if res.Close {
			return answered, nil
		}
	}
	return answered, nil
}

func busy() time.Duration { return 0 }

// errGone says that the server ended the connection instead of answering.
var errGone = errors.New("the connection is gone")

// What one request leaves behind must not show in another's answer.
func TestNothingPassesFromOneRequestToAnother(t *testing.T) {
	f := start(t, mirror)
	var work sync.WaitGroup
	for id := range 20 {
		work.Go(func() {
			if n, err := visit(f.addr, id, 100, busy); err != nil || n != 100 {
				t.Errorf("%d answers, %v", n, err)
			}
		})
		work.Go(func() { // beside those who break off anywhere
			for range 50 {
				c, err := net.Dial("tcp", f.addr)
				if err != nil {
					t.Error(err)
					return
				}
				text := "POST /x HTTP/1.1\r\nHost: a\r\nX-Name: x\r\nX-Leak: y\r\nContent-Length: 10\r\n\r\n0123456789"
				io.WriteString(c, text[:rand.IntN(len(text))])
				c.Close()
			}
		})
	}
	work.Wait()
}

// Each request that reached the handler before the end is answered whole.
func TestNoRequestIsLostByAShutdown(t *testing.T) {
	var handled, answered atomic.Int64
	begun := make(chan struct{})
	var once sync.Once
	f := start(t, func(w http.ResponseWriter, r *http.Request) {
		if handled.Add(1) == 500 {
			once.Do(func() { close(begun) })
		}
		mirror(w, r)
	})
	var work sync.WaitGroup
	for id := range 20 {
		work.Go(func() {
			n, err := visit(f.addr, id, 100_000, busy)
			answered.Add(int64(n))
			if err != nil && err != errGone {
				t.Error(err)
			}
		})
	}
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := f.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	work.Wait()
	if h, a := handled.Load(), answered.Load(); h != a || h < 500 {
		t.Errorf("%d requests were handled, %d answered", h, a)
	}
}

// A connection that waits for long changes its goroutine. A request that comes
// at that very moment, or at another, is served as any.
func TestRequestsAfterLongPauses(t *testing.T) {
	f := start(t, mirror)
	around := func() time.Duration { return pulse.Period - 5*time.Millisecond + rand.N(pulse.Period/4) }
	var work sync.WaitGroup
	for id := range 50 {
		work.Go(func() {
			if n, err := visit(f.addr, id, 10, around); err != nil || n != 10 {
				t.Errorf("%d answers, %v", n, err)
			}
		})
	}
	work.Wait()
}
