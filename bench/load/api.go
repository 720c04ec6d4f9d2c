package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// hostile begins the name of every item that no request may ever write.
const hostile = "h-"

// An api is what the guard stands before. It knows what it has executed: each
// request names an item of its own, so that one that is lost, comes twice or
// was forged is seen.
type api struct {
	secret []byte
	addr   string // the same each time it is started
	server *http.Server

	mu      sync.Mutex
	done    map[string]int  // how often each item was written or read
	refresh map[string]bool // tokens that were not yet redeemed
	forged  []string        // what reached it and must not have
	total   int
}

// newAPI finds a free address for it.
func newAPI() (*api, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	return &api{
		secret: []byte(rand.Text() + rand.Text()), addr: l.Addr().String(),
		done: map[string]int{}, refresh: map[string]bool{},
	}, nil
}

func (a *api) start() error {
	l, err := net.Listen("tcp", a.addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: a, ReadHeaderTimeout: patience}
	a.server = server
	go server.Serve(l)
	return nil
}

// stop cuts every connection, as a crash does.
func (a *api) stop() error { return a.server.Close() }

// take returns how often the item came, and forgets it.
func (a *api) take(item string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.done[item]
	delete(a.done, item)
	return n
}

// leftover returns the items that came and were not taken: those that came
// again later, or whose answer was lost.
func (a *api) leftover() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var items []string
	for item := range a.done {
		items = append(items, item)
	}
	return items
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, item, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch kind {
	case "login":
		a.note(r, item)
		a.tokens(w)
		return
	case "refresh":
		a.renew(w, r)
		return
	}
	if !a.authenticates(r.Header.Get("Authorization")) {
		if r.Method != http.MethodGet {
			a.note(r, item)
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // cut off by the client: nothing is executed
	}
	a.note(r, item)
	switch kind {
	case "events":
		events(w, r, item)
	case "ws":
		echo(w, r)
	default:
		sum := sha256.Sum256(body)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"item":%q,"bytes":%d,"sum":"%x"}`, item, len(body), sum)
	}
}

// note counts the item as executed.
func (a *api) note(r *http.Request, item string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.total++
	if strings.HasPrefix(item, hostile) {
		a.forged = append(a.forged, r.Method+" "+r.URL.Path)
		return
	}
	if item != "" {
		a.done[item]++
	}
}

func (a *api) tokens(w http.ResponseWriter) {
	refresh := rand.Text()
	a.mu.Lock()
	a.refresh[refresh] = true
	a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"access_token":%q,"refresh_token":%q,"token_type":"bearer"}`, a.token(), refresh)
}

// renew redeems each refresh token once.
func (a *api) renew(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Refresh string `json:"refresh_token"`
	}
	err := json.NewDecoder(r.Body).Decode(&in)
	a.mu.Lock()
	known := a.refresh[in.Refresh]
	delete(a.refresh, in.Refresh)
	a.mu.Unlock()
	if err != nil || !known {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	a.tokens(w)
}

func (a *api) token() string {
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"alice","jti":"` + rand.Text() + `","exp":` + strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10) + `}`))
	return head + "." + claims + "." + a.sign(head+"."+claims)
}

func (a *api) sign(text string) string {
	m := hmac.New(sha256.New, a.secret)
	m.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (a *api) authenticates(field string) bool {
	token, ok := strings.CutPrefix(field, "Bearer ")
	i := strings.LastIndexByte(token, '.')
	return ok && i > 0 && hmac.Equal([]byte(token[i+1:]), []byte(a.sign(token[:i])))
}

// eventsOf is how many events one stream has.
const eventsOf = 3

func events(w http.ResponseWriter, r *http.Request, item string) {
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	for i := range eventsOf {
		fmt.Fprintf(w, "data: %s %d\n\n", item, i)
		if control.Flush() != nil || r.Context().Err() != nil {
			return
		}
	}
}

// echo answers a WebSocket handshake (RFC 6455, section 4.2.2) and sends one
// text frame back.
func echo(w http.ResponseWriter, r *http.Request) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	sum := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	if rw.Flush() != nil {
		return
	}
	text, err := readFrame(rw.Reader)
	if err != nil {
		return
	}
	rw.Write(append([]byte{0x81, byte(len(text))}, text...))
	rw.Flush()
}

// readFrame reads one short text frame (RFC 6455, section 5.2).
func readFrame(r *bufio.Reader) ([]byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int(head[1] & 0x7f)
	if head[0] != 0x81 || n > 125 {
		return nil, errors.New("not a short text frame")
	}
	var mask [4]byte
	if head[1]&0x80 != 0 {
		if _, err := io.ReadFull(r, mask[:]); err != nil {
			return nil, err
		}
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	key := binary.BigEndian.Uint32(mask[:])
	for i := range text {
		text[i] ^= byte(key >> (24 - 8*(i%4)))
	}
	return text, nil
}
