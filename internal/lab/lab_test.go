package lab_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/lab"
)

func TestLabStartsAndEnds(t *testing.T) {
	l, err := lab.Start(t.Context(), lab.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	get := func(url string) string {
		t.Helper()
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %d, %v", url, res.StatusCode, err)
		}
		return string(b)
	}
	for _, v := range lab.Variants() {
		if p := get(l.URLs[v]); !strings.Contains(p, "<title>Bank ("+string(v)+")") {
			t.Errorf("%s: %.200s", v, p)
		}
		if d := get(l.URLs[v] + "/openapi.json"); !strings.Contains(d, `"/transfer"`) {
			t.Errorf("%s: %.200s", v, d)
		}
		if l.Banks[v].Balance(lab.Victim) != lab.StartBalance {
			t.Errorf("%s: balance", v)
		}
	}
	index := get(l.AttackerURL)
	for _, id := range lab.Attacks() {
		if !strings.Contains(index, "/attack/"+id) {
			t.Errorf("the index does not lead to %s", id)
		}
		if p := get(l.AttackerURL + "/attack/" + id + "?target=" + l.URLs[lab.Vulnerable]); !strings.Contains(p, l.URLs[lab.Vulnerable][len("http://"):]) {
			t.Errorf("%s does not name its target: %.300s", id, p)
		}
	}
	if res, err := http.Get(l.AttackerURL + "/attack/form?target=javascript:alert(1)"); err != nil || res.StatusCode != 404 {
		t.Errorf("%v, %v", res, err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(l.URLs[lab.Bearer]); err == nil {
		t.Error("still there after Close")
	}
}

func TestLabOnATakenPort(t *testing.T) {
	first, err := lab.Start(t.Context(), lab.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	port := first.URLs[lab.Vulnerable][len("http://127.0.0.1:"):]
	n := 0
	for _, c := range port {
		n = n*10 + int(c-'0')
	}
	if _, err := lab.Start(t.Context(), lab.Config{Port: n}); err == nil || !strings.Contains(err.Error(), port) {
		t.Errorf("got %v", err)
	}
}
