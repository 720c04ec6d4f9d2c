package guard_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A counter is an API that notes how often each item was asked for. It can be
// killed, with its connections, and comes back at the same address.
type counter struct {
	address string
	server  *httptest.Server

	mu   sync.Mutex
	done map[string]int
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	c.mu.Lock()
	c.done[r.URL.Path]++
	c.mu.Unlock()
	io.WriteString(w, "done "+r.URL.Path)
}

func (c *counter) times(item string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done[item]
}

func (c *counter) begin(t testing.TB) {
	t.Helper()
	var l net.Listener
	eventually(t, "the API's address", func() bool {
		var err error
		l, err = net.Listen("tcp", c.address)
		return err == nil
	})
	c.address = l.Addr().String()
	c.server = &httptest.Server{Listener: l, Config: &http.Server{Handler: c}}
	c.server.Start()
}

func (c *counter) kill() {
	c.server.Listener.Close()
	c.server.CloseClientConnections()
	c.server.Close()
}

// crowd sends POSTs of items of their own until stop is called, which waits
// for them. Judge is told the item and what came of it: a status with the
// problem's code or the body, or an error.
func crowd(addr string, judge func(item string, status int, text string, err error)) (stop func()) {
	var end atomic.Bool
	var work sync.WaitGroup
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	for who := range 8 {
		work.Go(func() {
			for n := 0; !end.Load(); n++ {
				item := fmt.Sprintf("/item/%d-%d", who, n)
				r, err := http.NewRequest(http.MethodPost, "http://"+addr+item, strings.NewReader("body"))
				if err != nil {
					panic(err)
				}
				r.Host = servedHost
				r.Header.Set("Origin", "http://"+servedHost)
				res, err := transport.RoundTrip(r)
				if err != nil {
					judge(item, 0, "", err)
					continue
				}
				body, err := io.ReadAll(res.Body)
				res.Body.Close()
				text := string(body)
				if res.Header.Get("Content-Type") == "application/problem+json" {
					var p struct{ Code string }
					if err == nil {
						err = json.Unmarshal(body, &p)
					}
					text = p.Code
				}
				judge(item, res.StatusCode, text, err)
			}
		})
	}
	return func() {
		end.Store(true)
		work.Wait()
		transport.CloseIdleConnections()
	}
}

// Each request is answered as it ended: carried out once, or a problem that
// says it was not, or that nobody knows.
func TestTheAPIIsKilledAndComesBackUnderLoad(t *testing.T) {
	api := &counter{address: "127.0.0.1:0", done: map[string]int{}}
	api.begin(t)
	s := start(t, "http://"+api.address, "")
	var good, unreachable atomic.Int64
	stop := crowd(s.addr, func(item string, status int, text string, err error) {
		times := api.times(item)
		switch {
		case err != nil:
			t.Errorf("%s: %v", item, err)
		case status == 200 && text == "done "+item && times == 1:
			good.Add(1)
		case status == 502 && text == "upstream-unreachable" && times == 0:
			unreachable.Add(1)
		case status == 502 && text == "upstream-failed" && times <= 1:
		default:
			t.Errorf("%s: %d %s, carried out %d times", item, status, text, times)
		}
	})
	for range 3 {
		before := good.Load()
		eventually(t, "good answers", func() bool { return good.Load() > before+50 })
		api.kill()
		before = unreachable.Load()
		eventually(t, "refusals", func() bool { return unreachable.Load() > before+20 })
		api.begin(t)
	}
	before := good.Load()
	eventually(t, "good answers at the end", func() bool { return good.Load() > before+50 })
	stop()
	api.kill()
}

// What the API has carried out was answered; what was not taken was not
// carried out.
func TestShutdownUnderLoadLosesNothing(t *testing.T) {
	api := &counter{address: "127.0.0.1:0", done: map[string]int{}}
	api.begin(t)
	defer api.kill()
	s := start(t, "http://"+api.address, "")
	var good, notTaken atomic.Int64
	stop := crowd(s.addr, func(item string, status int, text string, err error) {
		times := api.times(item)
		switch {
		case err != nil && times == 0:
			notTaken.Add(1)
		case err == nil && status == 200 && text == "done "+item && times == 1:
			good.Add(1)
		default:
			t.Errorf("%s: %d %s %v, carried out %d times", item, status, text, err, times)
		}
	})
	eventually(t, "good answers", func() bool { return good.Load() > 200 })
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	eventually(t, "the end of it", func() bool { return notTaken.Load() > 20 })
	stop()
}
