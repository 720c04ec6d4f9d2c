package openapi

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

const nested = `{"openapi":"3.1.0","info":{"title":"T","version":"1"},"paths":{
"/shops/{shop_id}/shelves/{shelf_id}/items/{item_id}":{"put":{
"parameters":[{"name":"shop_id","in":"path","schema":{"type":"integer"}},{"name":"shelf_id","in":"path","schema":{"type":"string"}},{"name":"item_id","in":"path","schema":{"type":"integer"}}],
"responses":{"200":{"description":""}}}}}}`

// exhaustive is descend without its bounds.
func (s *search) exhaustive(chosen []candidate, score int) {
	if len(chosen) == len(s.slots) {
		if score > s.bestScore {
			s.best, s.bestScore = slices.Clone(chosen), score
		}
		return
	}
	for _, c := range s.candidates(chosen, noScore) {
		s.exhaustive(append(slices.Clip(chosen), c), score+c.score)
	}
}

// What descend leaves out could not have won: over pools of all kinds it
// chooses what trying everything chooses.
func TestBoundsLeaveTheBestChoice(t *testing.T) {
	doc, err := Parse(t.Context(), []byte(nested), nil)
	if err != nil {
		t.Fatal(err)
	}
	op := doc.Operations[0]
	found, saved := 0, 0
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		pool := randomPool(random)
		one := func(by func(*search)) *search {
			s := &search{g: doc.generator(op, pool, BuildOptions{}), op: op, slots: doc.slots(op), parts: segments(op.Path), bestScore: noScore, rest: make([]int, 3), room: make([][]candidate, 3)}
			pool.mu.Lock()
			defer pool.mu.Unlock()
			s.bind()
			s.bounds()
			by(s)
			return s
		}
		searches := pool.searches
		all := one(func(s *search) { s.exhaustive(nil, 0) })
		whole := pool.searches - searches
		quick := one(func(s *search) { s.descend(nil, 0) })
		saved += whole - (pool.searches - searches - whole)
		if quick.bestScore != all.bestScore || !slices.EqualFunc(quick.best, all.best, func(a, b candidate) bool { return a.text == b.text }) {
			t.Errorf("seed %d: %v with %d, and trying everything %v with %d", seed, texted(quick.best), quick.bestScore, texted(all.best), all.bestScore)
		}
		if len(all.best) > 0 && all.best[0].thing != nil {
			found++
		}
	}
	if found < 200 || saved < 500 {
		t.Errorf("only %d of the pools had things to choose, and %d looks were saved: this tells little", found, saved)
	}
}

func texted(chosen []candidate) (out []string) {
	for _, c := range chosen {
		out = append(out, c.text)
	}
	return out
}

// randomPool is one of shops, shelves and items, some of which live in one
// another, name their parents, are gone, spent or the account's.
func randomPool(random *rand.Rand) *Pool {
	p := &Pool{}
	if random.IntN(2) == 0 {
		p.Self("username", "alice")
	}
	owner := func(fields map[string]any) map[string]any {
		if random.IntN(3) == 0 {
			fields["owner"] = []string{"alice", "bob"}[random.IntN(2)]
		}
		return fields
	}
	add := func(kind string, fields map[string]any, at string) {
		t := p.add(kind, owner(fields), at, random.IntN(rankCreated+1))
		if t == nil {
			return
		}
		t.gone = random.IntN(10) == 0
		if random.IntN(6) == 0 {
			t.spent["PUT "+"/shops/{shop_id}/shelves/{shelf_id}/items/{item_id}"] = true
		}
	}
	for range random.IntN(9) {
		shop := float64(random.IntN(12))
		add("shop", map[string]any{"id": shop}, []string{"", "/shops"}[random.IntN(2)])
		for range random.IntN(4) {
			shelf := fmt.Sprint("s", random.IntN(12))
			fields := map[string]any{"id": shelf}
			if random.IntN(2) == 0 {
				fields["shop_id"] = float64(random.IntN(12))
			}
			add("shelf", fields, []string{"", fmt.Sprintf("/shops/%v/shelves", shop)}[random.IntN(2)])
			for range random.IntN(4) {
				fields := map[string]any{"id": float64(random.IntN(20))}
				if random.IntN(2) == 0 {
					fields["shelf_id"] = fmt.Sprint("s", random.IntN(12))
				}
				add("item", fields, []string{"", fmt.Sprintf("/shops/%v/shelves/%s/items", shop, shelf)}[random.IntN(2)])
			}
		}
	}
	return p
}
