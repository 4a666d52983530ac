//go:build linux

package conformance

import (
	"testing"

	"sixgate/host"
	"sixgate/p2p"
	"sixgate/session"
)

// TestFilesAreDeliberate asks on the page for what no program has channels for yet: files and tunnels. They are not given by an Allow
// alone, and not offered in a mode that has none.
func TestFilesAreDeliberate(t *testing.T) {
	t.Parallel()
	page, err := host.NewPage()
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	web := newTabs(t, "")
	web.do(t, "open", "a", page.Address())
	request := host.Request{
		Supporter: p2p.Hello{Name: "Ada"}, Modes: []session.Mode{session.ModeActive, session.ModeGuidance, session.ModeMonitor},
		Permissions: session.View | session.Control | session.Files | session.Tunnel,
	}
	for _, tt := range []struct {
		clicks  []string
		offered string
		want    host.Grant
	}{
		{nil, "view control files tunnel", host.Grant{Permissions: session.View | session.Control}},
		{[]string{"[name=files]"}, "view control files tunnel", host.Grant{Permissions: session.View | session.Control | session.Files}},
		{[]string{"#mode-guidance"}, "view files", host.Grant{Mode: session.ModeGuidance, Permissions: session.View | session.Files}}, // chosen before
		{[]string{"#mode-monitor"}, "view", host.Grant{Mode: session.ModeMonitor, Permissions: session.View}},
		{[]string{"#mode-active", "[name=files]", "[name=tunnel]"}, "view control files tunnel", host.Grant{Permissions: session.View | session.Control | session.Tunnel}},
	} {
		granted := make(chan host.Grant, 1)
		go func() {
			g, err := page.Allow(t.Context(), request)
			if err != nil {
				t.Error(err)
			}
			granted <- g
		}()
		web.do(t, "wait", "a", "#allow:not(:disabled)")
		for _, click := range tt.clicks {
			web.do(t, "click", "a", click)
		}
		if offered := web.do(t, "evaluate", "a", permissions); offered != tt.offered {
			t.Errorf("%v: %v is offered", tt.clicks, offered)
		}
		web.do(t, "click", "a", "#allow")
		if g := <-granted; g != tt.want {
			t.Errorf("%v: granted %+v, want %+v", tt.clicks, g, tt.want)
		}
		page.Show(session.Waiting)
		web.do(t, "wait", "a", ".spin")
	}
}
