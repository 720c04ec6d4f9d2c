package fastapi

import (
	"path"
	"strings"
)

// A Document is a settings file that the program may read. Value returns nil
// where it holds no plain mapping.
type Document interface{ Value() *Value }

// yamlReaders are the calls that read YAML from an open file, a text or a
// file's name.
var yamlReaders = map[string]bool{
	"yaml.safe_load": true, "yaml.load": true, "yaml.full_load": true, "yaml.unsafe_load": true, "omegaconf.OmegaConf.load": true,
}

// document returns what a settings file holds that a value names: an open
// file, its text, a path, or a name.
func (in *interp) document(v *Value) *Value {
	name := documentName(v, 0)
	if name == "" {
		return nil
	}
	name = strings.TrimPrefix(path.Clean(name), "/")
	for strings.HasPrefix(name, "../") {
		name = name[3:]
	}
	here := in.frame().scope.module.Path
	best, score := Document(nil), -1
	for _, p := range in.prog.documentPaths {
		if p != name && !strings.HasSuffix(p, "/"+name) {
			continue
		}
		if n := commonPrefix(p, here); n > score {
			best, score = in.prog.documents[p], n
		}
	}
	if best == nil {
		return nil
	}
	return best.Value()
}

// documentName finds the name of a YAML file in what a value was made of.
func documentName(v *Value, depth int) string {
	if v == nil || depth > 8 {
		return ""
	}
	if v.Kind == Str {
		if e := path.Ext(v.Text); e == ".yaml" || e == ".yml" {
			return v.Text
		}
		return ""
	}
	parts := append(v.Elems[:len(v.Elems):len(v.Elems)], v.Alts...)
	if v.Object != nil && v.Object.Class == nil {
		parts = append(parts, v.Object.Args.Pos...)
	}
	if v.Call != nil {
		parts = append(append(parts, v.Call.Args.Pos...), v.Call.Recv)
	}
	parts = append(parts, v.Recv)
	for _, p := range parts {
		if name := documentName(p, depth+1); name != "" {
			return name
		}
	}
	return ""
}
