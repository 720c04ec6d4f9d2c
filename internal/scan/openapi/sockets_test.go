package openapi

import (
	"slices"
	"testing"
)

func TestSocketsAreFoundInTexts(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{`{"description":"Connect to /ws for events."}`, []string{"/ws"}},
		{"see ws://host:80/api/ws/{room} or `/chat/websocket`", []string{"/api/ws/{room}", "/chat/websocket"}},
		{`"/rooms/{id}/live-ws" and again /rooms/{id}/live-ws`, []string{"/rooms/{id}/live-ws"}},
		{"/ws", []string{"/ws"}},
		{"news, allows, https://example.com/windows /browse", nil},
		{"a-ws without a path", nil},
		{"", nil},
	} {
		if got := socketsIn([]byte(c.text)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
	}
}
