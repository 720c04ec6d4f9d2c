package fastapi_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// TestRoutesThatConfigure has many routes, side by side, each make the object
// that configures a library: the last of the source counts, however they ran.
func TestRoutesThatConfigure(t *testing.T) {
	var src strings.Builder
	src.WriteString("from fastapi import FastAPI\nfrom pydantic import BaseModel\napp = FastAPI()\nclass Settings(BaseModel):\n    authjwt_secret_key: str\n")
	const routes = 200
	for i := range routes {
		fmt.Fprintf(&src, "@app.get('/%d')\ndef f%d():\n    return Settings(authjwt_secret_key='k%d')\n", i, i, i)
	}
	before := runtime.GOMAXPROCS(8)
	defer runtime.GOMAXPROCS(before)
	p := fastapi.Load([]*pysrc.File{pysrc.Parse("m.py", []byte(src.String()))}, nil, nil, libraries.Modules(), nil)
	if len(p.Routes) != routes {
		t.Fatalf("%d routes, want %d", len(p.Routes), routes)
	}
	fields := p.ConfigFields()
	if len(fields) != 1 || fields[0]["authjwt_secret_key"].Text != fmt.Sprintf("k%d", routes-1) {
		t.Errorf("the fields are %v, want the secret of the last route", fields)
	}
}
