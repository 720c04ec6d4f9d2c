package attack

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// tableOf makes the table of an operation whose cells decide settles.
func tableOf(t *testing.T, decide func(context.Context, *Try) error) *matrix {
	t.Helper()
	base, err := url.Parse("https://api.example.com")
	if err != nil {
		t.Fatal(err)
	}
	s := &Subject{Ref: finding.OperationRef{Method: http.MethodPut, Path: "/things/{id}"}, ChangesState: true, Call: &Call{Request: &openapi.Request{Method: http.MethodPut}, Base: base}}
	m := &matrix{t: &Target{Base: base}, s: s, decide: decide}
	for _, shape := range s.Shapes() {
		for _, pos := range finding.Positions() {
			s.Tries = append(s.Tries, &Try{Verdict: finding.Verdict{Position: pos, Shape: shape, Verdict: finding.NotTested, Reason: undecided}})
		}
	}
	if len(s.Tries) < 2*maxSilent {
		t.Fatalf("only %d cells", len(s.Tries))
	}
	return m
}

func TestAnAnswerThatIsLostOnceCostsNoCell(t *testing.T) {
	late := map[*Try]bool{}
	m := tableOf(t, func(_ context.Context, try *Try) error {
		if !late[try] {
			late[try] = true
			return client.ErrUnreachable
		}
		return try.settle(finding.Blocked, finding.ByToken, "refused")
	})
	if err := m.fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, try := range m.s.Tries {
		if try.Verdict.Verdict != finding.Blocked {
			t.Errorf("%s %s: %s, %s", try.Position, try.Shape, try.Verdict.Verdict, try.Verdict.Reason)
		}
	}
}

func TestCellsWithoutAnAnswerSaySo(t *testing.T) {
	asked := 0
	m := tableOf(t, func(context.Context, *Try) error {
		asked++
		return client.ErrUnreachable
	})
	if err := m.fill(t.Context()); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	if asked != 2*maxSilent {
		t.Errorf("asked %d times, want %d", asked, 2*maxSilent)
	}
	for _, try := range m.s.Tries {
		if !strings.Contains(try.Verdict.Reason, "gave no answer") {
			t.Errorf("%s %s: %q", try.Position, try.Shape, try.Verdict.Reason)
		}
	}
}

func TestAScanThatIsInterruptedLeavesItsCells(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	m := tableOf(t, func(ctx context.Context, _ *Try) error {
		asked++
		cancel()
		return errors.Join(client.ErrUnreachable, ctx.Err())
	})
	if err := m.fill(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}
