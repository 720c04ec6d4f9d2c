package scan

import (
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/d710e0ae/countersign/internal/scan/oracle"
)

// given takes the victim's credentials out of what the user told.
func (s *session) given(h http.Header) *actor.Credentials {
	var cookies []client.Cookie
	for name, value := range s.cfg.Cookies {
		// Its attributes are not known; browsers treat a cookie without any
		// as Lax.
		cookies = append(cookies, client.Cookie{Name: name, Value: value, Host: s.target.Hostname(), Path: "/", SetAt: s.cfg.Clock()})
	}
	slices.SortFunc(cookies, func(a, b client.Cookie) int { return strings.Compare(a.Name, b.Name) })
	creds := &actor.Credentials{Jar: client.NewJar(cookies...)}
	if v := h.Get("Authorization"); v != "" {
		h.Del("Authorization")
		if t, ok := strings.CutPrefix(v, "Bearer "); ok {
			creds.Tokens = []actor.Token{{Value: t, Where: "header", Name: "Authorization"}}
		}
	}
	for _, v := range h {
		s.red.Add(v...)
	}
	if len(cookies) == 0 && len(creds.Tokens) == 0 {
		return nil
	}
	if len(cookies) > 0 {
		s.c.Note("the victim's cookies were given, so their attributes are not known; they are judged as cookies without SameSite")
	}
	return creds
}

// A scan begins to count at a multiple of serialsOfScan, of which there are
// maxBegin, so that its values are not those of an earlier scan of the same
// API. All stay below 2^31 when openapi makes numbers of them.
const (
	serialsOfScan = 2_000
	maxBegin      = 1_000
)

func (s *session) prepare(doc *openapi.Document, base *url.URL, given *actor.Credentials) *api {
	pool := &openapi.Pool{Today: s.cfg.Clock()}
	t := &attack.Target{Client: s.cl, Base: base, Redactor: &s.red, Handler: s.c, Note: s.c.Note,
		ReadOnly: s.cfg.ReadOnly, Wordlist: s.cfg.Wordlist, Title: doc.Title}
	if s.cfg.Frontend != "" {
		t.Frontend, _ = url.Parse(s.cfg.Frontend) // validated before
	}
	// Values that must be unique would be the last scan's if each began at 0.
	a := &api{cfg: s.cfg, t: t, doc: doc, pool: pool, serial: rand.IntN(maxBegin) * serialsOfScan, ways: findWays(doc), logins: map[string]bool{}, byOp: map[*openapi.Operation]*use{}, telling: map[string][]*use{}, wasThere: map[string]bool{}}
	for _, r := range a.ways.routes {
		// Whether a doubtful one is a login its answer shows.
		if !r.Doubtful {
			a.logins[r.Method+" "+r.Path] = true
		}
	}
	a.reader = &oracle.Reader{Get: a.get}
	t.Victim = a.actor(s.cfg.Victim, s.cl, &s.red)
	t.Victim.Given = given
	if s.cfg.Attacker.Name != "" {
		t.Attacker = a.actor(s.cfg.Attacker, s.cl, &s.red)
		pool.Offer("other", s.cfg.Attacker.Name)
	} else if s.cfg.Victim.Name != "" {
		// The only name that is known to exist.
		pool.Offer("other", s.cfg.Victim.Name)
	}
	for _, op := range doc.Plan() {
		if !s.cfg.wanted(op.OperationRef) {
			continue
		}
		u := a.newUse(op)
		u.outside = !s.cfg.Shard.holds(op.Path)
		u.refreshes = actor.IsRefresh(op)
		u.subject.Renews = u.refreshes
		t.Refresh = t.Refresh || u.refreshes
		t.Paths = append(t.Paths, op.Path)
		// What has a parameter leaves one thing of many, such as a room.
		if op.Logout() && (len(t.Logouts) == 0 || !strings.Contains(op.Path, "{")) {
			t.Logouts = append(t.Logouts, u.subject)
		}
		a.uses = append(a.uses, u)
		a.byOp[op] = u
		if u.telling != "" {
			a.telling[u.telling] = append(a.telling[u.telling], u)
		}
		t.Subjects = append(t.Subjects, u.subject)
	}
	for _, u := range a.uses {
		u.acts = u.op.Method == http.MethodGet && slices.ContainsFunc(a.uses, func(o *use) bool { return o.op.Method == http.MethodGet && actsOn(u.op.Path, o.op.Path) })
	}
	return a
}

// holds reports whether a path belongs to the shard.
func (s Shard) holds(path string) bool {
	if s.N <= 1 {
		return true
	}
	h := fnv.New32a()
	h.Write([]byte(path))
	return int(h.Sum32()%uint32(s.N)) == s.I-1
}
