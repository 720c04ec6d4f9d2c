package fastapi

import (
	"strings"
	"sync"
)

// canonical gives the parts of FastAPI and Starlette that one can import from
// several places one name.
func canonical(q string) string {
	switch {
	case strings.HasPrefix(q, "fastapi.") || strings.HasPrefix(q, "starlette."):
	default:
		return q
	}
	t := tail(q)
	switch t {
	case "Request", "HTTPConnection":
		return "starlette.Request"
	case "WebSocket":
		return "starlette.WebSocket"
	case "Response", "JSONResponse", "PlainTextResponse", "HTMLResponse", "RedirectResponse", "ORJSONResponse",
		"UJSONResponse", "StreamingResponse", "FileResponse":
		return "starlette." + t
	case "CORSMiddleware", "SessionMiddleware", "BaseHTTPMiddleware", "Middleware":
		return "starlette." + t
	case "HTTPException", "WebSocketException":
		return "fastapi." + t
	case "FastAPI", "APIRouter", "Depends", "Security", "Cookie", "Header", "Query", "Form", "Body", "File", "Path", "BackgroundTasks",
		"OAuth2PasswordRequestForm", "OAuth2PasswordRequestFormStrict", "UploadFile":
		return "fastapi." + t
	case "OAuth2PasswordBearer", "OAuth2AuthorizationCodeBearer", "HTTPBearer", "HTTPBasic", "HTTPDigest", "APIKeyCookie", "APIKeyHeader",
		"APIKeyQuery", "OAuth2", "OpenIdConnect", "HTTPBase", "SecurityBase", "SecurityScopes":
		return "fastapi.security." + t
	case "Config":
		return "starlette.Config"
	case "Starlette":
		return "starlette.Starlette"
	}
	return q
}

// tail returns what stands after the last dot.
func tail(q string) string { return q[strings.LastIndexByte(q, '.')+1:] }

func first(dotted string) string {
	f, _, _ := strings.Cut(dotted, ".")
	return f
}

func cut(dotted string) (string, string, bool) { return strings.Cut(dotted, ".") }

// statusConstant reads names such as fastapi.status.HTTP_401_UNAUTHORIZED and
// http.HTTPStatus.UNAUTHORIZED.
func statusConstant(q string) int {
	t := tail(q)
	if t == "value" {
		t = tail(strings.TrimSuffix(q, ".value"))
	}
	if rest, ok := strings.CutPrefix(t, "HTTP_"); ok && len(rest) >= 3 {
		n := 0
		for _, c := range rest[:3] {
			if c < '0' || c > '9' {
				return 0
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	switch t {
	case "BAD_REQUEST":
		return 400
	case "UNAUTHORIZED":
		return 401
	case "FORBIDDEN":
		return 403
	case "NOT_FOUND":
		return 404
	case "NO_CONTENT":
		return 204
	}
	return 0
}

// A once keeps the one value that is made for each name: a program calls few
// things by many calls, and imports few by many imports.
type once[T any] struct {
	mu   sync.RWMutex
	made map[string]T
}

func (o *once[T]) of(name string, make func() T) T {
	o.mu.RLock()
	v, ok := o.made[name]
	o.mu.RUnlock()
	if ok {
		return v
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if v, ok = o.made[name]; !ok {
		if o.made == nil {
			o.made = map[string]T{}
		}
		v = make()
		o.made[name] = v
	}
	return v
}

// A called is the name of a call, and the method by which its result says so.
type called struct{ name, result string }

func (p *Program) called(name string) called {
	return p.names.of(name, func() called { return called{name, "call:" + name} })
}

// external returns what a library defines by that name.
func (p *Program) external(name string) *Value {
	return p.externals.of(name, func() *Value { return &Value{Kind: External, Text: name} })
}
