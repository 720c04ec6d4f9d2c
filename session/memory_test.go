package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/session"
	"github.com/d710e0ae/countersign/session/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, clock func() time.Time) session.Store {
		return session.NewMemory(0, clock)
	})
}

func TestAFullStoreKeepsTheLivingAndMakesRoomOfTheDead(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := session.NewMemory(2, func() time.Time { return now })
	create := func(n byte) error {
		return s.Create(context.Background(), session.Key{n}, session.Record{Expires: now.Add(time.Minute)})
	}
	for n := range byte(2) {
		if err := create(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := create(2); !errors.Is(err, session.ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	if _, err := s.Get(context.Background(), session.Key{0}); err != nil {
		t.Fatalf("a living session was dropped: %v", err)
	}
	now = now.Add(2 * time.Minute)
	if err := create(2); err != nil {
		t.Fatalf("the dead were not dropped: %v", err)
	}
}
