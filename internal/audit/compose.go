package audit

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// composeName matches the files that docker compose takes where it is told none.
var composeName = regexp.MustCompile(`^(docker-)?compose\.ya?ml$`)

// compose reads what the compose files of a tree hand to their services: the
// literals of environment, and the files of env_file, also those whose names
// say that they are forms to fill in. What says ${NAME} is no literal.
func (s *source) compose(forms map[string]string) {
	for _, name := range sortedKeys(s.documents) {
		if !composeName.MatchString(strings.ToLower(path.Base(name))) {
			continue
		}
		services := s.documents[name].Value().Lookup("services")
		if services == nil || services.Kind != fastapi.Dict {
			continue
		}
		told := map[string]bool{} // services share what they are told
		for _, service := range services.Elems {
			for _, set := range environment(service.Lookup("environment")) {
				if !told[set.Name] {
					told[set.Name] = true
					s.settings = append(s.settings, set)
				}
			}
			for _, file := range filesOf(service.Lookup("env_file")) {
				file = path.Join(path.Dir(name), file)
				text, ok := forms[file]
				if !ok {
					continue
				}
				delete(forms, file)
				s.texts[file] = text
				for _, set := range envSettings(file, text) {
					set.Deployed = true
					s.settings = append(s.settings, set)
				}
			}
		}
	}
}

// environment returns the literals of a service's environment, which is a
// mapping or a list of NAME=value.
func environment(v *fastapi.Value) []fastapi.Setting {
	var out []fastapi.Setting
	add := func(name string, v *fastapi.Value, text string) {
		if text = strings.Trim(strings.TrimSpace(text), `"'`); name != "" && text != "" {
			out = append(out, fastapi.Setting{Name: name, Value: text, At: v.At, Deployed: true})
		}
	}
	switch {
	case v == nil:
	case v.Kind == fastapi.Dict:
		for i, k := range v.Keys {
			if e := v.Elems[i]; e.Kind == fastapi.Str {
				add(k.Text, e, e.Text)
			}
		}
	case v.Kind == fastapi.List:
		for _, e := range v.Elems {
			if name, text, ok := strings.Cut(e.Text, "="); ok && e.Kind == fastapi.Str {
				add(strings.TrimSpace(name), e, text)
			}
		}
	}
	return out
}

// filesOf returns the names of env_file: a string, or a list of strings or of
// mappings with a path.
func filesOf(v *fastapi.Value) []string {
	if v == nil {
		return nil
	}
	switch v.Kind {
	case fastapi.Str:
		return []string{v.Text}
	case fastapi.Dict:
		return filesOf(v.Lookup("path"))
	case fastapi.List:
		var out []string
		for _, e := range v.Elems {
			out = append(out, filesOf(e)...)
		}
		return out
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
