package rules

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// shareCalls puts the same call that another route made in the place of one.
// Routes share what they depend on, so that most read the same token in the
// same way; each would keep the call with all that it was given.
//
// Only such calls are shared of which every rule asks the same, whichever route
// makes them: those that verify a token, and comparisons.
func (m *model) shareCalls(calls []*fastapi.Call) []*fastapi.Call {
	for i, call := range calls {
		v, verifies := m.verifies[call.Name]
		if verifies && unverified(call, v) || !verifies && tail(call.Name) != "compare_digest" {
			continue
		}
		p := printer{Hash: sha256.New()}
		p.call(call, 0)
		if p.deep {
			continue
		}
		key := [sha256.Size]byte(p.Sum(nil))
		m.mu.Lock()
		if same, ok := m.shared[key]; ok {
			calls[i] = same
		} else {
			m.shared[key] = call
		}
		m.mu.Unlock()
	}
	return calls
}

// A printer takes the fingerprint of a call: of all that a rule may look at,
// but for the calls that led there.
type printer struct {
	hash.Hash
	buffer [8]byte
	deep   bool // there is more than was looked at
}

// maxPrintDepth bounds how deep a printer looks into values.
const maxPrintDepth = 10

func (p *printer) number(n uint64) {
	binary.LittleEndian.PutUint64(p.buffer[:], n)
	p.Write(p.buffer[:])
}

func (p *printer) text(s string) {
	p.number(uint64(len(s)))
	p.Write([]byte(s))
}

func (p *printer) flag(b bool) {
	n := uint64(0)
	if b {
		n = 1
	}
	p.number(n)
}

func (p *printer) place(at fastapi.Place) {
	p.text(at.FileName())
	p.number(uint64(at.Span.Start)<<32 | uint64(uint32(at.Span.End)))
}

func (p *printer) call(c *fastapi.Call, depth int) {
	p.flag(c != nil)
	if c == nil {
		return
	}
	p.text(c.Name)
	p.text(c.Text)
	p.place(c.At)
	p.flag(c.Written)
	p.flag(c.InDependency)
	p.flag(c.Aside)
	p.flag(c.Fn != nil && c.Fn.Decl != nil)
	if c.Fn != nil && c.Fn.Decl != nil {
		p.place(fastapi.Place{File: c.Fn.Module.File, Span: c.Fn.Decl.Range()})
	}
	p.value(c.Recv, depth+1)
	p.args(c.Args, depth+1)
}

func (p *printer) args(a fastapi.Args, depth int) {
	p.flag(a.Open)
	p.values(a.Pos, depth)
	p.number(uint64(len(a.Kw)))
	for _, name := range sortedNames(a.Kw) {
		p.text(name)
		p.value(a.Kw[name], depth)
	}
}

func (p *printer) values(list []*fastapi.Value, depth int) {
	p.number(uint64(len(list)))
	for _, v := range list {
		p.value(v, depth)
	}
}

func (p *printer) value(v *fastapi.Value, depth int) {
	p.flag(v != nil)
	switch {
	case v == nil:
		return
	case depth > maxPrintDepth || v.Kind == fastapi.ObjectKind || v.Fn != nil || v.Class != nil || v.Module != nil:
		p.deep = true // what it refers to is not looked through
		return
	}
	p.number(uint64(v.Kind))
	p.flag(v.Bool)
	p.number(math.Float64bits(v.Num))
	p.text(v.Text)
	p.text(v.Env)
	p.text(v.Method)
	p.place(v.At)
	p.number(uint64(len(v.Sources)))
	for _, s := range v.Sources {
		p.number(uint64(s.Kind))
		p.text(s.Name)
		p.flag(s.Required)
		p.flag(s.Aside)
		p.place(s.At)
	}
	p.values(v.Elems, depth+1)
	p.values(v.Keys, depth+1)
	p.values(v.Alts, depth+1)
	p.value(v.Default, depth+1)
	p.value(v.Recv, depth+1)
	p.value(v.Of, depth+1)
	p.call(v.Call, depth+1)
}
