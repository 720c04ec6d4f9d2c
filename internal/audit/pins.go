package audit

import (
	"regexp"
	"strconv"
	"strings"
)

// FastAPI parses as JSON what comes without a Content-Type until 0.132.0, which
// has strict_content_type on by default (its release notes, 0.132.0).
const strictMinor = 132

// A pin is what a file of requirements says of FastAPI: of 0.x, the minor number
// that it holds it below, exclusively.
var (
	// exactly matches a version that is pinned, and those that take patches alone:
	// "fastapi==0.115.0", `fastapi = "^0.115.0"` (Poetry), and a lock's lines.
	exactly = []*regexp.Regexp{
		regexp.MustCompile(`(?mi)^[ \t"']*fastapi(?:\[[^\]\n]*\])?[ \t]*(?:===?|~=)[ \t]*(\d+)\.(\d+)`),
		regexp.MustCompile(`(?mi)^[ \t]*fastapi[ \t]*=[ \t]*(?:\{[ \t]*version[ \t]*=[ \t]*)?"(?:\^|~=?|==)?(\d+)\.(\d+)`),
		regexp.MustCompile(`(?m)^name = "fastapi"\r?\nversion = "(\d+)\.(\d+)`),
	}
	// below matches a bound that no later version passes.
	below = regexp.MustCompile(`(?mi)^[ \t"']*fastapi(?:\[[^\]\n]*\])?[^\n#]*<[ \t]*(\d+)\.(\d+)`)
)

// laxPin reports whether a file of requirements holds FastAPI to versions that
// take JSON without a Content-Type, and whether it holds it to any.
func laxPin(text string) (lax, pinned bool) {
	text = strings.ReplaceAll(text, "\x00", "") // of UTF-16, as PowerShell writes it
	for _, re := range exactly {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			if !before(m, strictMinor) {
				return false, true
			}
			pinned = true
		}
	}
	if m := below.FindStringSubmatch(text); m != nil && !pinned {
		return before(m, strictMinor+1), true
	}
	return pinned, pinned
}

// before reports whether a version, of which a match holds the first two
// numbers, is one of 0.x with x less than minor.
func before(m []string, minor int) bool {
	n, err := strconv.Atoi(m[2])
	return err == nil && m[1] == "0" && n < minor
}
