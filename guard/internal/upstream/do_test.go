package upstream_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/upstream"
)

// A lateConn reports its last write only after the answer was read.
type lateConn struct {
	net.Conn
	answered <-chan struct{}
}

func (c lateConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if strings.HasSuffix(string(p), "0\r\n\r\n") {
		<-c.answered
	}
	return n, err
}

// The API may answer before the write of the request's end returns; the
// client's connection, which is fine, must not be broken for it.
func TestAnAnswerBeforeTheLastWriteReturnsAbortsNothing(t *testing.T) {
	here, there := net.Pipe()
	var api sync.WaitGroup
	api.Go(func() {
		defer there.Close()
		var got strings.Builder
		b := make([]byte, 1<<10)
		for !strings.HasSuffix(got.String(), "0\r\n\r\n") {
			n, err := there.Read(b)
			if err != nil {
				t.Error(err)
				return
			}
			got.Write(b[:n])
		}
		io.WriteString(there, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	answered := make(chan struct{})
	c := upstream.New(upstream.Config{
		ConnectTimeout: time.Minute, ResponseTimeout: time.Minute, IdleTimeout: time.Minute, MaxIdle: 1, MaxHeader: 4 << 10,
		Dial: func(context.Context, string, string) (net.Conn, error) { return lateConn{here, answered}, nil },
	})
	defer c.Close()
	aborted := false
	res, err := c.Do(t.Context(), &upstream.Request{
		Method: "POST", Head: []byte("POST / HTTP/1.1\r\nHost: a\r\n"), Body: strings.NewReader("body"), Length: -1,
		Abort: func() { aborted = true },
	})
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, func() { close(answered) })
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "ok" {
		t.Errorf("the answer is %q, %v", body, err)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	api.Wait()
	if aborted {
		t.Error("the client's connection was aborted")
	}
	if c.Idle() != 1 {
		t.Error("the connection to the API was not kept")
	}
}
