package http1

import (
	"io"
	"sync"
	"syscall"
)

// A page is what a connection reads into while a request comes and goes. It
// holds the heads that there are, and belongs to nobody while a connection
// waits.
type page [4 << 10]byte

var pages = sync.Pool{New: func() any { return new(page) }}

// An input is what was read of a connection and not yet taken.
type input struct {
	page *page  // buf, unless that had to grow
	buf  []byte // nil while nothing is there
	r, w int    // what is there is buf[r:w]

	ahead    [1]byte // read by peek
	hasAhead bool
}

// bytes are those that are there, until the next call.
func (in *input) bytes() []byte { return in.buf[in.r:in.w] }

// empty reports whether nothing is there.
func (in *input) empty() bool { return in.r == in.w && !in.hasAhead }

func (in *input) skip(n int) { in.r += n }

// hold takes a page, if there is none.
func (in *input) hold() {
	if in.buf == nil {
		in.page = pages.Get().(*page)
		in.buf = in.page[:]
	}
	if in.hasAhead {
		in.hasAhead = false
		in.buf[0], in.r, in.w = in.ahead[0], 0, 1 // peek found nothing there
	}
}

// drop gives the page back.
func (in *input) drop() {
	if in.page != nil {
		pages.Put(in.page)
	}
	in.page, in.buf, in.r, in.w = nil, nil, 0, 0
}

// await returns when something is there. While it waits no page is held.
func (in *input) await(c *conn) error {
	if in.r < in.w {
		return nil
	}
	if in.hasAhead {
		in.hold()
		return nil
	}
	in.drop()
	if c.raw == nil {
		// TLS may have read more than it has given out, so that only it can
		// tell. One byte is enough to wait for.
		if err := in.peek(c); err != nil {
			return err
		}
		in.hold()
		return nil
	}
	if c.first.try == nil {
		c.first.try = func(fd uintptr) bool { return c.first.read(in, fd) }
	}
	if err := c.raw.Read(c.first.try); err != nil {
		return err
	}
	return c.first.err
}

// A firstRead is the read that ends a wait: it is tried with a page, which is
// given back for as long as there is nothing to read.
type firstRead struct {
	try func(fd uintptr) bool
	err error
}

func (f *firstRead) read(in *input, fd uintptr) bool {
	p := pages.Get().(*page)
	n, err := readAgain(fd, p[:])
	if err == syscall.EAGAIN {
		pages.Put(p)
		return false
	}
	f.err = err
	if n <= 0 {
		pages.Put(p)
		if err == nil {
			f.err = io.EOF
		}
		return true
	}
	in.page, in.buf, in.r, in.w = p, p[:], 0, n
	return true
}

// readAgain is read(2), again where a signal came between.
func readAgain(fd uintptr, b []byte) (n int, err error) {
	for {
		if n, err = syscall.Read(int(fd), b); err != syscall.EINTR {
			return n, err
		}
	}
}

// poll takes what has come by now, without waiting.
func (in *input) poll(c *conn) error {
	if c.raw == nil || c.first.try == nil {
		return io.EOF
	}
	err := c.raw.Read(func(fd uintptr) bool {
		if !c.first.read(in, fd) {
			c.first.err = io.EOF
		}
		return true
	})
	if err != nil {
		return err
	}
	return c.first.err
}

// peek reads one byte ahead. Nothing may be there.
func (in *input) peek(c *conn) error {
	n, err := c.net.Read(in.ahead[:])
	if n == 0 {
		return err
	}
	in.hasAhead = true
	return nil
}

// fill reads more behind what is there, of which there are less than limit
// bytes.
func (in *input) fill(c *conn, limit int) error {
	in.hold()
	switch {
	case in.r == in.w:
		in.r, in.w = 0, 0
	case in.w == len(in.buf) && in.r > 0:
		in.w = copy(in.buf, in.bytes())
		in.r = 0
	case in.w == len(in.buf):
		b := make([]byte, max(len(in.buf), min(2*len(in.buf), limit)))
		w := copy(b, in.bytes())
		in.drop()
		in.buf, in.w = b, w
		if w == len(b) {
			return ErrTooLarge
		}
	}
	n, err := c.net.Read(in.buf[in.w:])
	in.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// read is io.Reader's, from what is there first.
func (in *input) read(c *conn, p []byte) (int, error) {
	if in.hasAhead {
		in.hold()
	}
	if in.r < in.w {
		n := copy(p, in.bytes())
		in.r += n
		return n, nil
	}
	return c.net.Read(p)
}
