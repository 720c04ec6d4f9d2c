package session_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d710e0ae/countersign/session"
)

// counting tells how often data was decoded, and so decrypted.
func counting(n *int) func(*session.Config) {
	return func(c *session.Config) {
		c.Decode = func(data []byte) any { *n++; return string(data) }
	}
}

func TestARecordIsOpenedOnce(t *testing.T) {
	n := 0
	s := newSite(t, counting(&n))
	cookie := s.login(t, "alice")
	n = 0
	var binding [32]byte
	for i := range 5 {
		got, err := s.Get(request(cookie))
		if err != nil {
			t.Fatal(err)
		}
		if got.Value() != "token of alice" || string(got.Data()) != "token of alice" {
			t.Errorf("%v %q", got.Value(), got.Data())
		}
		got.Data()[0] = 'x' // a copy
		if i > 0 && got.Binding("csrf") != binding {
			t.Error("the binding changed")
		}
		if binding = got.Binding("csrf"); binding == got.Binding("other") {
			t.Error("two purposes have one binding")
		}
	}
	if n != 1 {
		t.Errorf("it was opened %d times", n)
	}
}

func TestBindingsAreTheSameHoweverManyThereAre(t *testing.T) {
	s := newSite(t, nil)
	got, err := s.Get(request(s.login(t, "alice")))
	if err != nil {
		t.Fatal(err)
	}
	purposes := []string{"a", "b", "c", "d", "e", "f"}
	first := map[string][32]byte{}
	for _, p := range purposes {
		first[p] = got.Binding(p)
	}
	for _, p := range purposes {
		if got.Binding(p) != first[p] {
			t.Errorf("%s: another binding", p)
		}
	}
}

// What is remembered must never keep a session alive that the store or the
// clock has ended, nor show data that was replaced.
func TestWhatIsRememberedDecidesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		after func(*site, string)
		want  error
	}{
		"control":       {func(*site, string) {}, nil},
		"logout":        {func(s *site, c string) { s.End(httptest.NewRecorder(), request(c)) }, session.ErrUnknown},
		"everywhere":    {func(s *site, _ string) { s.EndAll(context.Background(), "alice") }, session.ErrUnknown},
		"renewal":       {func(s *site, c string) { s.Renew(httptest.NewRecorder(), request(c)) }, session.ErrUnknown},
		"idle limit":    {func(s *site, _ string) { s.now = s.now.Add(session.DefaultIdle) }, session.ErrUnknown},
		"dropped there": {func(s *site, c string) { s.store.DeleteUser(context.Background(), "alice") }, session.ErrUnknown},
	} {
		s := newSite(t, nil)
		cookie := s.login(t, "alice")
		for range 2 {
			if _, err := s.Get(request(cookie)); err != nil {
				t.Fatal(err)
			}
		}
		c.after(s, cookie)
		if got, err := s.Get(request(cookie)); !errors.Is(err, c.want) || err == nil && got.User() != "alice" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestAChangedRecordIsOpenedAgain(t *testing.T) {
	n := 0
	s := newSite(t, counting(&n))
	cookie := s.login(t, "alice")
	got, err := s.Get(request(cookie))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetData(t.Context(), got, []byte("other")); err != nil {
		t.Fatal(err)
	}
	if got, err = s.Get(request(cookie)); err != nil || got.Value() != "other" {
		t.Fatalf("%v, %v", got.Value(), err)
	}
	// Who can write to the store changes whose session it is, or its data: what
	// was remembered of the true record does not cover for it.
	for name, change := range map[string]func(*session.Record){
		"user":    func(r *session.Record) { r.User = "mallory" },
		"end":     func(r *session.Record) { r.End = r.End.Add(time.Hour) },
		"created": func(r *session.Record) { r.Created = r.Created.Add(time.Second) },
		"data":    func(r *session.Record) { r.Sealed[len(r.Sealed)-1]++ },
	} {
		rec, err := s.store.Get(t.Context(), got.Key())
		if err != nil {
			t.Fatal(err)
		}
		bad := rec
		bad.Sealed = append([]byte(nil), rec.Sealed...)
		change(&bad)
		if err := s.store.Replace(t.Context(), got.Key(), got.Key(), bad); err != nil {
			t.Fatal(err)
		}
		if other, err := s.Get(request(cookie)); !errors.Is(err, session.ErrUnknown) {
			t.Errorf("%s: %v, %v", name, other, err)
		}
		rec.Revision = bad.Revision + 1
		if err := s.store.Replace(t.Context(), got.Key(), got.Key(), rec); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(request(cookie)); err != nil {
			t.Errorf("%s: the true record: %v", name, err)
		}
	}
}

func TestWhatIsNotUsedIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := newSite(t, counting(&n))
		cookie := s.login(t, "alice")
		n = 0
		get := func() {
			t.Helper()
			if _, err := s.Get(request(cookie)); err != nil {
				t.Fatal(err)
			}
		}
		get()
		for range 10 {
			time.Sleep(10 * time.Second)
			get()
		}
		if n != 1 {
			t.Errorf("in use, it was opened %d times", n)
		}
		time.Sleep(40 * time.Second)
		get()
		if n != 2 {
			t.Errorf("after 40 s without use, it was opened %d times in all", n)
		}
	})
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	n := 0
	s := newSite(t, func(c *session.Config) { counting(&n)(c); c.MaxData = 60 << 10 })
	var cookies []string
	for range 300 { // 18 MB
		w := httptest.NewRecorder()
		if _, err := s.Start(w, request(), "alice", make([]byte, 60<<10)); err != nil {
			t.Fatal(err)
		}
		cookies = append(cookies, cookieOf(t, w))
	}
	for range 2 {
		n = 0
		for _, c := range cookies {
			if s.userOf(c) != "alice" {
				t.Fatal("a session is gone")
			}
		}
	}
	if n != len(cookies) {
		t.Errorf("of %d records, read in turn, %d were opened again", len(cookies), n)
	}
}
