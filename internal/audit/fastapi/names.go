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

// names keeps one copy of each name of a call, and of the method by which its
// result says so: a program calls few things by many calls.
type names struct {
	mu    sync.RWMutex
	known map[string]called
}

type called struct{ name, result string }

func (n *names) of(name string) called {
	n.mu.RLock()
	k, ok := n.known[name]
	n.mu.RUnlock()
	if ok {
		return k
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if k, ok = n.known[name]; !ok {
		k = called{name, "call:" + name}
		n.known[name] = k
	}
	return k
}
