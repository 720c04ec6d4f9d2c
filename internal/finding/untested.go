package finding

// Untested returns the operations, as "METHOD PATH", that were not exercised
// and of which nothing was tested therefore: their one reason stands at the
// operation, and need not be said again for each attempt.
func (r *Report) Untested() map[string]bool {
	out := map[string]bool{}
	for _, o := range r.Operations {
		if !o.Exercised {
			out[o.String()] = true
		}
	}
	for _, v := range r.Verdicts {
		if v.Verdict != NotTested {
			delete(out, v.Operation)
		}
	}
	return out
}
