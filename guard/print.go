package guard

import "strings"

// String returns every setting in force as a configuration file, with
// secrets redacted.
func (c *Config) String() string {
	var b strings.Builder
	section := ""
	for i := range table {
		s := &table[i]
		group, name, nested := strings.Cut(s.key, ".")
		if !nested {
			section = ""
			b.WriteString(s.key + ": " + s.show(c) + "\n")
			continue
		}
		if group != section {
			section = group
			b.WriteString(group + ":\n")
		}
		b.WriteString("  " + name + ": " + s.show(c) + "\n")
	}
	return b.String()
}
