package client_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// counting answers 429 once a path has had its share of a minute.
type counting struct {
	each  int
	after string // Retry-After
	taken map[string][]time.Time
	asked int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.asked++
	var recent []time.Time
	for _, at := range c.taken[r.URL.Path] {
		if time.Since(at) < time.Minute {
			recent = append(recent, at)
		}
	}
	if c.taken[r.URL.Path] = recent; len(recent) >= c.each {
		return answer(429, strings.NewReader(""), "Retry-After", c.after), nil
	}
	c.taken[r.URL.Path] = append(recent, time.Now())
	return answer(200, strings.NewReader(""), "", ""), nil
}

func TestAnAPIThatCountsByTheMinuteIsWaitedFor(t *testing.T) {
	for name, tc := range map[string]struct {
		api        counting
		want       int // statuses of the eleventh request
		least      time.Duration
		most       time.Duration
		mostAsking int
	}{
		"it says nothing of when": {counting{each: 10}, 200, time.Minute, 65 * time.Second, 30},
		"it says a minute":        {counting{each: 10, after: "60"}, 200, time.Minute, time.Minute, 12},
		"it never takes more":     {counting{}, 429, time.Minute, 66 * time.Second, 30},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tc.api.taken = map[string][]time.Time{}
				told := time.Duration(0)
				c := client.New(client.Config{Target: target(t, "http://api.test"), Transport: &tc.api, Waits: func(_ int, d time.Duration) { told += d }})
				start := time.Now()
				for n := range 11 {
					if tc.api.each == 0 && n < 10 {
						continue
					}
					res, err := c.Do(t.Context(), get(target(t, "http://api.test/login")))
					if err != nil {
						t.Fatal(err)
					}
					if n == 10 && res.Status != tc.want {
						t.Errorf("the eleventh is answered %d, want %d", res.Status, tc.want)
					}
				}
				took := time.Since(start)
				if took < tc.least || took > tc.most || told != took {
					t.Errorf("waited %v and told of %v, want from %v to %v", took, told, tc.least, tc.most)
				}
				if tc.api.asked > tc.mostAsking {
					t.Errorf("asked %d times", tc.api.asked)
				}
			})
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &counting{taken: map[string][]time.Time{}}
		c := client.New(client.Config{Target: target(t, "http://api.test"), Transport: api, Patience: 2 * time.Minute})
		took := func(path string) time.Duration {
			start := time.Now()
			if _, err := c.Do(t.Context(), get(target(t, "http://api.test"+path))); err != nil {
				t.Fatal(err)
			}
			return time.Since(start)
		}
		if d := took("/a"); d < time.Minute {
			t.Errorf("control: waited %v", d)
		}
		if d := took("/a"); d != 0 {
			t.Errorf("a path that a window did not open was waited for again: %v", d)
		}
		if d := took("/b") + took("/c") + took("/d"); d > time.Minute {
			t.Errorf("waited %v more, beyond the client's patience", d)
		}
		if n := c.TurnedAway(); n != 5 {
			t.Errorf("%d were turned away, want 5", n)
		}
	})
}

// An API that lets nobody in any more is waited for on a few paths, and one that
// counts by the minute for as long as it takes.
func TestPatienceIsForThoseWhoComeBack(t *testing.T) {
	for name, tc := range map[string]struct {
		each int
		want time.Duration // at the most
		open bool
	}{
		"shut":               {0, 4 * time.Minute, false},
		"one in each minute": {1, 15 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &counting{each: tc.each, taken: map[string][]time.Time{}}
				c := client.New(client.Config{Target: target(t, "http://api.test"), Transport: api})
				start, taken := time.Now(), 0
				for n := range 40 {
					res, err := c.Do(t.Context(), get(target(t, "http://api.test/"+string(rune('a'+n%4)))))
					if err != nil {
						t.Fatal(err)
					}
					if res.Status == 200 {
						taken++
					}
				}
				if took := time.Since(start); took > tc.want || took < time.Minute {
					t.Errorf("waited %v, want at most %v", took, tc.want)
				}
				if tc.open != (taken == 40) {
					t.Errorf("%d of 40 were taken", taken)
				}
			})
		})
	}
}
