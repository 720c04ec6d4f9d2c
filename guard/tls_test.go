package guard_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func writeCertificate(t testing.TB, dir string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	k, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: k}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTLS(t *testing.T) {
	b := newBank(t)
	dir := t.TempDir()
	writeCertificate(t, dir, 1)
	s := start(t, b.URL, fmt.Sprintf("tls: {cert_file: %s/cert.pem, key_file: %s/key.pem}\n", dir, dir), "https")
	serial := func() int64 {
		c, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	for _, h2 := range []bool{true, false} {
		protocols := new(http.Protocols)
		protocols.SetHTTP1(!h2)
		protocols.SetHTTP2(h2)
		tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: protocols}
		req, err := http.NewRequest("POST", "https://"+s.addr+"/page", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = servedHost
		req.Header.Set("Origin", "https://"+servedHost)
		res, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		tr.CloseIdleConnections()
		if res.StatusCode != 200 || string(body) != "page" || (res.ProtoMajor == 2) != h2 {
			t.Errorf("HTTP/2 %v: %s %d %q", h2, res.Proto, res.StatusCode, body)
		}
	}
	c, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, head("POST / HTTP/1.1", "Host: "+servedHost, "Content-Length: 4", "Transfer-Encoding: chunked", "")+"0\r\n\r\n")
	if res, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || res.StatusCode != 400 {
		t.Errorf("framing is not watched under TLS: %v %v", res, err)
	}
	c.Close()
	if got := serial(); got != 1 {
		t.Fatalf("certificate %d", got)
	}
	writeCertificate(t, dir, 2)
	eventually(t, "the new certificate", func() bool { return serial() == 2 })
}

func TestRefreshTokensStayHere(t *testing.T) {
	s := newSite(t)
	got := make(chan string, 4)
	s.bank.mux.HandleFunc("POST /session", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"refresh_token":"refresh-1"}`, tokenFor("alice"))
	})
	s.bank.mux.HandleFunc("POST /refresh", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body) + " " + r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"refresh_token":"refresh-2"}`, tokenFor("alice"))
	})
	w := serve(s, request("POST", "/session", "{}"))
	if strings.Contains(w.Body.String(), "refresh-1") {
		t.Fatalf("the refresh token is given away: %s", w.Body)
	}
	b := browserOf(t, w)
	w = serve(s, b.request("POST", "/refresh", `{"refresh_token":""}`))
	if text := <-got; w.Code != 200 || !strings.Contains(text, `{"refresh_token":"refresh-1"}`) || strings.Contains(w.Body.String(), "refresh-2") {
		t.Errorf("%d %s: the API got %s", w.Code, w.Body, text)
	}
	serve(s, b.request("POST", "/refresh", ""))
	if text := <-got; text != " Bearer refresh-2" {
		t.Errorf("without a body the API got %q", text)
	}
	if w := serve(s, b.request("POST", "/transfer", "{}")); w.Code != 200 {
		t.Errorf("after renewal: %d %s", w.Code, w.Body)
	}
}
