package fastapi

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/audit/libraries"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// services is a tree of programs that import nothing of each other, but for
// two that do.
func services(t *testing.T) []*pysrc.File {
	t.Helper()
	var files []*pysrc.File
	add := func(path, text string) { files = append(files, pysrc.Parse(path, []byte(text))) }
	for i := range 20 {
		dir := fmt.Sprintf("service%02d/", i)
		add(dir+"__init__.py", "")
		add(dir+"app.py", "from fastapi import FastAPI\nfrom .routes import router\nimport jwt\napp = FastAPI()\napp.include_router(router)\nx = jwt.decode('a')\n")
		add(dir+"late.py", "def f():\n    from . import routes\n    return routes\n")
		add(dir+"routes.py", "from fastapi import APIRouter\nrouter = APIRouter(prefix='/"+dir+"')\n@router.get('/x')\ndef f(): pass\n")
	}
	add("service03/other.py", "from service04.routes import router as theirs\nimport jwt\ny = jwt.encode({}, theirs)\n")
	return files
}

// loaded says what loading found out, and what it left.
func loaded(p *Program) string {
	var b strings.Builder
	for _, x := range p.loaded {
		for _, r := range x.routers {
			fmt.Fprintf(&b, "%s:%d %d routes, %d includes\n", r.At.FileName(), r.At.Start().Line, len(r.routes), len(r.includes))
		}
		if x.trace == nil {
			continue
		}
		for _, c := range x.trace.Calls {
			fmt.Fprintf(&b, "%s at %s:%d\n", c.Name, c.At.FileName(), c.At.Start().Line)
		}
	}
	for _, m := range p.Modules {
		fmt.Fprintln(&b, m.Path, m.state, sortedKeys(m.scope.all()))
	}
	fmt.Fprintln(&b, p.budget, p.Cut)
	return b.String()
}

func TestGroupsShareNoImport(t *testing.T) {
	p := newProgram(services(t), nil, nil, libraries.Modules(), nil)
	of := map[string]int{}
	groups := p.groups()
	for g, group := range groups {
		for _, i := range group {
			of[p.Modules[i].dir()] = g
		}
	}
	if len(groups) != 19 {
		t.Errorf("%d groups, want 19: one a service, and one of the two that import", len(groups))
	}
	if of["service03"] != of["service04"] || of["service03"] == of["service05"] {
		t.Errorf("the groups are %v", of)
	}
}

// TestLoadingSideBySide loads groups on several processors and modules in
// their order, and asks for the same, also where steps run out on the way.
func TestLoadingSideBySide(t *testing.T) {
	before := runtime.GOMAXPROCS(8)
	defer runtime.GOMAXPROCS(before)
	for _, budget := range []int{1 << 30, 600, 300, 20, 1, 0} {
		ordered := newProgram(services(t), nil, nil, libraries.Modules(), nil)
		ordered.budget = budget
		ordered.loaded = make([]part, len(ordered.Modules))
		ordered.loadInOrder(ordered.groups())

		p := newProgram(services(t), nil, nil, libraries.Modules(), nil)
		p.budget = budget
		p.loaded = make([]part, len(p.Modules))
		enough := p.loadGroups(p.groups())
		if enough != (budget == 1<<30) {
			t.Errorf("with %d steps, groups loaded: %t", budget, enough)
		}
		if !enough {
			p.loadInOrder(p.groups())
		}
		if got, want := loaded(p), loaded(ordered); got != want {
			t.Errorf("with %d steps, side by side:\n%s\nin order:\n%s", budget, got, want)
		}
	}
}
