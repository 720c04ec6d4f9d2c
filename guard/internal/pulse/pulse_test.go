package pulse_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d710e0ae/countersign/guard/internal/pulse"
)

// A waiter counts how often it was looked at, and notes when its deadline
// passed.
type waiter struct {
	pulse.Entry
	pulse.Deadline
	looks  atomic.Int32
	passed atomic.Int64
}

func (w *waiter) Pulse(now pulse.Time) {
	w.looks.Add(1)
	if w.Pass(now) {
		w.passed.Store(int64(now))
	}
}

func TestADeadlineIsNeverEarlyAndHardlyLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g pulse.Group
		for _, timeout := range []time.Duration{time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, time.Hour} {
			var w waiter
			g.Add(&w.Entry, &w)
			from := pulse.Now()
			w.Set(from.After(timeout))
			time.Sleep(timeout + pulse.Period)
			synctest.Wait()
			late := time.Duration(w.passed.Load()-int64(from)) - timeout
			if w.passed.Load() == 0 || late < 0 || late > pulse.Period {
				t.Errorf("%v: %v late", timeout, late)
			}
			if w.Clear() {
				t.Errorf("%v: a deadline that passed was taken back", timeout)
			}
			if !w.Clear() {
				t.Errorf("%v: it passed twice", timeout)
			}
			g.Remove(&w.Entry)
		}
	})
}

func TestADeadlineTakenBackDoesNotPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g pulse.Group
		var w waiter
		g.Add(&w.Entry, &w)
		w.Set(pulse.Now().After(time.Second))
		time.Sleep(time.Second / 2)
		if !w.Clear() {
			t.Error("it passed early")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if w.passed.Load() != 0 || w.Passed() {
			t.Error("it passed")
		}
		g.Remove(&w.Entry)
	})
}

func TestOneThatPassedCannotBeSetAgain(t *testing.T) {
	var d pulse.Deadline
	d.Set(1)
	if !d.Pass(2) || d.Pass(2) {
		t.Fatal("it does not pass once")
	}
	d.Set(pulse.Now().After(time.Hour))
	if !d.Passed() || d.Clear() {
		t.Error("it was forgotten that it passed")
	}
}

func TestAnEmptyGroupRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g pulse.Group
		all := make([]waiter, 5)
		for i := range all {
			g.Add(&all[i].Entry, &all[i])
		}
		time.Sleep(pulse.Period)
		synctest.Wait()
		for _, i := range []int{2, 0, 4, 1, 3, 3} {
			g.Remove(&all[i].Entry)
		}
		if g.Len() != 0 {
			t.Fatalf("%d members are left", g.Len())
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		for i := range all {
			if n := all[i].looks.Load(); n != 1 {
				t.Errorf("member %d was looked at %d times", i, n)
			}
		}
		// And it wakes up again.
		g.Add(&all[0].Entry, &all[0])
		time.Sleep(pulse.Period)
		synctest.Wait()
		if all[0].looks.Load() != 2 {
			t.Error("a new member is not looked at")
		}
		g.Remove(&all[0].Entry)
	})
}
