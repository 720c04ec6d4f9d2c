package main

import (
	"strings"
	"testing"
)

func TestSamples(t *testing.T) {
	s := samples{}
	for _, round := range []string{
		"goos: linux\nBenchmarkCSRF/case=accept/lib=countersign-2  1000  60.0 ns/op  0 B/op  0 allocs/op\nBenchmarkCSRF/case=accept/lib=std  1000  80 ns/op  0 B/op  1 allocs/op\nPASS\n",
		"BenchmarkCSRF/case=accept/lib=countersign-2  1000  40.0 ns/op  0 B/op  2 allocs/op\nBenchmarkCSRF/case=accept/lib=std  1000  200 ns/op  0 B/op  1 allocs/op\nPASS\n",
	} {
		if err := s.add([]byte(round)); err != nil {
			t.Fatal(err)
		}
	}
	const ours, theirs = "CSRF/case=accept/lib=countersign", "CSRF/case=accept/lib=std"
	if got, err := s.ratio(ours, theirs); err != nil || got != 0.5 {
		t.Errorf("the best rounds compare as %v, %v", got, err)
	}
	if got := s.allocs(ours); got != 2 {
		t.Errorf("%v allocations; the worst round has 2", got)
	}
	if _, err := s.ratio(ours, "CSRF/case=accept/lib=nobody"); err == nil {
		t.Error("a benchmark that did not run is compared")
	}
	if err := s.add([]byte("PASS\n")); err == nil {
		t.Error("a round without benchmarks is taken")
	}
}

// TestDues holds the table to names that the benchmarks have.
func TestDues(t *testing.T) {
	list := dues()
	if len(list) < 20 {
		t.Fatalf("only %d dues", len(list))
	}
	seen := map[string]bool{}
	for _, d := range list {
		if !strings.Contains(d.name, "/lib=countersign") || d.most <= 0 || d.to == "" || seen[d.name+d.to] {
			t.Errorf("%+v", d)
		}
		seen[d.name+d.to] = true
	}
}

func TestFraction(t *testing.T) {
	for r, want := range map[float64]string{1.0 / 6: "1/6.0", 0.6: "0.60", 1.1: "1.10", 0.02: "1/50.0"} {
		if got := fraction(r); got != want {
			t.Errorf("%v is written %q, want %q", r, got, want)
		}
	}
}

func TestMessageHasTheLengthThatIsMeasured(t *testing.T) {
	m, err := message("POST", "/transfer", "bank.example", []string{"Accept: */*"}, "{}")
	if err != nil {
		t.Fatal(err)
	}
	head, body, ok := strings.Cut(string(m), "\r\n\r\n")
	if !ok || len(head)+4 != headBytes || body != "{}" {
		t.Errorf("a head of %d bytes and the body %q", len(head)+4, body)
	}
	if _, err := message("GET", "/", "bank.example", []string{"X: " + strings.Repeat("x", headBytes)}, ""); err == nil {
		t.Error("a head that is too long is taken")
	}
}
