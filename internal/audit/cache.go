package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// cacheVersion changes with whatever changes results.
const cacheVersion = 2

// cacheKey names a tree by its files, their sizes and times: what is read
// again is what changed.
func cacheKey(cfg Config, root string, t *pysrc.Tree) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s %q %t %q\n", cacheVersion, cfg.Tool.Version, root, cfg.All, t.Skipped)
	for _, e := range t.Files {
		fmt.Fprintf(h, "%q %d %d %t\n", e.Path, e.Size, e.ModTime, e.Ignored)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// maxCacheBytes bounds what is read back.
const maxCacheBytes = 64 << 20

// loadCache returns a kept result. What cannot be read counts as not there.
func loadCache(dir, key string) (result, bool) {
	var out result
	name := filepath.Join(dir, key+".json")
	info, err := os.Stat(name)
	if err != nil || info.Size() > maxCacheBytes {
		return out, false
	}
	b, err := os.ReadFile(name)
	if err != nil || json.Unmarshal(b, &out) != nil {
		return result{}, false
	}
	return out, true
}

// saveCache writes a result so that a reader sees all of it or nothing.
func saveCache(dir, key string, r result) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(b); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(dir, key+".json"))
}
