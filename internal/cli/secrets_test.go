package cli_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/d710e0ae/countersign/internal/cli"
	"github.com/d710e0ae/countersign/internal/lab"
	"github.com/d710e0ae/countersign/internal/needs"
)

// spy stands before an API and keeps every credential that passes.
type spy struct {
	api http.Handler

	mu   sync.Mutex
	seen map[string]string // credential → where it was met
}

func (s *spy) keep(where, value string) {
	value = strings.TrimPrefix(value, "Bearer ")
	if len(value) < 8 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[value] = where
	// A part that tells the rest is one as well.
	if parts := strings.Split(value, "."); len(parts) == 3 && len(parts[2]) > 8 {
		s.seen[parts[2]] = "signature, " + where
	}
}

func (s *spy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, c := range r.Cookies() {
		s.keep("cookie of a request", c.Value)
	}
	if v := r.Header.Get("Authorization"); strings.HasPrefix(v, "Bearer eyJ") {
		s.keep("bearer of a request", v)
	}
	if r.Header.Get("Upgrade") != "" {
		s.api.ServeHTTP(w, r)
		return
	}
	rec := httptest.NewRecorder()
	s.api.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		s.keep("cookie of an answer", c.Value)
	}
	var body map[string]any
	if json.Unmarshal(rec.Body.Bytes(), &body) == nil {
		for name, v := range body {
			if text, ok := v.(string); ok && strings.Contains(name, "token") && name != "token_type" {
				s.keep("member "+name+" of an answer", text)
			}
		}
	}
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// TestNoFormatShowsACredential scans the vulnerable bank with a browser and
// greps all that the scan wrote, in every format, for what was secret.
func TestNoFormatShowsACredential(t *testing.T) {
	chromium := needs.Chromium(t)
	for name, variant := range map[string]lab.Variant{"vulnerable": lab.Vulnerable, "cookie": lab.Cookie} {
		t.Run(name, func(t *testing.T) {
			s := &spy{seen: map[string]string{}}
			target := httptest.NewUnstartedServer(s)
			defer target.Close()
			var err error
			if s.api, err = lab.NewBank(variant, lab.BankConfig{PublicOrigin: "http://" + target.Listener.Addr().String()}); err != nil {
				t.Fatal(err)
			}
			target.Start()
			dir := t.TempDir()
			t.Chdir(dir)
			t.Setenv("MALLORYS_PASSWORD", "looking-glass-9")
			in := chromium
			if variant != lab.Vulnerable {
				in = "off" // there is nothing to prove
			}
			var stdout, stderr bytes.Buffer
			code := cli.Run(t.Context(), cli.Streams{Out: &stdout, Err: &stderr}, []string{"scan", target.URL,
				"--user", "alice:wonderland-7", "--attacker", "mallory:env:MALLORYS_PASSWORD", "--header", "X-Gateway-Key: key-of-the-gateway-42",
				"--browser", in, "--artifacts", "artifacts", "--format", "text",
				"--format", "json=out.json", "--format", "sarif=out.sarif", "--format", "junit=out.xml", "--format", "html=out.html"})
			if code > 1 {
				t.Fatalf("exit code %d: %s", code, &stderr)
			}
			for _, given := range []string{"wonderland-7", "looking-glass-9", "key-of-the-gateway-42"} {
				s.seen[given] = "given by the user"
			}
			texts := map[string][]byte{"standard output": stdout.Bytes(), "standard error": stderr.Bytes()}
			err = fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				texts[path], err = os.ReadFile(filepath.Join(dir, path))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"out.json", "out.sarif", "out.xml", "out.html"} {
				if len(texts[want]) < 500 {
					t.Errorf("%s has %d bytes", want, len(texts[want]))
				}
			}
			pages := 0
			for path := range texts {
				if strings.HasPrefix(path, "artifacts") && strings.HasSuffix(path, ".html") {
					pages++
				}
			}
			if variant == lab.Vulnerable && pages < 3 {
				t.Errorf("%d proofs of concept", pages)
			}
			if len(s.seen) < 8 {
				t.Fatalf("only %d credentials were met: the test looks in the wrong place", len(s.seen))
			}
			for value, where := range s.seen {
				forms := []string{value}
				// A page holds bodies in base64, which begins at any of three offsets.
				for offset := range 3 {
					if enc := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", offset) + value)); len(enc) > 12 {
						forms = append(forms, enc[4:len(enc)-4])
					}
				}
				for path, text := range texts {
					if strings.HasSuffix(path, ".png") {
						continue
					}
					if i := slices.IndexFunc(forms, func(form string) bool { return bytes.Contains(text, []byte(form)) }); i >= 0 {
						t.Errorf("%s holds a credential (%s, form %d): %.12s…", path, where, i, value)
					}
				}
			}
		})
	}
}
