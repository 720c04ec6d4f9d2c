package jwt

import "sync"

// A workspace holds the buffers of one verification, so that it allocates
// only what it returns.
type workspace struct {
	text    []byte // the signed text, as bytes
	header  []byte
	payload []byte
	sig     []byte
	scratch [256]byte
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// maxKept bounds, in bytes, what a pooled buffer may hold on to.
const maxKept = 64 << 10

func (w *workspace) release() {
	if cap(w.text)+cap(w.payload) > maxKept {
		return
	}
	// A token is a secret: the pool keeps none.
	clear(w.text)
	clear(w.payload)
	clear(w.sig)
	workspaces.Put(w)
}
