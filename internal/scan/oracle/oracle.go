// Package oracle reads an API's state back, so that a scan can tell a request
// that was answered kindly from one that did something.
package oracle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// maxState bounds the text of one answer, in bytes.
const maxState = 256 << 10

// ErrUnstable is returned for an answer that differs from one reading to the
// next although nothing was done between: it tells nothing.
var ErrUnstable = errors.New("the answer changes by itself")

// A Reader reads state through operations that only read.
type Reader struct {
	// Get makes the request of a reader and sends it as the victim.
	Get func(ctx context.Context, path string) (*client.Response, error)

	mu     sync.Mutex
	stable map[string]bool
	seen   map[string]sight // by path
}

// A sight is the last answer of a path and its text: most answers are what
// they were when they were read before.
type sight struct {
	status int
	body   []byte
	text   string
}

// Bounds of the sights that a Reader keeps.
const (
	maxSights = 64
	maxSight  = 16 << 10 // bytes of a body
)

// Read returns the state that the operations at paths show, as text of one
// fact a line. Paths that change by themselves are left out; ErrUnstable is
// returned where none is left.
func (r *Reader) Read(ctx context.Context, paths []string) (string, error) {
	var b strings.Builder
	read := 0
	for _, p := range paths {
		text, err := r.one(ctx, p)
		if errors.Is(err, ErrUnstable) {
			continue
		}
		if err != nil {
			return "", err
		}
		read++
		fmt.Fprintf(&b, "GET %s %s", p, text)
	}
	if read == 0 {
		return "", ErrUnstable
	}
	return b.String(), nil
}

func (r *Reader) one(ctx context.Context, path string) (string, error) {
	r.mu.Lock()
	stable, known := r.stable[path]
	r.mu.Unlock()
	if known && !stable {
		return "", ErrUnstable
	}
	text, err := r.get(ctx, path)
	if err != nil {
		return "", err
	}
	if !known {
		again, err := r.get(ctx, path)
		if err != nil {
			return "", err
		}
		stable = text == again
		r.mu.Lock()
		if r.stable == nil {
			r.stable = map[string]bool{}
		}
		r.stable[path] = stable
		r.mu.Unlock()
		if !stable {
			return "", ErrUnstable
		}
	}
	return text, nil
}

// Once reads one path as it is now, of which nothing is known: that of a
// thing that was made a moment ago.
func (r *Reader) Once(ctx context.Context, path string) (string, error) {
	text, err := r.get(ctx, path)
	return "GET " + path + " " + text, err
}

func (r *Reader) get(ctx context.Context, path string) (string, error) {
	res, err := r.Get(ctx, path)
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.seen[path]; ok && s.status == res.Status && bytes.Equal(s.body, res.Body) {
		return s.text, nil
	}
	text := Text(res)
	if len(res.Body) <= maxSight {
		if r.seen == nil || len(r.seen) == maxSights {
			r.seen = map[string]sight{}
		}
		r.seen[path] = sight{res.Status, res.Body, text}
	}
	return text, nil
}

// Text writes an answer as lines: its status, and its JSON indented, so that
// two of them can be compared line by line.
func Text(r *client.Response) string {
	body := r.Body[:min(len(r.Body), maxState)]
	if v, ok := r.JSON(); ok && len(r.Body) <= maxState {
		if b, err := json.MarshalIndent(v, "", "  "); err == nil {
			return fmt.Sprintf("%d\n%s\n", r.Status, b)
		}
	}
	return fmt.Sprintf("%d\n%s\n", r.Status, strings.ToValidUTF8(string(body), "�"))
}
