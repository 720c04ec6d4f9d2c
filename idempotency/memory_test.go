package idempotency_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/idempotency"
	"github.com/d710e0ae/countersign/idempotency/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, clock func() time.Time) idempotency.Store {
		return idempotency.NewMemory(0, 0, clock)
	})
}

func TestAnswersAreBoundedInNumberAndBytes(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := idempotency.NewMemory(2, 10, func() time.Time { return now })
	ctx := context.Background()
	begin := func(n byte) error {
		_, _, err := s.Begin(ctx, idempotency.Key{n}, idempotency.Record{Expires: now.Add(time.Minute)})
		return err
	}
	for n := range byte(2) {
		if err := begin(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := begin(2); !errors.Is(err, idempotency.ErrFull) {
		t.Errorf("a third record: %v", err)
	}
	if err := s.Finish(ctx, idempotency.Key{0}, idempotency.Owner{}, make([]byte, 8)); err != nil {
		t.Error(err)
	}
	if err := s.Finish(ctx, idempotency.Key{1}, idempotency.Owner{}, make([]byte, 8)); !errors.Is(err, idempotency.ErrFull) {
		t.Errorf("more bytes than there is room for: %v", err)
	}
	now = now.Add(2 * time.Minute)
	for n := range byte(2) {
		if err := begin(n + 2); err != nil {
			t.Errorf("after the first have expired: %v", err)
		}
		if err := s.Finish(ctx, idempotency.Key{n + 2}, idempotency.Owner{}, make([]byte, 5)); err != nil {
			t.Errorf("after the first have expired: %v", err)
		}
	}
}
