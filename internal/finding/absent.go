package finding

// An AbsentPosition is one that a target does not have.
type AbsentPosition struct {
	Position Position
	Reason   string
}

// Absent returns the positions at which nothing was tested, and all for one
// reason that other positions do not have: an http page of a host that speaks
// http itself. It need be said once, and not for each operation.
func Absent(verdicts []Verdict) []AbsentPosition {
	type place struct{ operation, shape string }
	elsewhere := map[place]map[string]bool{} // reasons, by position and reason
	for _, v := range verdicts {
		p := place{v.Operation, string(v.Shape)}
		if elsewhere[p] == nil {
			elsewhere[p] = map[string]bool{}
		}
		elsewhere[p][string(v.Position)+"\n"+v.Reason] = true
	}
	var out []AbsentPosition
	for _, pos := range Positions() {
		reason, absent := "", true
		for _, v := range verdicts {
			if v.Position != pos {
				continue
			}
			shared := false
			for _, other := range Positions() {
				shared = shared || other != pos && elsewhere[place{v.Operation, string(v.Shape)}][string(other)+"\n"+v.Reason]
			}
			switch {
			case v.Verdict != NotTested, !shared && reason != "" && reason != v.Reason:
				absent = false
			case !shared:
				reason = v.Reason
			}
		}
		if absent && reason != "" {
			out = append(out, AbsentPosition{pos, reason})
		}
	}
	return out
}
