package fastapitest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/fastapitest"
)

func TestStartAndStop(t *testing.T) {
	for _, variant := range []string{"vulnerable", "bearer", "bearer_open_cors", "cookie"} {
		t.Run(variant, func(t *testing.T) {
			s := fastapitest.Start(t, "../../testdata/fastapi/bank/"+variant+".py")
			res, err := http.Get(s.URL + "/openapi.json")
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || !strings.Contains(string(body), `"/transfer"`) {
				t.Errorf("document: %s, %v", body, err)
			}
			s.Stop()
			if s.Running() {
				t.Error("still running")
			}
			if _, err := http.Get(s.URL + "/openapi.json"); err == nil {
				t.Error("still answering")
			}
		})
	}
}
