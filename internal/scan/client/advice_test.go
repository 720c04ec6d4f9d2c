package client_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

func TestErrorsOfTheConnectionSayWhatToDo(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	unknown := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(unknown.Close)
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mute.Close() })
	go func() {
		for {
			c, err := mute.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 4096)) // unread bytes would make it a reset
			c.Close()
		}
	}()
	for target, want := range map[string]string{
		unknown.URL: "SSL_CERT_FILE",
		strings.Replace(plain.URL, "http:", "https:", 1): "write http://",
		"http://" + mute.Addr().String():                 "write https://",
	} {
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		cl := client.New(client.Config{Target: u})
		_, err = cl.Do(t.Context(), &client.Request{Method: http.MethodGet, URL: u})
		if !errors.Is(err, client.ErrUnreachable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", target, err, want)
		}
		cl.Close()
	}
}
