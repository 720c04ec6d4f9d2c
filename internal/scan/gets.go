package scan

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/attack"
)

// maxWatched bounds the operations through which the effect of GETs is
// watched.
const maxWatched = 12

// doubtful reports whether u is a GET whose name says that it acts. Such ones
// are called under watch from the first time on: some act only once.
func (u *use) doubtful() bool {
	likely, _ := u.op.LikelyChangesState()
	return u.op.Method == http.MethodGet && (likely || u.acts)
}

// actsOn reports whether a path puts a word, in whatever language, before the
// name under which another path shows the same thing: of /book/{title} and
// /order_book/{title} the one shows a book, and the other does something to it.
func actsOn(path, shows string) bool {
	i := strings.Index(path, "/{")
	if i < 0 || !strings.HasSuffix(path, "}") {
		return false
	}
	stem, parameter := path[:i], path[i:]
	at := strings.LastIndexByte(stem, '/') + 1
	_, noun, ok := strings.Cut(strings.ReplaceAll(stem[at:], "-", "_"), "_")
	return ok && noun != "" && shows == stem[:at]+noun+parameter
}

// watchable returns the paths of the plain GET operations that succeeded.
func (a *api) watchable() []string {
	var out []string
	for _, u := range a.uses {
		if u.op.Method == http.MethodGet && u.subject.Exercised && u.last != nil && !u.doubtful() && !u.subject.ChangesState && !a.t.IsLogout(u.subject) && len(out) < maxWatched {
			out = append(out, u.last.Target())
		}
	}
	return out
}

// exerciseWatched exercises a doubtful GET and reads the others before and
// after. Where nothing shows, the thing may have been in the state that it
// would get: another one that is known is tried.
func (a *api) exerciseWatched(ctx context.Context, u *use) error {
	watch := a.watchable()
	before, err := a.states(ctx, watch)
	if err != nil {
		return err
	}
	defer func() { u.spent = nil }()
	for range maxOthers {
		made := len(a.made)
		if err := a.exercise(ctx, u); err != nil || !u.subject.Exercised {
			return err
		}
		if len(a.made) > made { // it was not this call alone that moved things
			if before, err = a.states(ctx, watch); err != nil {
				return err
			}
			continue
		}
		moved, err := a.moved(ctx, watch, before)
		if err != nil {
			return err
		}
		if len(moved) > 0 {
			a.changes(u, moved)
			return nil
		}
		if !a.differently(u) {
			return nil
		}
	}
	return nil
}

// maxOthers bounds the things that a doubtful GET is tried on.
const maxOthers = 3

// differently reports whether the next call of u can be about another thing,
// and makes it so.
func (a *api) differently(u *use) bool {
	last := u.parameter
	if last == "" || u.last == nil {
		return false
	}
	if u.spent == nil {
		u.spent = map[string]bool{}
	}
	u.spent[u.last.PathValues[last]] = true
	r, err := a.build(u, nil)
	return err == nil && !u.spent[r.PathValues[last]]
}

// states reads paths, one by one, before something is done; moved reads them
// afterwards.
func (a *api) states(ctx context.Context, paths []string) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range paths {
		text, err := a.reader.Glance(ctx, p)
		if err == nil {
			out[p] = text
		} else if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return out, nil
}

// moved returns the paths whose state is not what it was, twice in a row the
// same new one. The two readings follow each other at once: another one
// between them might be what moves it. Those that change by themselves are
// left out.
func (a *api) moved(ctx context.Context, paths []string, before map[string]string) ([]string, error) {
	var out []string
	for _, p := range paths {
		was, known := before[p]
		if !known {
			continue
		}
		after, err := a.reader.Read(ctx, []string{p})
		if err == nil && after != was {
			var again string
			if again, err = a.reader.Once(ctx, p); err == nil && again == after {
				out = append(out, p)
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return out, nil
}

// changes marks u as an operation that changes what paths show.
func (a *api) changes(u *use, paths []string) {
	u.subject.ChangesState, u.subject.Sensitive = true, true
	u.subject.State = func(ctx context.Context) (string, error) { return a.reader.Read(ctx, paths) }
}

// changingGETs finds out which plain GET operations change state: it reads
// them all, calls them all, and reads again; where something moved it looks
// for the one that moved it.
func (a *api) changingGETs(ctx context.Context) error {
	watch := a.watchable()
	before, err := a.states(ctx, watch)
	if err != nil {
		return err
	}
	var plain []*use
	for _, u := range a.uses {
		if u.op.Method != http.MethodGet || !u.subject.Exercised || u.last == nil || u.doubtful() || a.t.IsLogout(u.subject) {
			continue
		}
		plain = append(plain, u)
		if err := a.recall(ctx, u, watch); err != nil {
			return err
		}
	}
	moved, err := a.moved(ctx, watch, before)
	if err != nil {
		return err
	}
	for _, path := range moved[:min(len(moved), 3)] {
		if err := a.mover(ctx, path, plain); err != nil {
			return err
		}
	}
	return nil
}

// mover looks for the operations whose call moves path.
func (a *api) mover(ctx context.Context, path string, plain []*use) error {
	watch := []string{path}
	before, err := a.states(ctx, watch)
	if err != nil {
		return err
	}
	for _, u := range plain {
		if u.last.Target() == path || u.subject.ChangesState {
			continue
		}
		seen := 0
		for range 2 {
			if err := a.recall(ctx, u, nil); err != nil {
				return err
			}
			moved, err := a.moved(ctx, watch, before)
			if err != nil {
				return err
			}
			if before, err = a.states(ctx, watch); err != nil {
				return err
			}
			if !slices.Equal(moved, watch) {
				break
			}
			seen++
		}
		if seen == 2 {
			a.changes(u, watch)
		}
	}
	return nil
}

// recall calls u anew, with other values where it takes any, unless that is
// what was read just now.
func (a *api) recall(ctx context.Context, u *use, read []string) error {
	r, err := a.build(u, nil)
	if err != nil {
		return ctx.Err()
	}
	if slices.Contains(read, r.Target()) {
		return nil
	}
	_, err = a.t.Victim.Do(ctx, (&attack.Call{Request: r, Base: a.t.Base}).Wire())
	return err
}
