package jwt_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/jwt"
)

// The keys, the text and the signatures of RFC 7520, sections 3 and 4.
const (
	rfc7520RSA = `{"kty":"RSA","kid":"bilbo.baggins@hobbiton.example","use":"sig",
		"n":"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw",
		"e":"AQAB",
		"d":"bWUC9B-EFRIo8kpGfh0ZuyGPvMNKvYWNtB_ikiH9k20eT-O1q_I78eiZkpXxXQ0UTEs2LsNRS-8uJbvQ-A1irkwMSMkK1J3XTGgdrhCku9gRldY7sNA_AKZGh-Q661_42rINLRCe8W-nZ34ui_qOfkLnK9QWDDqpaIsA-bMwWWSDFu2MUBYwkHTMEzLYGqOe04noqeq1hExBTHBOBdkMXiuFhUq1BU6l-DqEiWxqg82sXt2h-LMnT3046AOYJoRioz75tSUQfGCshWTBnP5uDjd18kKhyv07lhfSJdrPdM5Plyl21hsFf4L_mHCuoFau7gdsPfHPxxjVOcOpBrQzwQ",
		"p":"3Slxg_DwTXJcb6095RoXygQCAZ5RnAvZlno1yhHtnUex_fp7AZ_9nRaO7HX_-SFfGQeutao2TDjDAWU4Vupk8rw9JR0AzZ0N2fvuIAmr_WCsmGpeNqQnev1T7IyEsnh8UMt-n5CafhkikzhEsrmndH6LxOrvRJlsPp6Zv8bUq0k",
		"q":"uKE2dh-cTf6ERF4k4e_jy78GfPYUIaUyoSSJuBzp3Cubk3OCqs6grT8bR_cu0Dm1MZwWmtdqDyI95HrUeq3MP15vMMON8lHTeZu2lmKvwqW7anV5UzhM1iZ7z4yMkuUwFWoBvyY898EXvRD-hdqRxHlSqAZ192zB3pVFJ0s7pFc",
		"dp":"B8PVvXkvJrj2L-GYQ7v3y9r6Kw5g9SahXBwsWUzp19TVlgI-YV85q1NIb1rxQtD-IsXXR3-TanevuRPRt5OBOdiMGQp8pbt26gljYfKU_E9xn-RULHz0-ed9E9gXLKD4VGngpz-PfQ_q29pk5xWHoJp009Qf1HvChixRX59ehik",
		"dq":"CLDmDGduhylc9o7r84rEUVn7pzQ6PF83Y-iBZx5NT-TpnOZKF1pErAMVeKzFEl41DlHHqqBLSM0W1sOFbwTxYWZDm6sI6og5iTbwQGIC3gnJKbi_7k_vJgGHwHxgPaX2PnvP-zyEkDERuf-ry4c_Z11Cq9AqC2yeL6kdKT1cYF8",
		"qi":"3PiqvXQN0zwMeE-sBvZgi289XP9XCQF3VWqPzMKnIgQp7_Tugo6-NZBKCQsMf3HaEGBjTVJs_jcK8-TRXvaKe-7ZMaQj8VfBdYkssbu0NKDDhjJ-GtiseaDVWt7dcH0cfwxgFUHpQh7FoCrjFJ6h6ZEpMF6xmujs4qMpPz8aaI4"}`
	rfc7520EC = `{"kty":"EC","kid":"bilbo.baggins@hobbiton.example","use":"sig","crv":"P-521",
		"x":"AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
		"y":"AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1",
		"d":"AAhRON2r9cqXX1hg-RoI6R1tX5p2rUAYdmpHZoC1XNM56KtscrX6zbKipQrCW9CGZH3T4ubpnoTKLDYJ_fF3_rJt"}`
	rfc7520Oct = `{"kty":"oct","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037","use":"sig","alg":"HS256","k":"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"}`

	rfc7520Text    = "It’s a dangerous business, Frodo, going out your door. You step onto the road, and if you don't keep your feet, there’s no knowing where you might be swept off to."
	rfc7520Payload = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4"
)

// TestRFC7520 verifies the signatures of RFC 7520, "Examples of Protecting
// Content Using JSON Object Signing and Encryption", and makes those again
// that have no randomness in them.
func TestRFC7520(t *testing.T) {
	for _, c := range []struct {
		section   string
		alg       jwt.Algorithm
		key       string
		header    string // as the RFC has it, before encoding
		signature string
		fixed     bool // the algorithm signs the same text the same way each time
	}{
		{"4.1 RSA v1.5", jwt.RS256, rfc7520RSA, `{"alg":"RS256","kid":"bilbo.baggins@hobbiton.example"}`, "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg", true},
		{"4.2 RSA-PSS", jwt.PS384, rfc7520RSA, `{"alg":"PS384","kid":"bilbo.baggins@hobbiton.example"}`, "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw", false},
		{"4.3 ECDSA", jwt.ES512, rfc7520EC, `{"alg":"ES512","kid":"bilbo.baggins@hobbiton.example"}`, "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2", false},
		{"4.4 HMAC-SHA2", jwt.HS256, rfc7520Oct, `{"alg":"HS256","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037"}`, "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0", true},
	} {
		t.Run(c.section, func(t *testing.T) {
			key, err := jwt.ParseJWK([]byte(c.key), c.alg)
			if err != nil {
				t.Fatal(err)
			}
			token := b64(c.header) + "." + rfc7520Payload + "." + c.signature
			payload, err := jwt.VerifySignature(context.Background(), key, token)
			if err != nil || string(payload) != rfc7520Text {
				t.Errorf("the RFC's own: %q, %v", payload, err)
			}
			again, err := jwt.SignRaw(key, []byte(c.header), []byte(rfc7520Text))
			if err != nil {
				t.Fatal(err)
			}
			if (again == token) != c.fixed {
				t.Errorf("signed again it is %s, want the RFC's: %t", again, c.fixed)
			}
			if payload, err := jwt.VerifySignature(context.Background(), key, again); err != nil || string(payload) != rfc7520Text {
				t.Errorf("signed again: %q, %v", payload, err)
			}
			// RFC 7520 §4.5: the content is elsewhere, and so is not what was signed here.
			if _, err := jwt.VerifySignature(context.Background(), key, strings.Replace(token, rfc7520Payload, "", 1)); !errors.Is(err, jwt.ErrSignature) {
				t.Errorf("detached: %v", err)
			}
			// RFC 7520 §§4.6 to 4.8 are in the JSON serialization, which tokens never are (RFC 7519 §3).
			general := `{"payload":"` + rfc7520Payload + `","signatures":[{"protected":"` + b64(c.header) + `","signature":"` + c.signature + `"}]}`
			if _, err := jwt.VerifySignature(context.Background(), key, general); !errors.Is(err, jwt.ErrMalformed) {
				t.Errorf("in the JSON serialization: %v", err)
			}
		})
	}
}
