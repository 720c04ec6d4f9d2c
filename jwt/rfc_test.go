package jwt_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/jwt"
)

// The examples of the RFCs, with the keys that stand there. The keys of RFC
// 7515 name no alg.
func TestExamplesOfTheRFCs(t *testing.T) {
	const joe = ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
	const ed25519 = `{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	for _, c := range []struct {
		name, key, token string
		alg              jwt.Algorithm
	}{
		{"RFC 7515 A.1", `{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`,
			"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" + joe + "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", jwt.HS256},
		{"RFC 7515 A.2", `{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}`,
			"eyJhbGciOiJSUzI1NiJ9" + joe + "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw", jwt.RS256},
		{"RFC 7515 A.3", `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}`,
			"eyJhbGciOiJFUzI1NiJ9" + joe + "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q", jwt.ES256},
		{"RFC 8037 A.4", ed25519,
			"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg", jwt.EdDSA},
	} {
		key, err := jwt.ParseJWK([]byte(c.key), c.alg)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		payload, err := jwt.VerifySignature(context.Background(), key, c.token)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if isClaims := strings.Contains(c.token, joe); isClaims != strings.Contains(string(payload), `"joe"`) {
			t.Errorf("%s: the payload is %q", c.name, payload)
		}
		dot := strings.LastIndexByte(c.token, '.') + 1
		if _, err := jwt.VerifySignature(context.Background(), key, c.token[:dot]+"A"+c.token[dot+1:]); !errors.Is(err, jwt.ErrSignature) {
			t.Errorf("%s, changed: %v", c.name, err)
		}
	}

	// RFC 7515 A.5 is not signed; RFC 7797 §4.1 and §4.2 are not encoded.
	key, err := jwt.ParseJWK([]byte(`{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`), jwt.HS256)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		token string
		about error
	}{
		"RFC 7515 A.5":   {"eyJhbGciOiJub25lIn0" + joe, jwt.ErrSignature},
		"RFC 7797 4.1":   {"eyJhbGciOiJIUzI1NiJ9.JC4wMg.5mvfOroL-g7HyqJoozehmsaqmvTYGEq5jTI1gVvoEoQ", nil},
		"RFC 7797 4.2":   {"eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY", jwt.ErrCritical},
		"RFC 7797 4.2 b": {"eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19.$.02.A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY", jwt.ErrMalformed},
		"RFC 7515 E":     {"eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.AA", jwt.ErrCritical},
	} {
		if _, err := jwt.VerifySignature(context.Background(), key, c.token); c.about == nil && err != nil || c.about != nil && !errors.Is(err, c.about) {
			t.Errorf("%s: %v, want %v", name, err, c.about)
		}
	}

	// RFC 7519 §3.1 is the token of A.1, at a time when it was good.
	v, err := jwt.NewVerifier(jwt.VerifierConfig{Keys: key, Issuer: "joe", InsecureAnyAudience: true, Clock: func() time.Time { return time.Unix(1300819379, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Verify(context.Background(), "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"+joe+"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
	if err != nil || got.Issuer != "joe" || got.Expiry.Unix() != 1300819380 {
		t.Errorf("RFC 7519 3.1: %v, %v", got, err)
	}
}
