package rules

// topics are what a route is about, by its path and the name of its handler.
// Many rules ask for them, and a pattern is slow.
type topics struct{ login, logout, refresh, entry, oneTime bool }

func (r *route) topics() topics {
	n := r.name()
	return topics{
		login: loginWord.MatchString(n), logout: logoutWord.MatchString(n), refresh: refreshWord.MatchString(n),
		entry: entryWord.MatchString(n), oneTime: oneTimeWord.MatchString(n),
	}
}
