package rules

import (
	"regexp"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

// A meaning is what the name of a call alone says of it. A program calls few
// things by many calls, so each name is looked at once.
type meaning struct {
	name      string
	asked     bool   // rules ask for such calls, whatever their arguments
	check     string // what it checks against forgery, or ""
	decodes   bool   // it says so of something unknown
	ends      bool   // it may take a session back
	reads     bool   // it may read a credential out of its arguments
	looksUp   bool   // it asks a store for what belongs to a key
	adds      bool   // it adds a middleware, whose class is its argument
	verifying bool   // it checks a signature by hand, by its name
	cookies   []*libraries.CookieSetting
	secrets   []libraries.Sign
	// frontend is the library's class whose method is called, or nil.
	frontend *libraries.Frontend
}

// cutLast cuts a dotted name around its last dot.
func cutLast(name string) (before, after string, found bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return "", name, false
	}
	return name[:i], name[i+1:], true
}

func (m *model) meaningOf(call *fastapi.Call) *meaning {
	m.mu.RLock()
	k := m.meanings[call.Name]
	m.mu.RUnlock()
	if k != nil {
		return k
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if k = m.meanings[call.Name]; k == nil {
		k = m.newMeaning(call.Name)
		m.meanings[call.Name] = k
	}
	return k
}

func (m *model) newMeaning(name string) *meaning {
	short := tail(name)
	k := &meaning{name: name, check: m.checkOf(name), adds: short == "add_middleware" || name == "starlette.Middleware"}
	_, verifies := m.verifies[name]
	k.looksUp = lookupName.MatchString(short)
	k.decodes, k.verifying = decodeName.MatchString(short), verifying.MatchString(short)
	k.reads = verifies || strings.HasPrefix(name, "itsdangerous.") || short == "loads" || k.decodes
	class, of, _ := cutLast(name)
	if f := libraries.FrontendOf(class); f != nil {
		k.frontend = f
		k.reads = k.reads || of == "__call__"
	}
	for _, l := range m.libs {
		for i, s := range l.Cookies {
			own := s.Own && short == tail(s.Class) && strings.HasPrefix(name, l.Modules[0]+".")
			if !strings.HasPrefix(name, "middleware:") && (name == s.Class || short == s.Class || own) {
				k.cookies = append(k.cookies, &l.Cookies[i])
			}
		}
		for _, r := range l.LoginRouters {
			k.asked = k.asked || name == r.Call
		}
		for _, r := range l.AccountRouters {
			k.asked = k.asked || name == r.Call
		}
		for _, s := range l.Secrets {
			if name == s.Call || short == tail(s.Call) && strings.HasPrefix(name, l.Modules[0]+".") {
				k.secrets = append(k.secrets, s)
			}
		}
	}
	_, signs := m.signs[name]
	k.asked = k.asked || k.adds || k.frontend != nil || len(k.cookies)+len(k.secrets) > 0 || signs || verifies || asked[short] || name == "starlette.CORSMiddleware" || k.verifying
	k.ends = endWord.MatchString(short)
	return k
}

// asked are names of further calls that rules look at, whoever's they are.
var asked = set(`set_cookie delete_cookie unset_jwt_cookies unset_access_cookies unset_cookies set_access_cookies set_refresh_cookies compare_digest BearerTransport LoginManager`)

// cookieSettings returns what a call says of how a library sets its cookies.
func (m *model) cookieSettings(call *fastapi.Call) []*libraries.CookieSetting {
	k := m.meaningOf(call)
	if !k.adds {
		return k.cookies
	}
	out := k.cookies
	first := call.Args.Get("middleware_class", 0)
	if first == nil {
		return out
	}
	for _, l := range m.libs {
		for i, s := range l.Cookies {
			if first.Is(s.Class) {
				out = append(out[:len(out):len(out)], &l.Cookies[i])
			}
		}
	}
	return out
}

// decodeName matches the names of things unknown that read a credential.
var decodeName = regexp.MustCompile(`(?i)(decode|verify|validate|authenticate).*(token|jwt|session)|(token|jwt|session).*(decode|verify|validate)|^get_(session|user).*|^verify_id_token$|^get_user$|^read_token$`)

// checkOf returns what a call of that name checks against forgery, or "".
func (m *model) checkOf(name string) string {
	for _, l := range m.libs {
		for _, ch := range l.Checks {
			if name == "middleware:"+ch.Name {
				return l.Name
			}
			for _, method := range ch.Methods {
				if tail(name) == method {
					return l.Name
				}
			}
		}
	}
	if added, ok := strings.CutPrefix(name, "middleware:"); ok && csrfName.MatchString(added) {
		return tail(added)
	}
	if dependency, ok := strings.CutPrefix(name, "depends:"); ok && csrfName.MatchString(dependency) {
		return tail(dependency)
	}
	if csrfName.MatchString(tail(name)) && checkWord.MatchString(tail(name)) {
		return tail(name)
	}
	return ""
}
