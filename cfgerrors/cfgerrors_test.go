package cfgerrors_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/d710e0ae/countersign/cfgerrors"
)

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		err  cfgerrors.Error
		want string
	}{
		{cfgerrors.Error{Key: "listen", Problem: "is empty"}, "listen: is empty"},
		{cfgerrors.Error{Key: "listen", Problem: "is empty", Instead: "write host:port"}, "listen: is empty; write host:port"},
		{cfgerrors.Error{Key: "k", Problem: "p", Pos: cfgerrors.Position{File: "c.yaml", Line: 3, Column: 7}}, "c.yaml:3:7: k: p"},
		{cfgerrors.Error{Key: "k", Problem: "p", Pos: cfgerrors.Position{File: "c.yaml"}}, "c.yaml: k: p"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestAllWalksEveryJoinedAndWrappedError(t *testing.T) {
	var inner cfgerrors.List
	inner.Addf("a", cfgerrors.Missing, "one")
	inner.Addf("b", cfgerrors.Missing, "two")
	var outer cfgerrors.List
	outer.Join("x", fmt.Errorf("wrapped: %w", inner.Err()))
	outer.Join("y", errors.New("plain"))
	outer.Join("z", nil)

	var keys []string
	for e := range cfgerrors.All(outer.Err()) {
		keys = append(keys, e.Key)
	}
	if want := []string{"x.a", "x.b", "y"}; !slices.Equal(keys, want) {
		t.Errorf("got %q, want %q", keys, want)
	}
	for range cfgerrors.All(outer.Err()) {
		break // an early stop must not panic
	}
}

func TestEmptyListIsNoError(t *testing.T) {
	if err := new(cfgerrors.List).Err(); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}
