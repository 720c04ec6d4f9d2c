package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// emptyTree is git's name of the tree that has no file, in every repository
// that hashes by SHA-1.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// changed asks git for the files below paths' checkouts that differ from a
// revision, or from where the work parted from it: what a branch's other side
// has changed meanwhile is not this one's.
func changed(ctx context.Context, paths []string, revision string) ([]string, error) {
	files := []string{}
	if strings.HasPrefix(revision, "-") {
		return nil, errors.New("is no revision")
	}
	for _, p := range paths {
		root, err := checkout(ctx, p)
		if err != nil {
			return nil, err
		}
		base := revision
		if parted, err := git(ctx, root, "merge-base", "HEAD", revision); err == nil {
			base = strings.TrimSpace(parted)
		} else if _, err := git(ctx, root, "rev-parse", "--verify", "-q", "HEAD"); err != nil && revision == "HEAD" {
			base = emptyTree // before the first commit, everything has changed
		}
		// Names come apart by NUL, so that none can be mistaken for two.
		for _, args := range [][]string{
			{"diff", "--name-only", "-z", "--diff-filter=d", base, "--"},
			{"ls-files", "-z", "--others", "--exclude-standard"},
		} {
			list, err := git(ctx, root, args...)
			if err != nil {
				return nil, errors.New("git knows no such revision; in CI, fetch the history that it stands in")
			}
			for name := range strings.SplitSeq(list, "\x00") {
				if name != "" {
					files = append(files, filepath.Join(root, name))
				}
			}
		}
	}
	return files, nil
}

// checkout returns the top of the checkout that path is in.
func checkout(ctx context.Context, path string) (string, error) {
	dir := path
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		dir = filepath.Dir(path)
	}
	top, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("git is needed for it, and not installed")
	case err != nil:
		return "", fmt.Errorf("%s is in no git checkout", path)
	}
	return strings.TrimSpace(top), nil
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).Output()
	return string(out), err
}
