package actor

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// ToldFlow is a Flow as a configuration file writes it.
type ToldFlow struct {
	Steps []ToldStep `yaml:"steps"`
	Token string     `yaml:"token"` // a JSON pointer, or header:NAME
	Send  string     `yaml:"send"`  // 'NAME: TEXT with {token}', or query:NAME
}

// ToldStep is a Step as a configuration file writes it.
type ToldStep struct {
	Request     string            `yaml:"request"` // METHOD PATH
	Headers     map[string]string `yaml:"headers"`
	JSON        map[string]any    `yaml:"json"`
	Form        map[string]any    `yaml:"form"`
	Query       map[string]any    `yaml:"query"`
	Body        string            `yaml:"body"` // as it is
	ContentType string            `yaml:"content_type"`
	Keep        map[string]string `yaml:"keep"` // name → a JSON pointer, or header:NAME
}

// Flow returns what the file says, or all that is wrong with it, each with
// its key.
func (t *ToldFlow) Flow() (*Flow, error) {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("login_flow."+key+": "+format, args...))
	}
	f := &Flow{}
	if len(t.Steps) == 0 {
		bad("steps", "there are none; write at least one request")
	}
	for i, s := range t.Steps {
		key := fmt.Sprintf("steps[%d].", i)
		step := Step{Header: s.Headers, Raw: s.Body, ContentType: s.ContentType}
		method, path, ok := strings.Cut(strings.TrimSpace(s.Request), " ")
		step.Method, step.Path = strings.ToUpper(method), strings.TrimSpace(path)
		if !ok || !isMethod(step.Method) || !strings.HasPrefix(step.Path, "/") {
			bad(key+"request", "%q is no request; write a method and a path, such as POST /login", s.Request)
		}
		bodies := 0
		for _, b := range []struct {
			fields map[string]any
			as     Encoding
		}{{s.JSON, JSON}, {s.Form, Form}, {s.Query, Query}} {
			if b.fields != nil {
				step.Fields, step.Encoding = b.fields, b.as
				bodies++
			}
		}
		if s.Body != "" {
			bodies++
			if s.ContentType == "" {
				bad(key+"content_type", "a body has one; write it, such as application/json")
			}
		}
		if bodies > 1 {
			bad(key+"body", "json, form, query and body exclude one another; keep one")
		}
		for name, at := range s.Keep {
			place, err := parsePlace(at)
			if err != nil {
				bad(key+"keep."+name, "%w", err)
			}
			if step.Keep == nil {
				step.Keep = map[string]Place{}
			}
			step.Keep[name] = place
		}
		f.Steps = append(f.Steps, step)
	}
	var err error
	if t.Token != "" {
		if f.Token, err = parsePlace(t.Token); err != nil {
			bad("token", "%w", err)
		}
	}
	if f.Send, err = parseSending(t.Send); err != nil {
		bad("send", "%w", err)
	}
	return f, errors.Join(errs...)
}

func isMethod(m string) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, m)
}

// parsePlace reads "/data/token" or "header:X-Token".
func parsePlace(text string) (Place, error) {
	if name, ok := strings.CutPrefix(text, "header:"); ok && name != "" {
		return Place{Header: http.CanonicalHeaderKey(strings.TrimSpace(name))}, nil
	}
	if !strings.HasPrefix(text, "/") {
		return Place{}, fmt.Errorf("%q is neither a JSON pointer nor a field; write /data/token or header:X-Token", text)
	}
	return Place{Pointer: text}, nil
}

// parseSending reads "Authorization: JWT {token}" or "query:token".
func parseSending(text string) (*Sending, error) {
	if text == "" {
		return nil, nil
	}
	if name, ok := strings.CutPrefix(text, "query:"); ok && name != "" {
		return &Sending{Query: strings.TrimSpace(name)}, nil
	}
	name, template, ok := strings.Cut(text, ":")
	template = strings.TrimSpace(template)
	if !ok || name == "" || !strings.Contains(template, "{token}") {
		return nil, errors.New("write how the token is sent, such as 'Authorization: JWT {token}' or query:token")
	}
	return &Sending{Header: http.CanonicalHeaderKey(name), Template: template}, nil
}
