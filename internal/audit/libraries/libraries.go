// Package libraries says what the libraries around FastAPI do that audit must
// know and cannot read: which calls sign and verify tokens, which classes
// check for forgery, which read cookies, and what their defaults are. One
// file a library, each with where its facts were read.
package libraries

import "strings"

// An Arg is where a call takes something: by name, or by position where that
// is not negative.
type Arg struct {
	Name string
	Pos  int
}

var absent = Arg{"", -1}

// A Sign is a call that makes a signed token.
type Sign struct {
	Call        string // dotted name
	Claims, Key Arg
	// Lifetime is how long the token lives, where the call adds exp by itself;
	// absent where the claims say it.
	Lifetime Arg
	// Seconds is how long tokens live that an object with this secret makes, and
	// none of which can be renewed; absent where it says nothing of that.
	Seconds Arg
}

// A Verify is a call that reads a token.
type Verify struct {
	Call       string
	Key        Arg
	Algorithms Arg  // absent where the library needs none
	Options    Arg  // a dict of switches such as verify_signature
	Never      bool // it never checks the signature
	// Lax says that leaving Algorithms out accepts what the header says.
	Lax bool
	// Switch is a boolean argument that turns the check off, as PyJWT's verify
	// of old.
	Switch Arg
}

// A Check is a middleware or a call that refuses forged requests.
type Check struct {
	Name    string   // of a middleware's class, or of a call
	Methods []string // method names, for calls on an object of that class
}

// A CookieSetting is an object whose construction decides how a cookie is set.
type CookieSetting struct {
	Class                          string
	CookieName, Secure, HTTPOnly   Arg
	SameSite, Domain               Arg
	NameDefault, SameSiteDefault   string
	SecureDefault, HTTPOnlyDefault bool
	Secret                         Arg
	// Params is an object whose own arguments hold the attributes, where they
	// are not those of the class; absent where they are.
	Params Arg
	// Session says that the cookie holds Starlette's session.
	Session bool
	// Own says that the library sets up the session by itself, where the
	// program does not.
	Own bool
}

// A Frontend is a dependency that takes a session from a cookie, and whose
// methods set and remove that on a response.
type Frontend struct {
	Class          string
	CookieName     Arg
	Attach, Detach string
}

// FrontendOf returns what is known of a class by its dotted name, or nil.
func FrontendOf(class string) *Frontend {
	for _, l := range All() {
		for i, f := range l.Frontends {
			if strings.HasPrefix(class, l.Modules[0]+".") && class[strings.LastIndexByte(class, '.')+1:] == f.Class {
				return &l.Frontends[i]
			}
		}
	}
	return nil
}

// A LoginRouter is a call that makes a login and a logout.
type LoginRouter struct {
	Call    string
	Backend Arg
	Cookie  string // the class that keeps the credential in a cookie
}

// An AccountRouter is a call that makes routes by which accounts are changed.
type AccountRouter struct {
	Call     string
	Backends Arg // of the object whose method it is: what tells who asks
}

// AdminPages are pages that a library makes of a program's models, which ask
// a class of the program who may change them.
type AdminPages struct {
	Class string // from which the program's class derives
	Asks  string // its method that says who is logged in
}

// Is reports whether a dotted name is the class, from wherever it is imported.
func (a *AdminPages) Is(name string) bool { return sameClass(a.Class, name) }

// A ConfigClass is a settings object whose fields, by name, decide how a
// library keeps tokens.
type ConfigClass struct {
	Location, CSRF, Secret, Secure, SameSite, Expires string // field names
	AccessName, RefreshName                           string // … of the names of the cookies
	CSRFDefault, SecureDefault                        bool
	SameSiteDefault                                   string
	Dependencies                                      []string // calls and dependencies that read the token
}

// A Library is what one library provides.
type Library struct {
	Name    string
	Modules []string // first names of its imports
	Source  string   // where its facts were read

	Signs    []Sign
	Verifies []Verify
	Checks   []Check
	Cookies  []CookieSetting
	Config   *ConfigClass
	Admin    *AdminPages
	// Frontends are dependencies that read a session's cookie.
	Frontends []Frontend
	// LoginRouters are calls that make a router with a login by form and a
	// logout, whose credential the argument Backend keeps.
	LoginRouters []LoginRouter
	// AccountRouters are calls that make routes which change accounts for who is
	// logged in, and check nothing of forgery.
	AccountRouters []AccountRouter
	// Secrets are further calls that take a signing secret.
	Secrets []Sign
	// SecretFields are signing secrets that stand in classes of the program.
	SecretFields []SecretField
}

// A SecretField is a field in which a class that derives from a library's says
// what the library signs with.
type SecretField struct {
	Class string // dotted name of the library's class
	Names []string
}

// Is reports whether a dotted name is the class, from wherever it is imported.
func (f SecretField) Is(name string) bool { return sameClass(f.Class, name) }

// sameClass reports whether two dotted names have the same package and class.
func sameClass(class, name string) bool {
	first, _, _ := strings.Cut(class, ".")
	got, _, _ := strings.Cut(name, ".")
	return got == first && name[strings.LastIndexByte(name, '.')+1:] == class[strings.LastIndexByte(class, '.')+1:]
}

// All returns every library. The list is one for all callers, who only read it:
// it is asked for at each call of an object that the program does not define.
func All() []Library { return all }

var all = []Library{
	pyJWT, pythonJose, authlib, joserfc, jwcrypto, pythonJWT,
	fastapiUsers, fastapiJWTAuth, asyncFastapiJWTAuth, anotherFastapiJWTAuth, authX,
	fastapiCSRFProtect, starletteCSRF, asgiCSRF, fastapiLogin, starletteSessions,
	sqlAdmin, starletteAdmin, fastapiSessions, starsessions,
}

// SetsCookies reports whether the construction of a class, by its dotted name,
// decides how a cookie is set, so that those of a class of the program which
// derives from it do too.
func SetsCookies(class string) bool {
	for _, l := range All() {
		for _, c := range l.Cookies {
			if class != "" && class[strings.LastIndexByte(class, '.')+1:] == c.Class[strings.LastIndexByte(c.Class, '.')+1:] {
				return true
			}
		}
	}
	return false
}

// Modules returns the first names under which libraries are imported, with
// those of common packages that a program's own folders are often named like.
func Modules() map[string]bool {
	out := map[string]bool{}
	for _, l := range All() {
		for _, m := range l.Modules {
			out[m] = true
		}
	}
	for _, m := range []string{"fastapi", "starlette", "pydantic", "pydantic_settings", "sqlalchemy", "redis", "os", "sys", "typing", "datetime", "logging",
		"secrets", "functools", "jinja2", "httpx", "uvicorn", "decouple", "dotenv", "hmac", "hashlib", "uuid", "json", "yaml", "omegaconf", "re", "time", "asyncio", "itsdangerous", "passlib"} {
		out[m] = true
	}
	return out
}
