package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fix"
	"github.com/d710e0ae/countersign/internal/finding"
)

// Diff returns a unified diff of the mechanical remedies for a report's
// findings, file names relative to root, and how many findings it mends. It
// writes nothing.
func Diff(root string, findings []finding.Finding) (string, int, error) {
	byFile := map[string][]finding.Finding{}
	for _, f := range findings {
		if f.Location != nil && strings.HasSuffix(f.Location.File, ".py") {
			byFile[f.Location.File] = append(byFile[f.Location.File], f)
		}
	}
	var files []string
	for name := range byFile {
		files = append(files, name)
	}
	slices.Sort(files)
	var out strings.Builder
	mended := 0
	for _, name := range files {
		full := filepath.Join(root, filepath.FromSlash(name))
		if info, err := os.Stat(root); err == nil && !info.IsDir() {
			full = root
		}
		text, err := os.ReadFile(full)
		if err != nil {
			return "", 0, fmt.Errorf("%s: cannot be read again to mend it: %w", name, err)
		}
		after, n := fix.Apply(name, text, byFile[name])
		out.WriteString(fix.Diff(name, text, after))
		mended += n
	}
	return out.String(), mended, nil
}
