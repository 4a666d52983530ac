package session

import "testing"

func TestPermissions(t *testing.T) {
	for _, tt := range []struct {
		p    Permissions
		has  []Permissions
		not  []Permissions
		text string
	}{
		{0, nil, []Permissions{0, View, Control, Files, Clipboard, Tunnel}, "nothing"},
		{View, []Permissions{View}, []Permissions{0, Control, View | Control}, "view"},
		{View | Control, []Permissions{View, Control, View | Control}, []Permissions{0, Files, View | Files}, "view, control"},
		{Tunnel | Clipboard | Files, []Permissions{Files | Tunnel}, []Permissions{View}, "files, clipboard, tunnel"},
		{1 << 7, nil, []Permissions{View, Control, Files, Clipboard, Tunnel}, "nothing"}, // from a newer program
	} {
		for _, q := range tt.has {
			if !tt.p.Has(q) {
				t.Errorf("%v lacks %v", tt.p, q)
			}
		}
		for _, q := range tt.not {
			if tt.p.Has(q) {
				t.Errorf("%v has %v", tt.p, q)
			}
		}
		if tt.p.String() != tt.text {
			t.Errorf("%d reads %q, want %q", tt.p, tt.p, tt.text)
		}
	}
}
