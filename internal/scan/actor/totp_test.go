package actor_test

import (
	"encoding/base32"
	"strings"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/internal/scan/actor"
)

// RFC 6238, Appendix B. The seeds of SHA-256 and SHA-512 are as long as their
// hashes, as its erratum 2866 says.
func TestCodesOfRFC6238(t *testing.T) {
	seed := func(n int) string {
		return base32.StdEncoding.EncodeToString([]byte(strings.Repeat("1234567890", 7)[:n]))
	}
	for _, tc := range []struct {
		at                   int64
		sha1, sha256, sha512 string
	}{
		{59, "94287082", "46119246", "90693936"},
		{1111111109, "07081804", "68084774", "25091201"},
		{1111111111, "14050471", "67062674", "99943326"},
		{1234567890, "89005924", "91819424", "93441116"},
		{2000000000, "69279037", "90698825", "38618901"},
		{20000000000, "65353130", "77737706", "47863826"},
	} {
		for _, h := range []struct {
			name string
			size int
			want string
		}{{"SHA1", 20, tc.sha1}, {"SHA256", 32, tc.sha256}, {"SHA512", 64, tc.sha512}} {
			totp, err := actor.ParseTOTP("otpauth://totp/Test:alice?digits=8&algorithm=" + h.name + "&secret=" + seed(h.size))
			if err != nil {
				t.Fatal(err)
			}
			if got := totp.Code(time.Unix(tc.at, 0)); got != h.want {
				t.Errorf("%s at %d: got %s, want %s", h.name, tc.at, got, h.want)
			}
		}
	}
}

func TestParseTOTP(t *testing.T) {
	plain, err := actor.ParseTOTP("gezd gnbv gy3t qojq gezd gnbv gy3t qojq")
	if err != nil || plain.Code(time.Unix(59, 0)) != "287082" || plain.Period != 30 {
		t.Errorf("as apps show it: %v, %v", plain, err)
	}
	for _, bad := range []string{"", "not base32!", "otpauth://hotp/x?secret=GEZDGNBV", "otpauth://totp/x?secret=GEZDGNBV&digits=12", "otpauth://totp/x?secret=GEZDGNBV&period=0", "otpauth://totp/x?secret=GEZDGNBV&algorithm=MD5", "otpauth://totp/x"} {
		if _, err := actor.ParseTOTP(bad); err == nil {
			t.Errorf("%q was taken", bad)
		} else if strings.Contains(err.Error(), "GEZDGNBV") || strings.Contains(err.Error(), "not base32!") {
			t.Errorf("the error repeats the secret: %v", err)
		}
	}
}
