// Package oracle reads an API's state back, so that a scan can tell a request
// that was answered kindly from one that did something.
package oracle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
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
	// Acts counts what was done so far that may have changed the state, and
	// the reader's own requests among it. While nothing is done, a path is not
	// read again. Nil: nothing is known of it.
	Acts func() int

	mu      sync.Mutex
	stable  map[string]bool
	glanced map[string]uint64 // hashes of texts, by path
	seed    maphash.Seed
	seen    map[string]sight // by path
	reads   int
}

// A sight is the last answer of a path and its text: most answers are what
// they were when they were read before.
type sight struct {
	status int
	body   []byte
	text   string
	acts   int // of others, when it was read
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
		b.WriteString(line(p, text))
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
	if known {
		return r.last(ctx, path)
	}
	text, err := r.get(ctx, path)
	if err != nil {
		return "", err
	}
	if stable = r.asGlanced(path, text); !stable {
		again, err := r.get(ctx, path)
		if err != nil {
			return "", err
		}
		stable = text == again
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stable == nil {
		r.stable = map[string]bool{}
	}
	r.stable[path] = stable
	if !stable {
		return "", ErrUnstable
	}
	return text, nil
}

// Glance is Read of one path that is read again later. That reading may find
// out that the path changes by itself: at the first sight of one, Read has to
// look twice, and Glance need not, for what is the same later is stable.
func (r *Reader) Glance(ctx context.Context, path string) (string, error) {
	r.mu.Lock()
	stable, known := r.stable[path]
	r.mu.Unlock()
	if known && !stable {
		return "", ErrUnstable
	}
	text, err := r.last(ctx, path)
	if err != nil {
		return "", err
	}
	if !known {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.glanced == nil {
			r.glanced, r.seed = map[string]uint64{}, maphash.MakeSeed()
		}
		r.glanced[path] = maphash.String(r.seed, text)
	}
	return line(path, text), nil
}

// asGlanced reports whether a text is what a glance showed.
func (r *Reader) asGlanced(path, text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	was, ok := r.glanced[path]
	return ok && was == maphash.String(r.seed, text)
}

func line(path, text string) string { return "GET " + path + " " + text }

// Once reads one path as it is now, of which nothing is known: that of a
// thing that was made a moment ago.
func (r *Reader) Once(ctx context.Context, path string) (string, error) {
	text, err := r.get(ctx, path)
	return line(path, text), err
}

// last returns what a path showed when it was read last, or shows now where
// anything was done since.
func (r *Reader) last(ctx context.Context, path string) (string, error) {
	r.mu.Lock()
	s, ok := r.seen[path]
	idle := ok && r.Acts != nil && s.acts == r.acts()
	r.mu.Unlock()
	if idle {
		return s.text, nil
	}
	return r.get(ctx, path)
}

// acts counts what others did. The caller holds the lock.
func (r *Reader) acts() int {
	if r.Acts == nil {
		return 0
	}
	return r.Acts() - r.reads
}

func (r *Reader) get(ctx context.Context, path string) (string, error) {
	res, err := r.Get(ctx, path)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads++
	if err != nil {
		return "", err
	}
	s, ok := r.seen[path]
	if !ok || s.status != res.Status || !bytes.Equal(s.body, res.Body) {
		s = sight{status: res.Status, body: res.Body, text: Text(res)}
	}
	if s.acts = r.acts(); len(s.body) <= maxSight {
		if r.seen == nil || len(r.seen) == maxSights {
			r.seen = map[string]sight{}
		}
		r.seen[path] = s
	} else {
		delete(r.seen, path)
	}
	return s.text, nil
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
