package host

import (
	"errors"
	"image"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sixgate/p2p"
	"sixgate/session"
	"sixgate/web"
)

// standing is what a supporter is told.
type standing struct {
	mode    session.Mode
	allowed session.Permissions
}

// consenting is a consent, and what the supporter has been told of it.
func consenting(t *testing.T, d Desktop, r Request, g Grant) (*Consent, *[]standing) {
	told := new([]standing)
	c := newConsent(t.Context(), d, r, g)
	c.tell = func(m session.Mode, p session.Permissions) { *told = append(*told, standing{m, p}) }
	return c, told
}

// Whatever a supporter's program asks for, the end user is asked for no more than that, and for nothing that this one cannot do.
func TestNewRequest(t *testing.T) {
	watch := []session.Mode{session.ModeMonitor}
	for wanted, want := range map[session.Mode]Request{
		session.ModeActive:   {Mode: session.ModeActive, Modes: modes, Permissions: offered},
		session.ModeGuidance: {Mode: session.ModeGuidance, Modes: modes[1:], Permissions: offered &^ session.Control},
		session.ModeMonitor:  {Mode: session.ModeMonitor, Modes: watch, Permissions: session.View},
		session.ModeChat:     {}, session.ModeFiles: {}, 5: {}, 255: {}, // nothing of that is there
	} {
		r := newRequest(p2p.Hello{Mode: wanted})
		if r.Mode != want.Mode || !slices.Equal(r.Modes, want.Modes) || r.Permissions != want.Permissions {
			t.Errorf("%v is asked for as %+v", wanted, r)
		}
	}
}

// Questions may answer what they like: more than was asked for comes to nothing.
func TestGrantStaysWithin(t *testing.T) {
	active, guidance := newRequest(p2p.Hello{}), newRequest(p2p.Hello{Mode: session.ModeGuidance})
	for _, tt := range []struct {
		r       Request
		g, want Grant
	}{
		{active, Grant{}, Grant{}},
		{active, Grant{Permissions: everything, ShowNew: true}, Grant{Permissions: offered, ShowNew: true}},
		{active, Grant{Mode: session.ModeMonitor, Permissions: everything}, Grant{Mode: session.ModeMonitor, Permissions: session.View}},
		{active, Grant{Mode: session.ModeFiles, Permissions: everything}, Grant{}},
		{guidance, Grant{Permissions: everything}, Grant{}}, // active is more than was wanted
		{guidance, Grant{Mode: session.ModeGuidance, Permissions: everything}, Grant{Mode: session.ModeGuidance, Permissions: offered &^ session.Control}},
		{Request{}, Grant{Permissions: everything}, Grant{}},
	} {
		if got := tt.r.within(tt.g); got != tt.want {
			t.Errorf("%+v of %v is %+v, want %+v", tt.g, tt.r.Modes, got, tt.want)
		}
	}
}

// A session steps down, lets go of what the lower mode does not offer, and never goes up.
func TestStep(t *testing.T) {
	d := newPresses()
	c, told := consenting(t, d, newRequest(ada), Grant{Permissions: session.View | session.Control | session.Files})
	seen := 0
	c.Watch(func() { seen++ })
	c.gate.Key('x', true)
	c.gate.MovePointer(image.Pt(1, 1), 1)
	if err := c.Step(session.ModeGuidance); err != nil { // at once: it gives nothing
		t.Fatal(err)
	}
	if d.keys['x'] || d.buttons != 0 {
		t.Errorf("after the step, keys %v and buttons %b are held", d.keys, d.buttons)
	}
	c.gate.Key('y', true)
	c.gate.KeyCode(30, 'a', true)
	c.gate.MovePointer(image.Pt(9, 9), 1)
	if d.keys['y'] || d.codes[30] || d.at == image.Pt(9, 9) {
		t.Error("who may only point types or moves the mouse")
	}
	if err := c.gate.Resize(image.Pt(5, 5)); err == nil {
		t.Error("who may only point changes the screen's size")
	}
	c.gate.touched = time.Time{}
	c.toggle(session.Control)
	if err := c.Change(session.Control, true); err != nil || c.Allowed() != session.View|session.Files {
		t.Errorf("control in guidance: %v, allowed is %v", err, c.Allowed())
	}
	for _, m := range []session.Mode{session.ModeActive, session.ModeGuidance, session.ModeChat, session.ModeFiles, 7} {
		if err := c.Step(m); !errors.Is(err, errNoStep) {
			t.Errorf("from guidance to %v: %v", m, err)
		}
	}
	if err := c.Step(session.ModeMonitor); err != nil || len(c.Lower()) != 0 {
		t.Errorf("to monitor: %v; lower are %v", err, c.Lower())
	}
	want := []standing{{session.ModeGuidance, session.View | session.Files}, {session.ModeMonitor, session.View}}
	if !slices.Equal(*told, want) || seen != len(want) {
		t.Errorf("the supporter was told %v, %d changes were seen", *told, seen)
	}
	r := c.receipt()
	for i, g := range r.Granted[1:] {
		if (standing{g.Mode, g.Allowed}) != want[i] {
			t.Errorf("the receipt has %+v", r.Granted)
		}
	}
}

// Whatever the end user does, the mode only goes down, nothing is allowed that it does not offer, and the supporter knows.
func TestConsentIsWithinItsMode(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 14))
	for range 500 {
		request := newRequest(ada)
		c, told := consenting(t, new(screen), request, request.within(Grant{Mode: session.Mode(r.IntN(3)), Permissions: session.Permissions(r.IntN(32))}))
		for range 40 {
			mode, p := c.Mode(), session.Permissions(1<<r.IntN(5))
			switch r.IntN(3) {
			case 0:
				if to := session.Mode(r.IntN(6)); c.Step(to) == nil && c.Mode() != to {
					t.Fatalf("a step to %v leads from %v to %v", to, mode, c.Mode())
				}
			case 1:
				c.Change(p, r.IntN(2) == 0)
			case 2:
				c.toggle(p)
			}
			now := standing{c.Mode(), c.Allowed()}
			if now.mode < mode || now.allowed&^(now.mode.Offers()&request.Permissions) != 0 || now.allowed&^c.Offered() != 0 {
				t.Fatalf("from %v to %+v", mode, now)
			}
			if n := len(*told); n > 0 && (*told)[n-1] != now {
				t.Fatalf("the supporter was told %+v, and it is %+v", (*told)[n-1], now)
			}
		}
	}
}

// keyboard is a panel whose keys are pressed by the test.
type keyboard struct {
	drawer
	keys   chan uint32
	clicks chan image.Point
	shown  chan struct{}
}

func (k *keyboard) Keys() <-chan uint32        { return k.keys }
func (k *keyboard) Clicks() <-chan image.Point { return k.clicks }
func (k *keyboard) Show(bar *image.RGBA, _ image.Rectangle) error {
	k.shown <- struct{}{}
	return nil
}

// wide is a screen on which the bar has room.
type wide struct{ screen }

func (*wide) Screens() []image.Rectangle { return []image.Rectangle{image.Rect(0, 0, 1920, 1080)} }

// A click on the bar takes at any time, and gives nothing while the supporter points. A key does both.
func TestBarGivesNothingUnderTheSupportersHands(t *testing.T) {
	d := new(wide)
	c, told := consenting(t, d, newRequest(ada), Grant{Permissions: session.View | session.Control})
	k := &keyboard{keys: make(chan uint32), clicks: make(chan image.Point), shown: make(chan struct{})}
	k.has = map[uint32]bool{keyF10: true, keyF11: true, keyF12: true}
	controls := controls{k, bar{words: web.Words("en"), keys: grabKeys(k, c.Offered())}}
	stopped := make(chan struct{})
	go controls.run(t.Context(), Host{Desktop: d}, c, func() { close(stopped) })
	<-k.shown
	click := func(does action) {
		t.Helper()
		bar := lay([][]part{controls.bar.parts(c)}, 1920)
		at := image.Pt(0, 5)
		for bar.at(at).does != does {
			at.X++
		}
		k.clicks <- at
		<-k.shown
	}
	c.gate.MovePointer(image.Pt(300, 300), 0)
	click(toggleControl)
	if c.Allowed() != session.View {
		t.Errorf("the bar left %v", c.Allowed())
	}
	click(toggleControl)
	if c.Allowed() != session.View {
		t.Errorf("the bar gave %v while the supporter pointed", c.Allowed())
	}
	k.keys <- keyF12
	<-k.shown
	if c.Allowed() != session.View|session.Control || len(*told) != 2 {
		t.Errorf("%v is allowed, the supporter was told %v", c.Allowed(), *told)
	}
	k.keys <- keyF10
	<-stopped
}

// Files are off until the end user presses F11, also where all that was asked for was allowed at once. The bar, the supporter and the
// receipt say so.
func TestFilesAreOffUntilF11(t *testing.T) {
	r := newRequest(ada)
	var out strings.Builder
	granted, err := Terminal(strings.NewReader("y\n"), &out).Allow(t.Context(), r)
	if err != nil || granted.Permissions.Has(session.Files) || strings.Contains(out.String(), "files") {
		t.Errorf("y allows %v, %v, after %q", granted.Permissions, err, out.String())
	}
	c, told := consenting(t, new(screen), r, granted)
	k := &keyboard{keys: make(chan uint32), shown: make(chan struct{})}
	k.has = map[uint32]bool{keyF10: true, keyF11: true, keyF12: true}
	h := Host{Desktop: new(screen)}
	controls := controls{k, bar{words: web.Words("en"), keys: grabKeys(k, c.Offered())}}
	says := func(want string) {
		t.Helper()
		<-k.shown
		for _, p := range controls.bar.parts(c) {
			if p.text == want && p.does == toggleFiles {
				return
			}
		}
		t.Errorf("the bar does not say %q: %+v", want, controls.bar.parts(c))
	}
	stopped := make(chan struct{})
	go controls.run(t.Context(), h, c, func() { close(stopped) })
	says("F11  Files off")
	k.keys <- keyF11
	says("F11  Files on")
	k.keys <- keyF11
	says("F11  Files off")
	k.keys <- keyF10
	<-stopped
	plain := granted.Permissions
	if want := []standing{{0, plain | session.Files}, {0, plain}}; !slices.Equal(*told, want) {
		t.Errorf("the supporter was told %v", *told)
	}
	if g := c.receipt().Granted; len(g) != 3 || g[0].Allowed.Has(session.Files) || !g[1].Allowed.Has(session.Files) {
		t.Errorf("the receipt has %+v", g)
	}
}

// Where there are no files or no control to allow, F11 and F12 stay the end user's programs'.
func TestKeysOfWhatIsOffered(t *testing.T) {
	for _, m := range modes {
		c, _ := consenting(t, new(screen), newRequest(ada), Grant{Mode: m, Permissions: session.View})
		k := &drawer{has: map[uint32]bool{keyF10: true, keyF11: true, keyF12: true}}
		keys := grabKeys(k, c.Offered())
		if _, has := keys[keyF11]; has != (m != session.ModeMonitor) {
			t.Errorf("%v: F11 is taken = %v", m, has)
		}
		if _, has := keys[keyF12]; has != (m == session.ModeActive) {
			t.Errorf("%v: F12 is taken = %v", m, has)
		}
		does := 0
		for _, p := range (bar{words: web.Words("en"), keys: keys}).parts(c) {
			if p.does == toggleControl || p.text == "Only points" && m == session.ModeGuidance || p.text == "Only watches" && m == session.ModeMonitor {
				does++
			}
		}
		if does != 1 {
			t.Errorf("%v: the bar says %+v", m, (bar{words: web.Words("en"), keys: keys}).parts(c))
		}
	}
}

// The end user chooses a lower mode on the page, and steps down on it.
func TestPageModes(t *testing.T) {
	p, tb := openPage(t)
	r := newRequest(ada)
	allow := asking(func() (Grant, error) { return p.Allow(t.Context(), r) })
	v := tb.until(func(v view) bool { return v.Fit })
	var offers []string
	for _, m := range v.Modes {
		offers = append(offers, m.Mode+": "+strings.Join(m.Offers, " "))
	}
	if want := []string{"active: view control files clipboard", "guidance: view files clipboard", "monitor: view"}; v.Mode != "active" || !slices.Equal(offers, want) {
		t.Errorf("the page offers %q, and %q first", offers, v.Mode)
	}
	if got := tb.say("/allow", `{"mode":"anything","permissions":["view"]}`); got != http.StatusBadRequest {
		t.Errorf("a mode that there is not: %d", got)
	}
	tb.say("/allow", `{"mode":"guidance","permissions":["view","files"],"showNew":true}`)
	granted, err := allow()
	if granted != (Grant{session.ModeGuidance, session.View | session.Files, true}) || err != nil {
		t.Errorf("granted %+v, %v", granted, err)
	}

	if got := tb.say("/step", `"monitor"`); got != http.StatusConflict {
		t.Errorf("a step before there is a session: %d", got)
	}
	c, _ := consenting(t, new(screen), r, granted)
	live := asking(func() (bool, error) { return true, p.Live(t.Context(), c) })
	v = tb.until(in("live"))
	if v.Mode != "guidance" || len(v.Modes) != 1 || v.Modes[0].Mode != "monitor" || strings.Join(v.Wanted, " ") != "view files clipboard" {
		t.Errorf("the page says %+v", v)
	}
	for body, want := range map[string]int{
		`"active"`: http.StatusConflict, `"guidance"`: http.StatusConflict, `"files"`: http.StatusConflict, `"anything"`: http.StatusBadRequest,
		`2`: http.StatusBadRequest, `"monitor"`: http.StatusNoContent,
	} {
		if got := tb.say("/step", body); got != want {
			t.Errorf("a step to %s: %d, want %d", body, got, want)
		}
	}
	v = tb.until(func(v view) bool { return v.Mode == "monitor" })
	if len(v.Modes) != 0 || strings.Join(v.Wanted, " ") != "view" || strings.Join(v.Allowed, " ") != "view" {
		t.Errorf("the page says %+v", v)
	}
	tb.say("/change", `{"permission":"files","on":true}`)
	tb.say("/stop", `true`)
	if _, err := live(); err != nil || c.Allowed() != session.View {
		t.Errorf("files can be allowed to who watches: %v, %v", c.Allowed(), err)
	}
	receipt := c.receipt()
	p.End(session.ByUser, &receipt)
	v = tb.until(in("end"))
	if g := v.Receipt.Granted; len(g) != 2 || g[0].Mode != "guidance" || g[1].Mode != "monitor" {
		t.Errorf("the receipt says %+v", g)
	}
}
