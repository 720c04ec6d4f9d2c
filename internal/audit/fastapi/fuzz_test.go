package fastapi_test

import (
	"testing"
	"time"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// FuzzLoad asks that no program, however odd, panics or runs without end.
func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef f(x=Depends(f)): f()\n",
		"def f(): f()\nf()\n",
		"def f(a): return [f(a), f(a), f(a)]\nf(f)\n",
		"class A(A): pass\nA().x\n",
		"class A(B): pass\nclass B(A): pass\nB().x()\n",
		"x = lambda: x()\nx()\n",
		"from m import *\nfrom . import m\nimport m.m\n",
		"a = {}\na.update(a)\na['x'] = a\nfor i in a: a.update({i: a})\n",
		"from fastapi import APIRouter\nr = APIRouter()\nr.include_router(r)\n@r.post('/')\nasync def h(request): return request.cookies.get(r)\n",
		"x = [1]\nfor a in x:\n  for b in x:\n    for c in x:\n      x = x + x\n",
		"from functools import partial\np = partial(print, 1)\nwhile p: p = partial(p, p)\n",
		"from starlette.responses import RedirectResponse as R\ndef f(t): return R(f'/?token={t}', 302)\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		begun := time.Now()
		file := pysrc.Parse("m.py", []byte(src))
		p := fastapi.Load([]*pysrc.File{file}, nil, nil, libraries.Modules(), nil)
		p.ConfigFields()
		if d := time.Since(begun); d > 20*time.Second {
			t.Errorf("%d bytes took %v", len(src), d)
		}
	})
}
