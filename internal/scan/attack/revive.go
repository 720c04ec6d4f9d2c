package attack

import (
	"context"
	"net/http"
)

// revived reports whether the victim's session had ended unseen, and stands
// again: a call in between may have ended it, and what is refused for that
// alone tells nothing of the operation. It asks once for each.
func (t *Target) revived(ctx context.Context, s *Subject) (bool, error) {
	if s.revived || t.Victim.Given != nil {
		return false, nil
	}
	s.revived = true
	for _, w := range t.Subjects {
		if w.Ref.Method != http.MethodGet || !w.Exercised || w.Call == nil || w.Refusal == nil || w.ChangesState || w.Login || t.IsLogout(w) {
			continue
		}
		logins := t.Victim.Logins()
		_, err := t.Victim.Do(ctx, w.Call.Wire()) // logs in anew where it must
		return err == nil && t.Victim.Logins() > logins, err
	}
	return false, nil
}
