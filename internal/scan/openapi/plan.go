package openapi

import (
	"cmp"
	"slices"
	"strings"
)

// Plan returns the operations in the order in which to exercise them:
// producers before consumers, deletes late, and last of all what may end the
// session or the account.
func (d *Document) Plan() []*Operation {
	ops := slices.Clone(d.Operations)
	slices.SortStableFunc(ops, func(a, b *Operation) int {
		return cmp.Or(
			cmp.Compare(stage(a), stage(b)),
			cmp.Compare(parameters(a.Path), parameters(b.Path)),
			cmp.Compare(within(a), within(b)),
			cmp.Compare(strings.Count(a.Path, "/"), strings.Count(b.Path, "/")),
			cmp.Compare(needs(a), needs(b)))
	})
	return ops
}

func stage(o *Operation) int {
	switch {
	case o.Dangerous() != "":
		return 2
	case o.Method == "DELETE":
		return 1
	}
	return 0
}

// within orders one level of the hierarchy: create, read, then change.
func within(o *Operation) int {
	switch o.Method {
	case "POST":
		if act, _ := o.acts(); act && strings.Contains(o.Path, "}/") {
			return 2
		}
		return 0
	case "GET", "HEAD", "OPTIONS":
		return 1
	}
	return 3
}

func parameters(path string) int { return strings.Count(path, "{") }

// needs counts the things that the operation's body must name.
func needs(o *Operation) int {
	n := 0
	for _, b := range o.Bodies[:min(len(o.Bodies), 1)] {
		for _, name := range b.Schema.Properties() {
			if of, ok := resourceOf(name); ok && of != "" {
				n++
			}
		}
	}
	return n
}

// words splits the names by which an operation goes into plain words.
func (o *Operation) words() []string {
	var out []string
	for part := range strings.SplitSeq(o.Path, "/") {
		if !strings.HasPrefix(part, "{") {
			out = append(out, splitWords(part)...)
		}
	}
	return out
}

func splitWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}

// Dangerous says why the operation may end the session or the account in use,
// or "" where it does not look so.
func (o *Operation) Dangerous() string {
	words := o.words()
	has := func(w string) bool { return slices.Contains(words, w) }
	joined := strings.Join(words, " ")
	switch {
	case has("logout") || has("signout") || has("logoff") || strings.Contains(joined, "log out") || strings.Contains(joined, "sign out"):
		return "it ends the session"
	case has("revoke") || has("revocation"):
		return "it may revoke the token"
	case (has("deactivate") || has("close")) && (has("account") || has("me") || has("profile")):
		return "it closes the account"
	case o.Method == "DELETE" && lastOwn(o.Path):
		return "it deletes the account"
	case strings.Contains(joined, "password") && o.Method != "GET":
		return "it changes the password"
	}
	return ""
}

// lastOwn tells a path that ends in what stands for the caller.
func lastOwn(path string) bool {
	last := path[strings.LastIndexByte(strings.TrimRight(path, "/"), '/')+1:]
	switch strings.ToLower(strings.TrimRight(last, "/")) {
	case "me", "self", "account", "profile":
		return true
	}
	return false
}

// Logout reports whether the operation looks like a logout.
func (o *Operation) Logout() bool { return o.Dangerous() == "it ends the session" }

var actions = map[string]bool{
	"delete": true, "remove": true, "transfer": true, "approve": true, "reject": true, "activate": true, "deactivate": true,
	"create": true, "add": true, "update": true, "edit": true, "set": true, "change": true, "reset": true, "send": true,
	"pay": true, "buy": true, "purchase": true, "order": false, "cancel": true, "confirm": true, "accept": true,
	"decline": true, "publish": true, "unpublish": true, "enable": true, "disable": true, "toggle": true, "like": true,
	"unlike": true, "follow": true, "unfollow": true, "subscribe": true, "unsubscribe": true, "vote": true, "upvote": true,
	"downvote": true, "join": true, "leave": true, "start": true, "stop": true, "run": true, "trigger": true, "execute": true,
	"logout": true, "book": true, "reserve": true, "withdraw": true, "deposit": true, "redeem": true, "claim": true,
	"archive": true, "restore": true, "clear": true, "purge": true, "mark": true, "complete": true, "close": true, "open": false,
	"assign": true, "invite": true, "import": true, "increment": true, "decrement": true, "checkout": true, "move": true,
	"rename": true, "grant": true, "revoke": true, "ban": true, "unban": true, "block": true, "unblock": true, "upload": true,
	"save": true, "store": true, "register": true, "promote": true, "demote": true, "rotate": true, "regenerate": true, "sync": true,
}

// acts tells an operation whose name is a verb that acts, and which.
func (o *Operation) acts() (bool, string) {
	last := ""
	for part := range strings.SplitSeq(o.Path, "/") {
		if part != "" && !strings.HasPrefix(part, "{") {
			last = part
		}
	}
	for _, w := range splitWords(last) {
		if actions[w] {
			return true, w
		}
	}
	// FastAPI's operation ids begin with the handler's name.
	if words := splitWords(o.ID); len(words) > 0 && actions[words[0]] {
		return true, words[0]
	}
	if words := splitWords(o.Summary); len(words) > 0 && actions[words[0]] {
		return true, words[0]
	}
	return false, ""
}

// LikelyChangesState tells operations that change state, by their method or,
// for GET, by a name that says so; and why it is thought so. What a GET really
// does only reading the state back can tell.
func (o *Operation) LikelyChangesState() (bool, string) {
	switch o.Method {
	case "GET", "HEAD":
		if ok, verb := o.acts(); ok {
			return true, "its name says that it acts (" + verb + ")"
		}
		return false, ""
	case "OPTIONS", "TRACE":
		return false, ""
	}
	return true, "its method is " + o.Method
}

// Oracles returns the GET operations that are likely to show what op changed,
// the likeliest first, at most four.
func (d *Document) Oracles(op *Operation) []*Operation {
	type candidate struct {
		op    *Operation
		score int
	}
	var out []candidate
	thing := thingOf(op.Path)
	for _, o := range d.Operations {
		if o.Method != "GET" || o == op {
			continue
		}
		if ok, _ := o.acts(); ok {
			continue
		}
		score := 0
		switch {
		case o.Path == op.Path:
			score += 8
		case strings.HasPrefix(op.Path, o.Path+"/") || strings.HasPrefix(o.Path, op.Path+"/"):
			score += 5
		}
		if thingOf(o.Path) == thing {
			score += 4
		}
		if ownPath(o.Path) {
			score += 3
		}
		for _, t := range o.Tags {
			if slices.Contains(op.Tags, t) {
				score += 2
			}
		}
		for _, w := range o.words() {
			switch w {
			case "balance", "history", "status", "state", "profile", "account", "transactions", "inbox", "settings", "cart", "orders":
				score += 2
			}
		}
		// One that needs a value which op does not know is a poor witness.
		for _, name := range pathParams(o.Path) {
			if !strings.Contains(op.Path, "{"+name+"}") {
				score -= 4
			}
		}
		if score > 0 {
			out = append(out, candidate{o, score})
		}
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return b.score - a.score })
	var ops []*Operation
	for _, c := range out[:min(len(out), 4)] {
		ops = append(ops, c.op)
	}
	return ops
}

func pathParams(path string) []string {
	var out []string
	for part := range strings.SplitSeq(path, "{") {
		if name, _, ok := strings.Cut(part, "}"); ok {
			out = append(out, name)
		}
	}
	return out
}

// Producers returns the POST operations that create what the last path
// parameter of op names.
func (d *Document) Producers(op *Operation) []*Operation {
	params := pathParams(op.Path)
	if len(params) == 0 {
		return nil
	}
	last := params[len(params)-1]
	container := op.Path[:strings.LastIndex(op.Path, "{"+last+"}")]
	thing, ok := resourceOf(last)
	if !ok || thing == "" {
		thing = thingOf(container)
	}
	var out []*Operation
	for _, o := range d.Operations {
		if o.Method != "POST" || strings.Contains(o.Path, "{"+last+"}") {
			continue
		}
		if strings.TrimRight(o.Path, "/") == strings.TrimRight(container, "/") {
			out = slices.Insert(out, 0, o)
		} else if thingOf(o.Path) == thing {
			out = append(out, o)
		}
	}
	return out
}
