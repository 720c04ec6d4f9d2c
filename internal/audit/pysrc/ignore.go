package pysrc

import (
	"path"
	"regexp"
	"strings"
)

// An ignoreRule is one line of a .gitignore, by gitignore(5).
type ignoreRule struct {
	re     *regexp.Regexp
	suffix string // of the name, where the glob is one star and text
	name   string // where the glob is plain text
	negate bool
	dir    bool // matches folders only
}

// matches reports whether the rule names a path relative to its folder. Most
// rules are a name or "*.ext", for which a regular expression is slow.
func (r *ignoreRule) matches(rel string) bool {
	switch {
	case r.name != "":
		return path.Base(rel) == r.name
	case r.suffix != "":
		return strings.HasSuffix(rel, r.suffix)
	}
	return r.re.MatchString(rel)
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
		if rest := strings.TrimPrefix(line, "*"); rest != "" && !strings.ContainsAny(rest, `*?[\/`) {
			if rest == line {
				r.name = line
			} else {
				r.suffix = rest
			}
		} else if re, err := regexp.Compile(ignorePattern(line)); err != nil || line == "" {
			continue
		} else {
			r.re = re
		}
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
		rel = path.Clean(rel)
		for i := len(ig.rules) - 1; i >= 0; i-- {
			r := &ig.rules[i]
			if r.dir && !dir {
				continue
			}
			if r.matches(rel) {
				return !r.negate
			}
		}
	}
	return false
}
