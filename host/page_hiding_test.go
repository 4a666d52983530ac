package host

import (
	"encoding/json"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"sixgate/session"
)

// windows reads lists of windows up to one that fits.
func (tb *tab) windows(fits func(viewHiding) bool) (raw string, v viewHiding) {
	tb.t.Helper()
	for kind := ""; ; {
		line, err := tb.events.ReadString('\n')
		if err != nil {
			tb.t.Fatal(err)
		}
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			kind = strings.TrimSpace(name)
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok || kind != "windows" {
			continue
		}
		var list *viewHiding
		if err := json.Unmarshal([]byte(data), &list); err != nil {
			tb.t.Fatal(err)
		}
		if list != nil && fits(*list) {
			return data, *list
		}
	}
}

func TestPageHides(t *testing.T) {
	p, tb := openPage(t)
	if got := tb.say("/windows/hide", `[2]`); got != http.StatusConflict {
		t.Errorf("hide where nothing can be hidden: %d", got)
	}
	d := newWindowed(1, 2, 3)
	h := newHiding(d)
	d.settle = h.apply
	h.look()
	p.Windows(h)
	raw, v := tb.windows(func(v viewHiding) bool { return len(v.Windows) == 3 })
	if !v.Ask || strings.Contains(raw, "null") || v.Windows[1].Title != "title 2" || v.Windows[1].Program != "Bank" {
		t.Errorf("the page is told %s", raw)
	}
	hidden := func(ids ...uint32) func(viewHiding) bool {
		return func(v viewHiding) bool {
			n := 0
			for _, w := range v.Windows {
				if w.Hidden {
					n++
				}
			}
			for _, id := range ids {
				if !v.Windows[id-1].Hidden {
					return false
				}
			}
			return n == len(ids)
		}
	}
	picture := func(id string) int {
		t.Helper()
		response, err := tb.client.Get(tb.base + "/windows/" + id)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode == http.StatusOK {
			img, err := png.Decode(response.Body)
			if err != nil || img.Bounds().Size() != thumbnailSize {
				t.Errorf("the picture of window %s: %v", id, err)
			}
		}
		return response.StatusCode
	}

	// Before a session.
	tb.say("/windows/hide", `[2]`)
	if raw, _ = tb.windows(hidden(2)); strings.Contains(raw, "title 2") || !strings.Contains(raw, "title 1") {
		t.Errorf("of a hidden window, the page is told %s", raw)
	}
	for id, want := range map[string]int{"1": http.StatusOK, "2": http.StatusNotFound, "9": http.StatusNotFound, "-1": http.StatusNotFound, "4294967297": http.StatusNotFound} {
		if got := picture(id); got != want {
			t.Errorf("the picture of window %s: status %d", id, got)
		}
	}
	tb.say("/windows/program", `{"program":"Mail","hide":true}`)
	if _, v := tb.windows(hidden(1, 2, 3)); len(v.Programs) != 1 || v.Programs[0] != "Mail" {
		t.Errorf("hidden programs are %v", v.Programs)
	}
	tb.say("/windows/program", `{"program":"Mail","hide":false}`)
	tb.windows(hidden(2))
	tb.say("/windows/ask", `false`)
	tb.windows(func(v viewHiding) bool { return !v.Ask })
	tb.say("/windows/only", `3`)
	tb.windows(func(v viewHiding) bool { return v.Ask && hidden(1, 2)(v) })

	// In a session.
	c := newConsent(t.Context(), d, newRequest(ada), Grant{Permissions: session.View | session.Control})
	c.tell, c.hiding = func(session.Mode, session.Permissions) {}, h
	h.begin(false, c.gate.untouchedFor)
	live := asking(func() (bool, error) { return true, p.Live(t.Context(), c) })
	tb.until(in("live"))
	d.opens(1, 2, 3, 5)
	h.look()
	if raw, v := tb.windows(func(v viewHiding) bool { return len(v.New) == 1 }); v.New[0].ID != 5 || strings.Contains(raw, "title 5") {
		t.Errorf("of a new window, the page is told %s", raw)
	}
	if got := picture("5"); got != http.StatusNotFound {
		t.Errorf("the picture of a new window: status %d", got)
	}
	h.mu.Lock()
	h.hidden.asked[0].since = time.Time{} // it has been asked for a while
	h.mu.Unlock()
	c.gate.Key('x', true)
	for path, body := range map[string]string{"show": "[5]", "ask": "false"} {
		if got := tb.say("/windows/"+path, body); got != http.StatusConflict {
			t.Errorf("%s while the supporter types: status %d", path, got)
		}
		tb.until(func(v view) bool { return v.Problem == "hands-off" })
	}
	tb.say("/windows/hide", `[3]`)
	tb.until(func(v view) bool { return v.Problem == "" })
	if !d.hides(3) || !d.hides(5) {
		t.Errorf("%+v is in force", d.mask)
	}
	c.gate.Key('x', false)
	c.gate.mu.Lock()
	c.gate.touched = time.Now().Add(-handsOffFor)
	c.gate.mu.Unlock()
	if got := tb.say("/windows/show", `[5]`); got != http.StatusNoContent || d.hides(5) {
		t.Errorf("Show: status %d", got)
	}
	tb.say("/stop", `true`)
	live()
}
