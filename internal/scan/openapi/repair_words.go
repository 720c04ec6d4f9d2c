package openapi

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// taken are words for what exists or is used already, in other languages than
// English.
var taken = []string{
	"já existe", "ja existe", "já está em uso", "ja esta em uso", "já cadastrad", "ja cadastrad", "ya existe", "ya está en uso", "ya esta en uso", "ya registrad", "ya está registrad",
	"existe déjà", "déjà utilis", "déjà pris", "bereits vergeben", "existiert bereits", "bereits vorhanden", "bereits registriert", "già esist", "esiste già", "già in uso", "già registrat",
	"bestaat al", "al in gebruik", "finns redan", "finnes allerede", "findes allerede", "już istnieje", "już zajęt", "уже существует", "уже зарегистрир", "уже использ", "уже занят", "вже існує",
	"zaten var", "zaten kayıt", "zaten kullan", "sudah ada", "sudah terdaftar", "đã tồn tại", "已存在", "已被", "已经存在", "既に", "すでに", "이미 사용", "이미 존재", "이미 등록",
}

// figures are words for digits.
var figures = []string{"digit", "dígit", "cifr", "chiffre", "ziffer", "stellig", "cijfer", "siffr", "cyfr", "цифр", "rakam", "haneli", "数字", "자리", "숫자"}

// ofDigits gives the one text of digits that is not as long as the message
// wants it, though the message does not name it, its length.
func (f *fix) ofDigits(said string) (*Request, bool) {
	n, err := strconv.Atoi(firstNumber.FindString(said))
	next := f.prev.Clone()
	object, ok := next.Value.(map[string]any)
	if err != nil || n < 1 || n > 32 || !ok || !says(said, figures...) {
		return nil, false
	}
	found := ""
	for _, name := range sortedKeys(object) {
		s, _ := object[name].(string)
		if s == "" || strings.Trim(s, "0123456789") != "" || len(s) == n {
			continue
		}
		if found != "" {
			return nil, false
		}
		found = name
	}
	if found == "" {
		return nil, false
	}
	hint := map[string]any{"type": "string", "pattern": fmt.Sprintf("^[0-9]{%d}$", n)}
	f.pool.hint(f.op, "body/"+found, hint)
	object[found] = f.doc.generator(f.op, f.pool, f.prev.opt).value(hint, found, "body/"+found, 1)
	return next, next.Encode(mediaType(next.ContentType)) == nil
}

var (
	quotedName = regexp.MustCompile("['\"`‘“«]([a-z_][a-z0-9_]{1,40})['\"`’”»]")
	dueName    = regexp.MustCompile(`(?:^|\s)([a-z_][a-z0-9_]{1,40}) (?:is|are) (?:required|missing|mandatory)|(?:missing|required)(?: \w+)?:\s*([a-z_][a-z0-9_]{1,40})`)
	snakeName  = regexp.MustCompile(`\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b`)
)

// lacking adds the members that the message misses, also to a body of which
// the document does not say what it holds.
func (f *fix) lacking(said string) (*Request, bool) {
	object, isObject := f.prev.Value.(map[string]any)
	body := f.body()
	if body == nil {
		return nil, false
	}
	open := len(body.Schema.Properties()) == 0
	if !isObject && !open {
		return nil, false
	}
	var names []string
	note := func(name string) {
		if _, has := object[name]; name != "" && !has && !slices.Contains(names, name) && (open || body.Schema.property(name) != nil) {
			names = append(names, name)
		}
	}
	for _, m := range quotedName.FindAllStringSubmatch(said, maxErrors) {
		note(m[1])
	}
	for _, m := range dueName.FindAllStringSubmatch(said, maxErrors) {
		note(m[1])
		note(m[2])
	}
	if open {
		for _, name := range snakeName.FindAllString(said, maxErrors) {
			note(name)
		}
	}
	if len(names) == 0 {
		return nil, false
	}
	also := slices.Clone(list(f.pool.hinted(f.op, "body")[alsoKeyword]))
	for _, name := range names {
		if f.pool.hint(f.op, "body/"+name, map[string]any{"required": true}); open && len(also) < maxErrors {
			also = append(also, name)
		}
	}
	if open {
		f.pool.hint(f.op, "body", map[string]any{"type": "object", alsoKeyword: also})
	}
	return f.rebuilt(f.prev.opt, true)
}

// otherType makes a number of a text that the message finds fault with, and a
// date of a number, where the document does not say what it is.
func (f *fix) otherType(said string) (*Request, bool) {
	object, _ := f.prev.Value.(map[string]any)
	body := f.body()
	if body == nil || len(body.Schema.Properties()) > 0 {
		return nil, false
	}
	for _, name := range sortedKeys(object) {
		if len(name) < 3 || !mentions(said, name) || identifies(name) {
			continue
		}
		hint := map[string]any{"type": "number"}
		switch v := object[name].(type) {
		case string:
			if !strings.HasPrefix(v, "probe") {
				continue
			}
		case float64:
			hint = map[string]any{"type": "string", "format": "date"}
		default:
			continue
		}
		f.pool.hint(f.op, "body/"+name, hint)
		next := f.prev.Clone()
		next.Value.(map[string]any)[name] = f.doc.generator(f.op, f.pool, f.prev.opt).value(hint, name, "body/"+name, 1)
		return next, next.Encode(mediaType(next.ContentType)) == nil
	}
	return nil, false
}

// ofTheThing gives texts that a call about a thing repeats of it what the
// thing says: a deletion wants the name confirmed, a check the surname.
func (f *fix) ofTheThing() (*Request, bool) {
	next := f.prev.Clone()
	object, ok := next.Value.(map[string]any)
	if !ok || f.op.Method == "PUT" || f.op.Method == "PATCH" || len(f.prev.things) == 0 {
		return nil, false
	}
	of := f.prev.things[len(f.prev.things)-1]
	changed := false
	f.pool.mu.Lock()
	for _, name := range sortedKeys(object) {
		if s, _ := object[name].(string); s == "" || identifies(name) {
			continue
		}
		for _, w := range of.names {
			is, _ := of.fields[w.name].(string)
			if len(w.plain) > 2 && is != "" && is != object[name] && strings.HasSuffix(plainName(name), w.plain) {
				object[name], changed = is, true
				break
			}
		}
	}
	f.pool.mu.Unlock()
	return next, changed && next.Encode(mediaType(next.ContentType)) == nil
}

// alike takes texts over from a thing of the kind that is to be made, but for
// those by which such things are told apart; where the document does not say
// what the body holds, all that such a thing has.
func (f *fix) alike() (*Request, bool) {
	next, body := f.prev.Clone(), f.body()
	object, ok := next.Value.(map[string]any)
	if !ok || body == nil || f.op.Method != "POST" {
		return nil, false
	}
	open := len(body.Schema.Properties()) == 0
	f.pool.mu.Lock()
	defer f.pool.mu.Unlock()
	changed := false
	kind, path := f.pool.kindLike(f.op.traits.thing), strings.TrimSuffix(f.prev.Path, "/")
	f.pool.each(func(t *thing) {
		here := t.kind == kind || slices.ContainsFunc(t.homes, func(h *home) bool { return h.path == path || strings.HasPrefix(h.path, path+"/") })
		if !here || t.rank == rankMentioned || changed {
			return
		}
		for _, name := range sortedKeys(t.fields) {
			was, has := object[name]
			is, given := t.fields[name], !tellsApart(name)
			if _, isText := is.(string); has && isText && given && text(was) != is && kindOf(was) == "string" && !day.MatchString(text(was)) {
				object[name], changed = is, true
			}
			if of, isID := resourceOf(name); open && !has && !(isID && (of == "" || of == t.kind)) {
				object[name], changed = is, true
			}
		}
	})
	return next, changed && next.Encode(mediaType(next.ContentType)) == nil
}

// tellsApart reports whether a member of that name may be what tells a thing
// from its like, or is nobody else's to know.
func tellsApart(name string) bool {
	n := plainName(name)
	return refers(name) || isPassword(n) || slices.Contains(idFields, n) || strings.HasSuffix(n, "name") || n == "title"
}

// terse shortens the texts that were made up: documents often leave out how
// much a database column holds.
func (f *fix) terse() (*Request, bool) {
	next := f.prev.Clone()
	object, ok := next.Value.(map[string]any)
	if !ok {
		return nil, false
	}
	changed := false
	for _, name := range sortedKeys(object) {
		if s, _ := object[name].(string); strings.HasPrefix(s, "probe") && len(s) > 7 && !strings.Contains(s, "@") {
			object[name], changed = "p"+s[len(s)-4:], true
		}
	}
	return next, changed && next.Encode(mediaType(next.ContentType)) == nil
}

// consents reports whether a flag of that name says that its sender agrees: a
// good client does.
func consents(name string) bool {
	return slices.ContainsFunc(nameWords(name), func(w string) bool {
		switch w {
		case "accept", "accepts", "accepted", "agree", "agrees", "agreed", "consent", "consents", "tos", "terms", "confirm", "confirmed", "acknowledge", "acknowledged":
			return true
		}
		return false
	})
}
