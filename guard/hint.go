package guard

import (
	"log/slog"
	"sync"
)

// hints remembers what the log has said once, as it does not depend on the
// request: what is not recognised works as without the guard, so nothing else
// would tell.
type hints struct {
	mu   sync.Mutex
	said map[string]struct{}
}

// maxHints bounds them: an API may make up names.
const maxHints = 32

func (h *hints) first(about string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.said[about]; ok || len(h.said) >= maxHints {
		return false
	}
	if h.said == nil {
		h.said = map[string]struct{}{}
	}
	h.said[about] = struct{}{}
	return true
}

// hint writes once what the configuration could say.
func (g *Guard) hint(x *exchange, about, message string, attrs ...slog.Attr) {
	if g.hints.first(about) {
		g.log.LogAttrs(x.r.Context(), slog.LevelInfo, message, append(attrs, slog.String("path", loggable(x.path())))...)
	}
}
