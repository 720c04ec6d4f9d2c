package oracle_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/oracle"
)

func TestReaderLeavesOutWhatChangesByItself(t *testing.T) {
	n, balance := 0, 10
	r := &oracle.Reader{Get: func(_ context.Context, path string) (*client.Response, error) {
		n++
		if path == "/now" {
			return &client.Response{Status: 200, Body: fmt.Appendf(nil, `{"now":%d}`, n)}, nil
		}
		return &client.Response{Status: 200, Body: fmt.Appendf(nil, `{"balance":%d}`, balance)}, nil
	}}
	read := func(paths ...string) string {
		t.Helper()
		text, err := r.Read(t.Context(), paths)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	before := read("/now", "/balance")
	if before != read("/balance") || strings.Contains(before, "now") {
		t.Errorf("the state is %q", before)
	}
	balance = 9
	if after := read("/now", "/balance"); after == before || !strings.Contains(after, `"balance": 9`) {
		t.Errorf("a change is not seen: %q", after)
	}
	if _, err := r.Read(t.Context(), []string{"/now"}); !errors.Is(err, oracle.ErrUnstable) {
		t.Errorf("got %v, want ErrUnstable", err)
	}
}

func TestReaderPassesErrorsOn(t *testing.T) {
	lost := errors.New("lost")
	r := &oracle.Reader{Get: func(context.Context, string) (*client.Response, error) { return nil, lost }}
	if _, err := r.Read(t.Context(), []string{"/x"}); !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
	if _, err := r.Once(t.Context(), "/x"); !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
}

func TestTextIsBoundedAndValid(t *testing.T) {
	text := oracle.Text(&client.Response{Status: 200, Body: []byte(strings.Repeat("\xff", 1<<20))})
	if len(text) > 1<<20 || !strings.HasPrefix(text, "200\n") || strings.ContainsRune(text, 0xff) {
		t.Errorf("%d bytes of text", len(text))
	}
}
