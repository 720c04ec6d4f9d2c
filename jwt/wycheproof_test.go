//go:build wycheproof

package jwt_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/d710e0ae/countersign/jwt"
)

// wycheproofErrata are the vectors in which the result contradicts the vector
// itself, with what it says.
var wycheproofErrata = map[string]map[int]string{
	"json_web_signature_test.json": {
		346: "the key is for PS256, the header says PS384",
		347: "the key's alg is ES521, which does not exist",
		350: "the key is for PS256, the header says PS384",
		351: "the key's alg is ES521, which does not exist",
		367: "said to have bad padding, but is the good token, byte for byte",
		370: "said to have bad padding, but is the good token, byte for byte",
		372: "said to be valid, but has a question mark in the header",
		373: "said to be valid, but has a question mark in the payload",
	},
}

// TestWycheproof runs the JSON Web Signature and Key vectors of
// github.com/C2SP/wycheproof, which are not kept here:
//
//	COUNTERSIGN_WYCHEPROOF=…/testvectors_v1 go test -tags wycheproof ./jwt
func TestWycheproof(t *testing.T) {
	dir := os.Getenv("COUNTERSIGN_WYCHEPROOF")
	if dir == "" {
		t.Fatal("set COUNTERSIGN_WYCHEPROOF to the directory testvectors_v1 of github.com/C2SP/wycheproof")
	}
	for file, least := range map[string]int{"json_web_signature_test.json": 401, "json_web_key_test.json": 26} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		var vectors struct {
			TestGroups []struct {
				Comment         string
				Public, Private json.RawMessage
				Tests           []struct {
					TcID         int
					Comment, Jws string
					Result       string
				}
			}
		}
		if err := json.Unmarshal(data, &vectors); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, g := range vectors.TestGroups {
			text := g.Public
			if text == nil {
				text = g.Private
			}
			keys, keyErr := jwt.KeySet(nil), error(nil)
			if set, err := jwt.ParseJWKS(text); err == nil {
				keys = set
			} else if k, err := jwt.ParseJWK(text); err == nil {
				keys = k
			} else {
				keyErr = err
			}
			for _, c := range g.Tests {
				n++
				err := keyErr
				if err == nil {
					_, err = jwt.VerifySignature(context.Background(), keys, c.Jws)
				}
				agrees := (err == nil) == (c.Result == "valid")
				switch why, erratum := wycheproofErrata[file][c.TcID]; {
				case !agrees && !erratum:
					t.Errorf("%s %d (%s, %s) is %s, and we say %v", file, c.TcID, g.Comment, c.Comment, c.Result, err)
				case agrees && erratum:
					t.Errorf("%s %d is an erratum no more: %s", file, c.TcID, why)
				}
			}
		}
		if n < least {
			t.Errorf("%s: only %d vectors, want %d", file, n, least)
		}
	}
}
