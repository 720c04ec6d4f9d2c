package guard_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// A client of HTTP/2 that opens no window takes nothing, and holds the API's
// answer for as long as it likes.
func TestAttack_71_AReaderThatReadsNothing(t *testing.T) {
	b := newBank(t)
	ended := make(chan error, 1)
	b.mux.HandleFunc("GET /endless", func(w http.ResponseWriter, r *http.Request) {
		for err := error(nil); ; {
			if _, err = w.Write(make([]byte, 64<<10)); err != nil {
				ended <- err
				return
			}
		}
	})
	dir := t.TempDir()
	writeCertificate(t, dir, 1)
	s := start(t, b.URL, fmt.Sprintf("tls: {cert_file: %s/cert.pem, key_file: %s/key.pem}\nlimits: {body_timeout: 1s}\n", dir, dir), "https")
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: protocols}
	defer tr.CloseIdleConnections()
	ask := func() *http.Response {
		req, err := http.NewRequest("GET", "https://"+s.addr+"/endless", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = servedHost
		res, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	reading := ask()
	if n, err := io.CopyN(io.Discard, reading.Body, 32<<20); err != nil {
		t.Errorf("control: a client that reads got %d bytes, %v", n, err)
	}
	reading.Body.Close()
	<-ended
	stuck := ask()
	defer stuck.Body.Close()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the API waits for a client that takes nothing")
	}
}
