package finding

// A tally is a Report that grows, with what is already in it found by key.
// The zero tally is empty.
type tally struct {
	Report
	operations map[OperationRef]int
	verdicts   map[attempt]int
	findings   map[string]int // by fingerprint
}

// An attempt is what a Verdict is about.
type attempt struct {
	operation string
	position  Position
	shape     Shape
}

func (v Verdict) attempt() attempt { return attempt{v.Operation, v.Position, v.Shape} }

func (t *tally) putOperation(o Operation) { put(&t.operations, &t.Operations, o.OperationRef, o) }
func (t *tally) putVerdict(v Verdict)     { put(&t.verdicts, &t.Verdicts, v.attempt(), v) }
func (t *tally) putFinding(f Finding)     { put(&t.findings, &t.Findings, f.Fingerprint, f) }

// put replaces the element of that key, or appends it.
func put[K comparable, V any](index *map[K]int, list *[]V, key K, value V) {
	if i, ok := (*index)[key]; ok {
		(*list)[i] = value
		return
	}
	if *index == nil {
		*index = map[K]int{}
	}
	(*index)[key] = len(*list)
	*list = append(*list, value)
}

// countOperations sets what Coverage says of the operations.
func (r *Report) countOperations() {
	r.Coverage.Operations, r.Coverage.Exercised = len(r.Operations), 0
	for _, o := range r.Operations {
		if o.Exercised {
			r.Coverage.Exercised++
		}
	}
}
