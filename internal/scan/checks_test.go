package scan_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan"
)

// verdict returns that cell of a report.
func verdict(t *testing.T, r *finding.Report, operation string, pos finding.Position, shape finding.Shape) finding.Verdict {
	t.Helper()
	for _, v := range r.Verdicts {
		if v.Operation == operation && v.Position == pos && v.Shape == shape {
			return v
		}
	}
	t.Fatalf("no verdict on %s from %s as %s", operation, pos, shape)
	return finding.Verdict{}
}

// Two checks refuse a page of a sibling: it is not of the origin, and it has no
// token. Which stands first shows in what is said; the control says the same
// of both.
func TestTheCheckThatStandsFirstIsNamed(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]finding.By{"this origin may not": finding.ByOrigin, "no valid token": finding.ByToken} {
		s := &small{attributes: "SameSite=Lax"}
		s.page = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/me" {
				http.SetCookie(w, &http.Cookie{Name: "csrftoken", Value: "of-this-session", Path: "/"})
			}
			if r.URL.Path != "/name" {
				return false
			}
			switch {
			case r.Header.Get("Origin") != "" && r.Header.Get("Origin") != "http://"+r.Host:
				return answer(w, 403, map[string]any{"code": words})
			case r.Header.Get("X-CSRFToken") != "of-this-session":
				return answer(w, 403, map[string]any{"code": "no valid token"})
			}
			return false
		}
		r := run(t, scan.Config{Target: serve(t, s), Victim: alice})
		if v := verdict(t, r, "POST /name", finding.SameSite, finding.Blob); v.By != want {
			t.Errorf("%q: %s by %q, want %q (%s)", words, v.Verdict, v.By, want, v.Reason)
		}
	}
}

// A login that reads no body without a type is closed to a script of another
// site by that, before browsers are asked whether they take its cookie.
func TestALoginThatCannotBeReadIsBlockedByItsType(t *testing.T) {
	t.Parallel()
	for strict, want := range map[bool]finding.By{true: finding.ByContentType, false: finding.BySameSite} {
		s := &small{attributes: "SameSite=Lax"}
		s.page = func(w http.ResponseWriter, r *http.Request) bool {
			if strict && r.URL.Path == "/login" && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				_, _ = io.Copy(io.Discard, r.Body)
				return answer(w, 422, map[string]any{"detail": "body"})
			}
			return false
		}
		r := run(t, scan.Config{Target: serve(t, s), Victim: alice})
		for _, pos := range []finding.Position{finding.CrossSite, finding.Null} {
			if v := verdict(t, r, "POST /login", pos, finding.Blob); v.By != want {
				t.Errorf("strict %v, from %s: %s by %q, want %q (%s)", strict, pos, v.Verdict, v.By, want, v.Reason)
			}
		}
	}
}
