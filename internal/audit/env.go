package audit

import (
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// maxSettings bounds the lines of one .env file.
const maxSettings = 2000

// envSettings reads a .env file as python-dotenv does, without expansion.
func envSettings(path, text string) []fastapi.Setting {
	var out []fastapi.Setting
	file := pysrc.NewPlain(path, text)
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		line = strings.TrimPrefix(line, "export ")
		name, value, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" || strings.HasPrefix(name, "#") || strings.ContainsAny(name, " \t") {
			continue
		}
		value = strings.TrimSpace(value)
		if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') {
			if end := strings.IndexByte(value[1:], value[0]); end >= 0 {
				value = value[1 : 1+end]
			}
		} else if at := strings.Index(value, " #"); at >= 0 {
			value = strings.TrimSpace(value[:at])
		}
		if value == "" || strings.Contains(value, "${") {
			continue
		}
		out = append(out, fastapi.Setting{Name: name, Value: value, At: fastapi.Place{File: file, Span: file.LineSpan(i + 1)}})
		if len(out) == maxSettings {
			break
		}
	}
	return out
}
