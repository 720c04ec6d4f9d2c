package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	connections = 32
	headBytes   = 500
	idleClients = 2000
)

// message returns a request whose head has headBytes bytes.
func message(method, path, host string, fields []string, body string) ([]byte, error) {
	head := method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + strings.Join(fields, "\r\n") + "\r\n"
	if method == "POST" {
		head += "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	const pad = "User-Agent: "
	missing := headBytes - len(head) - len(pad) - len("\r\n\r\n")
	if missing < 0 {
		return nil, fmt.Errorf("the head has %d bytes more than %d", -missing, headBytes)
	}
	return []byte(head + pad + strings.Repeat("u", missing) + "\r\n\r\n" + body), nil
}

// A client is one connection that sends the same request again and again.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(addr string) (*client, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &client{c, bufio.NewReader(c)}, nil
}

// roundTrip sends the request and reads the whole answer, which must be 200.
func (c *client) roundTrip(request []byte) (header textproto.MIMEHeader, body []byte, err error) {
	c.conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.conn.Write(request); err != nil {
		return nil, nil, err
	}
	text := textproto.NewReader(c.in)
	status, err := text.ReadLine()
	if err != nil {
		return nil, nil, err
	}
	if header, err = text.ReadMIMEHeader(); err != nil {
		return nil, nil, err
	}
	n, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil {
		return nil, nil, errors.New("an answer without Content-Length")
	}
	body = make([]byte, n)
	if _, err := io.ReadFull(c.in, body); err != nil {
		return nil, nil, err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 200 ") {
		return nil, nil, fmt.Errorf("%s: %s", status, body)
	}
	return header, body, nil
}

// load sends n requests over all connections and fails at the first answer
// that is not 200.
func load(ctx context.Context, addr string, request []byte, n int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var work sync.WaitGroup
	for range connections {
		work.Go(func() {
			c, err := dial(addr)
			if err != nil {
				cancel(err)
				return
			}
			defer c.conn.Close()
			for range n / connections {
				if ctx.Err() != nil {
					return
				}
				if _, _, err := c.roundTrip(request); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	work.Wait()
	return context.Cause(ctx)
}

// idle opens connections that ask once and then wait, and returns what closes
// them.
func idle(addr string, request []byte) (closeAll func(), err error) {
	var all []*client
	closeAll = func() {
		for _, c := range all {
			c.conn.Close()
		}
	}
	for range idleClients {
		c, err := dial(addr)
		if err != nil {
			closeAll()
			return nil, err
		}
		all = append(all, c)
		if _, _, err := c.roundTrip(request); err != nil {
			closeAll()
			return nil, err
		}
	}
	return closeAll, nil
}
