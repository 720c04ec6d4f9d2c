package pysrc

import (
	"path"
	"regexp"
	"strings"
)

// An ignoreRule is one line of a .gitignore, by gitignore(5).
type ignoreRule struct {
	re     *regexp.Regexp
	negate bool
	dir    bool // matches folders only
}

// An ignorer holds the rules of the .gitignore files from the root down to
// one folder; the last rule that matches decides.
type ignorer struct {
	parent *ignorer
	base   string // the folder's path, "" for the root
	rules  []ignoreRule
}

// maxIgnoreRules bounds one .gitignore.
const maxIgnoreRules = 2000

func parseIgnore(parent *ignorer, base string, text []byte) *ignorer {
	ig := &ignorer{parent: parent, base: base}
	for line := range strings.SplitSeq(string(text), "\n") {
		line = strings.TrimRight(line, "\r")
		if !strings.HasSuffix(line, `\ `) {
			line = strings.TrimRight(line, " \t")
		}
		if line == "" || line[0] == '#' || len(line) > 1024 {
			continue
		}
		var r ignoreRule
		if line[0] == '!' {
			r.negate = true
			line = line[1:]
		}
		if strings.HasSuffix(line, "/") {
			r.dir = true
			line = strings.TrimRight(line, "/")
		}
		re, err := regexp.Compile(ignorePattern(line))
		if err != nil || line == "" {
			continue
		}
		r.re = re
		ig.rules = append(ig.rules, r)
		if len(ig.rules) == maxIgnoreRules {
			break
		}
	}
	return ig
}

// ignorePattern turns a glob into a regular expression over paths relative
// to the .gitignore's folder.
func ignorePattern(glob string) string {
	anchored := strings.Contains(strings.TrimSuffix(glob, "/"), "/")
	glob = strings.TrimPrefix(glob, "/")
	var b strings.Builder
	b.WriteString("^")
	if !anchored {
		b.WriteString("(?:.*/)?")
	}
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; c {
		case '*':
			if strings.HasPrefix(glob[i:], "**/") {
				b.WriteString("(?:.*/)?")
				i += 2
			} else if strings.HasPrefix(glob[i:], "**") {
				b.WriteString(".*")
				i++
			} else {
				b.WriteString("[^/]*")
			}
		case '?':
			b.WriteString("[^/]")
		case '[':
			end := strings.IndexByte(glob[i+1:], ']')
			if end <= 0 {
				b.WriteString(`\[`)
				continue
			}
			set := glob[i+1 : i+1+end]
			if set[0] == '!' {
				set = "^" + set[1:]
			}
			b.WriteString("[" + strings.ReplaceAll(set, `\`, `\\`) + "]")
			i += end + 1
		case '\\':
			if i+1 < len(glob) {
				i++
				b.WriteString(regexp.QuoteMeta(string(glob[i])))
			}
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	b.WriteString("$")
	return b.String()
}

// ignored reports whether a path, relative to the root, is left out.
func (ig *ignorer) ignored(p string, dir bool) bool {
	for ; ig != nil; ig = ig.parent {
		rel := p
		if ig.base != "" {
			rel = strings.TrimPrefix(p, ig.base+"/")
		}
		for i := len(ig.rules) - 1; i >= 0; i-- {
			r := ig.rules[i]
			if r.dir && !dir {
				continue
			}
			if r.re.MatchString(path.Clean(rel)) {
				return !r.negate
			}
		}
	}
	return false
}
