package openapi

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

var socketPath = regexp.MustCompile(`(?:^|[\s"'` + "`" + `(>]|wss?://[^/\s"']+)((?:/[\w.{}-]+)*/(?:[\w.-]*-)?(?:ws|websockets?|sockets?)(?:-[\w.-]*)?(?:/[\w.{}-]+)*)`)

// maxSockets bounds the paths that a text names.
const maxSockets = 20

// socketsIn returns the paths in a text that are called as those of WebSockets
// are, which OpenAPI has no place for but descriptions. The pattern, run over
// a whole document, took as long as reading the document: it is tried only on
// words that have what it asks for.
func socketsIn(text []byte) []string {
	var out []string
	for rest := 0; rest < len(text) && len(out) < maxSockets; {
		at := nextSocket(text[rest:])
		if at < 0 {
			break
		}
		at += rest
		begin := max(0, bytes.LastIndexAny(text[:at], socketEnds))
		end := len(text)
		if n := bytes.IndexAny(text[at:], socketEnds); n >= 0 {
			end = at + n
		}
		if m := socketPath.FindSubmatch(text[begin:end]); m != nil {
			if p := strings.TrimRight(string(m[1]), "."); !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
		rest = end
	}
	return out
}

// socketEnds part the words of a text.
const socketEnds = " \t\r\n\"'`(>"

// nextSocket returns where the next segment, or part of one, begins that may
// be called ws, socket or websocket; -1 where there is none.
func nextSocket(text []byte) int {
	for i := 0; ; i++ {
		n := bytes.IndexAny(text[i:], "/-")
		if n < 0 {
			return -1
		}
		i += n
		for _, word := range socketWords {
			if bytes.HasPrefix(text[i+1:], word) {
				return i
			}
		}
	}
}

var socketWords = [][]byte{[]byte("ws"), []byte("socket"), []byte("websocket")}
