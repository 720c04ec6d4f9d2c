package openapi

import (
	"slices"
	"strings"

	vocabulary "github.com/d710e0ae/countersign/internal/scan/openapi/words"
)

// This file judges operations by their names: whether they change state, and
// what they may break.

// actions are the verbs by which operations say that they act.
var actions = verbs(`accept acknowledge activate add adjust apply approve archive assign authorize ban block book borrow buy
	cancel change charge checkin checkout claim clear clone close comment complete confirm connect convert copy create deactivate
	decline decrement delete demote deny deposit disable disconnect discharge dispatch downvote duplicate edit enable enroll
	execute exit extend finish fire follow freeze fulfill generate grant hire import increment insert invite invoke join
	kick kill leave like lock log logout mark merge migrate modify move mute notify pause pay pin post promote publish purchase purge
	put rate react read reboot recover redeem refund regenerate register reject release reload remove rename renew reopen reply report
	request reschedule resend reserve reset resolve restart restore resume retry return revert revoke rotate run save schedule seed send set
	settle share ship signoff signup snooze spend star start stop store submit subscribe suspend switch sync terminate toggle topup
	transfer trigger unarchive unassign unban unblock unenroll unfollow unfreeze unlike unlock unmute unpin unpublish unregister unshare
	unstar unsubscribe unsuspend update upgrade upload upvote verify void vote wipe withdraw write`)

// nouns are words of actions that more often name a thing than say what is
// done to it, where they stand alone at the end of a path.
var nouns = verbs(`comment log post rate request return report share star store schedule copy release set read charge start stop switch
	vote ship invoice pin exit clone like reply kick sync`)

// starts are those of nouns that are verbs between a collection and a name.
var starts = verbs(`charge start stop switch vote ship pin exit like kick sync clone`)

// compounds are verbs that also begin the names of collections.
var compounds = verbs(`upload dispatch import transfer book refund purchase deposit checkout move join publish`)

func verbs(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

// acts tells an operation whose name is a verb that acts, and which.
func (o *Operation) acts() (bool, string) {
	if verb := o.pathVerb(); verb != "" {
		return true, verb
	}
	// FastAPI's operation ids begin with the handler's name, and its summaries
	// are made of it.
	for _, said := range []string{o.ID, o.Summary} {
		words := nameWords(said)
		if len(words) > 1 && actions[words[0]] && words[0] != "read" && words[0] != "log" {
			return true, words[0]
		}
	}
	return false, ""
}

// pathVerb is the verb in the last literal segment of the path, or "".
func (o *Operation) pathVerb() string {
	last, before, after := "", "", false
	for _, part := range segments(o.Path) {
		if after = strings.Contains(part, "{"); !after {
			last, before = part, last
		}
	}
	words := nameWords(last)
	if len(words) == 0 || !actions[words[0]] {
		return ""
	}
	// In /visits/start/{id} a visit is started; /comment/{id} is a comment.
	if len(words) == 1 && nouns[words[0]] && !(after && starts[words[0]] && Singular(before) != before) {
		return ""
	}
	if noun := words[len(words)-1]; len(words) > 1 && Singular(noun) != noun && (nouns[words[0]] || compounds[words[0]]) {
		return "" // upload-sessions are sessions
	}
	return words[0]
}

func (o *Operation) judgeChange() (bool, string) {
	switch o.Method {
	case "GET", "HEAD":
		if o.Logout() {
			return true, "its name says that it ends the session"
		}
		if ok, verb := o.acts(); ok {
			return true, "its name says that it acts (" + verb + ")"
		}
		return false, ""
	case "OPTIONS", "TRACE":
		return false, ""
	}
	return true, "its method is " + o.Method
}

// asks are what operations are called, in the end of their path, that answer a
// question and keep nothing.
var asks = verbs(`search lookup find filter suggest suggestion suggestions autocomplete preview estimate calculate simulate
	insight insights suche suchen zoek zoeken buscar busqueda recherche rechercher cerca ricerca hledat szukaj sok haku pesquisar`)

// Asks reports whether the operation's name says that it only asks.
func (o *Operation) Asks() bool {
	parts := segments(o.Path)
	if len(parts) == 0 || o.Created || strings.Contains(parts[len(parts)-1], "{") {
		return false
	}
	words := nameWords(parts[len(parts)-1])
	return len(words) > 0 && asks[words[0]]
}

// Logout reports whether the operation looks like a logout.
func (o *Operation) Logout() bool {
	words := o.words()
	joined := strings.Join(words, " ")
	for _, w := range []string{"logout", "signout", "logoff", "signoff"} {
		if slices.Contains(words, w) {
			return true
		}
	}
	for _, w := range []string{"log out", "sign out", "log off", "sign off"} {
		if strings.Contains(" "+joined+" ", " "+w+" ") {
			return true
		}
	}
	if o.closesSession() {
		return true
	}
	id := nameWords(o.ID)
	if len(id) > 0 && (id[0] == "logout" || id[0] == "signout" || len(id) > 1 && (id[0] == "log" || id[0] == "sign") && (id[1] == "out" || id[1] == "off")) {
		return true
	}
	parts := segments(o.Path)
	if len(parts) > 0 && !strings.Contains(o.Path, "{") && (vocabulary.Of(vocabulary.Logout, parts[len(parts)-1]) || vocabulary.Of(vocabulary.Logout, o.Summary) && len(o.Bodies) == 0) {
		return true
	}
	if o.Method == "DELETE" && o.opened() {
		return true
	}
	if o.Method == "DELETE" && len(parts) > 0 {
		switch last := strings.ToLower(parts[len(parts)-1]); last {
		case "session", "login", "token", "auth":
			return true
		}
	}
	return false
}

// opened reports whether a POST to the same path takes a password: what that
// opens, a DELETE ends.
func (o *Operation) opened() bool {
	if o.doc == nil || strings.Contains(o.Path, "{") || len(o.Bodies) > 0 {
		return false
	}
	return slices.ContainsFunc(o.doc.Operations, func(p *Operation) bool {
		return p.Method == "POST" && p.Path == o.Path && slices.ContainsFunc(p.Bodies, func(b *Body) bool { return b.Schema.takesSecret(2) })
	})
}

// takesSecret reports whether an object has a member for a password, that many
// objects deep.
func (s *Schema) takesSecret(depth int) bool {
	return slices.ContainsFunc(s.Properties(), func(name string) bool {
		p := s.Property(name)
		return p.Secret() || isPassword(plainName(name)) || vocabulary.Of(vocabulary.Secret, name) || depth > 0 && p.takesSecret(depth-1)
	})
}

// closesSession tells paths such as /session/close and /auth/sessions/end.
func (o *Operation) closesSession() bool {
	parts := segments(strings.ToLower(o.Path))
	if len(parts) < 2 {
		return false
	}
	what, verb := parts[len(parts)-2], parts[len(parts)-1]
	return (what == "session" || what == "sessions") &&
		slices.Contains([]string{"close", "end", "finish", "destroy", "terminate", "invalidate", "kill"}, verb)
}

// removesThing tells paths such as /user/organization/remove, which remove
// something else than the account that is named before. What the account logs
// in with is part of it.
func (o *Operation) removesThing() bool {
	parts := segments(strings.ToLower(o.Path))
	if len(parts) < 3 || len(nameWords(parts[len(parts)-1])) != 1 {
		return false
	}
	what := Singular(lastWord(parts[len(parts)-2]))
	return !isAccount(what) && !isOwn(what) && !isVersion(what) && !slices.Contains([]string{"auth", "api", "email", "mail", "phone", "password", "passkey", "identity", "login", "credential", "session", "setting", "security"}, what)
}

func (o *Operation) judgeDanger() string {
	words := o.words()
	has := func(list ...string) bool {
		return slices.ContainsFunc(list, func(w string) bool { return slices.Contains(words, w) })
	}
	own := ownPath(o.Path) || has("account", "profile", "auth", "user", "users") && !strings.Contains(o.Path, "{")
	changes, _ := o.LikelyChangesState()
	switch {
	case !changes:
		return ""
	case o.Logout():
		return "it ends the session"
	case has("revoke", "revocation") && (own || has("token", "tokens", "session", "sessions")):
		return "it may revoke the token"
	case has("deactivate", "close", "terminate", "disable", "suspend", "delete", "remove", "erase", "destroy", "wipe") && own && !has("avatar", "picture", "photo", "image") && !strings.Contains(o.Path, "{") && !o.removesThing():
		return "it closes the account"
	case o.Method == "DELETE" && selfPath(o.Path):
		return "it deletes the account"
	case has("sessions") && o.Method == "DELETE":
		return "it ends sessions"
	case (has("password", "passwd", "credentials") || o.setsPassword()) && (own || !strings.Contains(o.Path, "{")) && !o.signsUp():
		return "it changes the password"
	case has("2fa", "mfa", "totp", "otp") && has("enable", "setup", "activate", "confirm"):
		return "it changes how one logs in"
	case has("rotate", "regenerate") && has("key", "token", "secret", "keys"):
		return "it replaces a credential"
	case has("purge", "wipe", "truncate", "factory", "nuke") || has("reset") && has("database", "db", "all", "state", "data"):
		return "it erases data"
	case has("shutdown", "reboot", "kill"):
		return "it stops the service"
	case (o.Method == "PUT" || o.Method == "PATCH") && selfPath(o.Path) && o.renames():
		return "it changes the name by which one logs in"
	}
	return ""
}

// NamesAccount reports whether the last parameter of the path names somebody
// who may log in.
func (d *Document) NamesAccount(o *Operation) bool {
	kind := d.Names(o)
	return isAccount(kind) || kind == "employee" || kind == "staff"
}

// disables are the verbs that may take an account away from its owner.
var disables = verbs(`delete remove destroy erase toggle disable deactivate activate enable ban unban block unblock suspend lock unlock status
	role roles promote demote password passwd reset close terminate kick archive`)

// TakesAway reports whether the operation may leave the account that its path
// names unusable, whatever is sent.
func (o *Operation) TakesAway() bool {
	return o.Method == "DELETE" || o.setsPassword() || slices.ContainsFunc(o.words(), func(w string) bool { return disables[w] })
}

// setsPassword tells a body with a new password.
func (o *Operation) setsPassword() bool {
	for _, b := range o.Bodies {
		for _, name := range b.Schema.Properties() {
			n := plainName(name)
			if isPassword(n) && (strings.Contains(n, "new") || strings.Contains(n, "old") || strings.Contains(n, "current") || selfPath(o.Path) && b.Schema.Required(name)) {
				return true
			}
		}
	}
	return false
}

// renames tells a body that must hold a user name or an address.
func (o *Operation) renames() bool {
	for _, b := range o.Bodies {
		if b.Schema.Required("username") || b.Schema.Required("email") {
			return true
		}
	}
	return false
}

// signsUp tells the creation of an account or a login, where a password does
// no harm.
func (o *Operation) signsUp() bool {
	for _, w := range o.words() {
		switch w {
		case "register", "registration", "signup", "login", "signin", "token", "forgot":
			return true
		}
	}
	parts := segments(o.Path)
	return o.Method == "POST" && len(parts) > 0 && (parts[len(parts)-1] == "users" || parts[len(parts)-1] == "accounts" || parts[len(parts)-1] == "user")
}
