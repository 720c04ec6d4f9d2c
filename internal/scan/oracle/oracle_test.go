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

// counted is a server whose answers change when it is told to, and that counts
// how often it is asked.
type counted struct {
	asked, acts int
	says        func(asked int) string
}

func (c *counted) reader() *oracle.Reader {
	return &oracle.Reader{
		Get: func(context.Context, string) (*client.Response, error) {
			c.asked++
			return &client.Response{Status: 200, Body: []byte(c.says(c.asked))}, nil
		},
		Acts: func() int { return c.asked + c.acts },
	}
}

func TestAGlanceSavesTheSecondLook(t *testing.T) {
	balance := "10"
	for name, tc := range map[string]struct {
		says  func(int) string
		then  string // the balance when it is read again
		err   error
		asked int
	}{
		"the same later":     {func(int) string { return balance }, "10", nil, 2},
		"another later":      {func(int) string { return balance }, "9", nil, 3},
		"changing by itself": {func(n int) string { return strings.Repeat("x", n) }, "10", oracle.ErrUnstable, 3},
	} {
		t.Run(name, func(t *testing.T) {
			balance = "10"
			c := &counted{says: tc.says}
			r := c.reader()
			before, err := r.Glance(t.Context(), "/balance")
			if err != nil {
				t.Fatal(err)
			}
			balance = tc.then
			c.acts++
			after, err := r.Read(t.Context(), []string{"/balance"})
			if !errors.Is(err, tc.err) || err == nil && (after == before) != (tc.then == "10") {
				t.Errorf("%q, then %q, %v", before, after, err)
			}
			if c.asked != tc.asked {
				t.Errorf("asked %d times, want %d", c.asked, tc.asked)
			}
		})
	}
}

func TestWhatNobodyTouchedIsNotReadAgain(t *testing.T) {
	c := &counted{says: func(int) string { return "10" }}
	r := c.reader()
	read := func(want int) {
		t.Helper()
		if _, err := r.Read(t.Context(), []string{"/balance"}); err != nil || c.asked != want {
			t.Errorf("asked %d times, want %d, %v", c.asked, want, err)
		}
	}
	read(2) // the first sight
	read(2)
	c.acts++
	read(3)
	if _, err := r.Once(t.Context(), "/balance"); err != nil || c.asked != 4 {
		t.Errorf("asked %d times, want 4: what is read once is read as it is now", c.asked)
	}
	r.Acts = nil
	read(5)
}
