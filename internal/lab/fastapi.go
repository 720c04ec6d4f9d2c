package lab

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxBody bounds the body of a request, in bytes.
const maxBody = 64 << 10

// reply writes JSON.
func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// detail writes an error as FastAPI's HTTPException does.
func detail(w http.ResponseWriter, status int, text string) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	reply(w, status, map[string]string{"detail": text})
}

// A complaint is one entry of a 422.
type complaint struct {
	Loc  []string `json:"loc"`
	Msg  string   `json:"msg"`
	Type string   `json:"type"`
}

func unprocessable(w http.ResponseWriter, c ...complaint) {
	reply(w, http.StatusUnprocessableEntity, map[string]any{"detail": c})
}

func missing(in, name string) complaint {
	return complaint{[]string{in, name}, "field required", "value_error.missing"}
}

// readJSON reads a body as FastAPI before 0.132 does: as JSON where the
// content type says so or where there is none, which is how a Blob without a
// type gets through. It reports false after it has answered.
func readJSON(w http.ResponseWriter, r *http.Request) (map[string]any, bool) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		detail(w, http.StatusRequestEntityTooLarge, "Body too large")
		return nil, false
	}
	if !takesJSON(r.Header.Get("Content-Type")) || len(data) == 0 {
		return nil, true // not an object; validation says so after the login is checked
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		unprocessable(w, complaint{[]string{"body"}, "the body is no JSON", "value_error.jsondecode"})
		return nil, false
	}
	object, _ := v.(map[string]any)
	return object, true
}

func takesJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && (t == "application/json" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json"))
}

// texts takes named texts from an object and complains of what is missing.
func texts(object map[string]any, names ...string) ([]string, []complaint) {
	if object == nil {
		return nil, []complaint{{[]string{"body"}, "value is not a valid dict", "type_error.dict"}}
	}
	var out []string
	var wrong []complaint
	for _, n := range names {
		s, ok := object[n].(string)
		if !ok {
			wrong = append(wrong, missing("body", n))
		}
		out = append(out, s)
	}
	return out, wrong
}

func transferOf(object map[string]any) (Transfer, []complaint) {
	to, wrong := texts(object, "to")
	if object == nil {
		return Transfer{}, wrong
	}
	amount, ok := object["amount"].(float64)
	switch {
	case !ok:
		wrong = append(wrong, missing("body", "amount"))
	case amount <= 0 || amount != float64(int(amount)):
		wrong = append(wrong, complaint{[]string{"body", "amount"}, "ensure this value is greater than 0", "value_error.number.not_gt"})
	}
	return Transfer{to[0], int(amount)}, wrong
}

// transferFrom reads a transfer from a form or query, as in names.
func transferFrom(values url.Values, in string) (Transfer, []complaint) {
	var wrong []complaint
	if values.Get("to") == "" {
		wrong = append(wrong, missing(in, "to"))
	}
	if values.Get("amount") == "" && in == "body" {
		wrong = append(wrong, missing(in, "amount"))
		return Transfer{}, wrong
	}
	amount := 1
	if text := values.Get("amount"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			wrong = append(wrong, complaint{[]string{in, "amount"}, "value is not a valid integer", "type_error.integer"})
		} else if n <= 0 {
			wrong = append(wrong, complaint{[]string{in, "amount"}, "ensure this value is greater than 0", "value_error.number.not_gt"})
		}
		amount = n
	}
	return Transfer{values.Get("to"), amount}, wrong
}

// form reads a urlencoded or multipart body; other bodies have no fields.
func form(w http.ResponseWriter, r *http.Request) url.Values {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseMultipartForm(maxBody); err != nil && r.PostForm == nil {
		return url.Values{}
	}
	return r.PostForm
}

// reflectingCORS is Starlette's CORSMiddleware with allow_origins=["*"] and
// allow_credentials=True: it answers every origin with itself as soon as a
// cookie comes along.
func reflectingCORS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if origin == "" {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Credentials", "true")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Methods", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")
			h.Set("Access-Control-Max-Age", "600")
			h.Set("Vary", "Origin")
			if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
				h.Set("Access-Control-Allow-Headers", asked)
			}
			io.WriteString(w, "OK")
			return
		}
		h.Set("Access-Control-Allow-Origin", "*")
		if r.Header.Get("Cookie") != "" {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Add("Vary", "Origin")
		}
		next.ServeHTTP(w, r)
	})
}
