//go:build linux

package conformance

import (
	"fmt"
	"image"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sixgate/rfb"
	"sixgate/web"
)

// hostOnPage starts the end user's program as they do, and gives the address of its page.
func (m *meeting) hostOnPage(t *testing.T, namespace, display string, args ...string) (host *talk, address string) {
	t.Helper()
	host = start(t, namespace, "sixgate-host", append(args, "--gateway", m.address, "--display", display)...)
	return host, regexp.MustCompile(`http://\S+`).FindString(host.until(t, "\n"))
}

// Contrast of all text on the page with what is behind it (WCAG 2.2, 1.4.3), and whether anything is wider than the window.
const lookOver = `() => {
	const light = ([r, g, b]) => { const f = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; return 0.2126*f(r) + 0.7152*f(g) + 0.0722*f(b); };
	const parse = (c) => (c.match(/[\d.]+/g) ?? []).map(Number);
	const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length && (c[3] ?? 1) > 0.99) return c; } return [255,255,255]; };
	const bad = [];
	for (const e of document.querySelectorAll("body *")) {
		const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
		if (!text || e.closest(".unseen, select, :disabled, script")) continue;
		const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))];
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) bad.push(e.textContent.trim() + " " + ratio.toFixed(2));
	}
	if (document.documentElement.scrollWidth > innerWidth) bad.push("wider than the window");
	return bad.join("; ");
}`

// reader is an end user with a page in their language.
type reader struct {
	t                             *testing.T
	web                           *tabs
	locale                        string // and the name of the tab
	code, verify, fit, live, over string // what the page says in each state
	wants, points, watches        string // and of what the supporter wants and does
	meeting                       *meeting
	host                          *talk
}

func (r *reader) do(command string, args ...any) any {
	r.t.Helper()
	return r.web.do(r.t, command, append([]any{r.locale}, args...)...)
}

// reads looks for words on the page, looks it over in light and dark, and takes a picture of it for SIXGATE_SHOTS.
func (r *reader) reads(selector, want string) {
	r.t.Helper()
	if got := r.do("text", selector); !strings.Contains(fmt.Sprint(got), want) {
		r.t.Errorf("%s: the page says %q, not %q", r.locale, got, want)
	}
	for _, dark := range []bool{true, false} {
		r.do("dark", dark)
		if bad := r.do("evaluate", "("+lookOver+")()"); bad != "" {
			r.t.Errorf("%s, dark %v: %v", r.locale, dark, bad)
		}
	}
	if dir := os.Getenv("SIXGATE_SHOTS"); dir != "" {
		r.do("shot", filepath.Join(dir, r.locale+" "+want+".png"))
	}
}

// saves looks into the receipt that the browser saves, though the program has left.
func (r *reader) saves() {
	r.t.Helper()
	saved := r.do("save", "#receipt").([]any)
	name, text := fmt.Sprint(saved[0]), fmt.Sprint(saved[1])
	words := web.Words(r.locale)
	year := fmt.Sprint(time.Now().Year())
	for _, want := range []string{
		words["receipt"] + "\r\n", words["who"] + ": Ada\r\n", words["organisation"] + ": Example\r\n", words["verifiedBy"] + ": " + words["byDigits"] + "\r\n",
		"\r\n" + words["from"] + ": ", "\r\n" + words["to"] + ": ", year, "\r\n" + words["allowedWas"] + ": ", " " + words["is-guidance"] + ": " + words["view"], " " + words["is-monitor"] + ": " + words["view"] + "\r\n", words["by-user"] + "\r\n",
	} {
		if !strings.Contains(text, want) {
			r.t.Errorf("%s: the receipt lacks %q:\n%s", r.locale, want, text)
		}
	}
	if !strings.HasPrefix(name, "sixgate-"+year) || !strings.HasSuffix(name, ".txt") || strings.Contains(text, "undefined") || strings.Contains(text, "{") {
		r.t.Errorf("%s: the receipt is %s:\n%s", r.locale, name, text)
	}
}

// tabTo goes on to an element with the keyboard.
func (r *reader) tabTo(id string) {
	r.t.Helper()
	for range 20 {
		if r.do("focused") == id {
			return
		}
		r.do("press", "Tab")
	}
	r.t.Fatalf("%s: the keyboard does not reach %s", r.locale, id)
}

// permissions are those that the page offers.
const permissions = "[...document.querySelectorAll('input[role=switch]')].filter(i => !i.closest('.hide')).map(i => i.name).join(' ')"

// TestPage plays the end user on the page, with the keyboard alone, in every language: all of them a step at a time, since the
// question stands for twelve seconds before it can be answered.
func TestPage(t *testing.T) {
	t.Parallel() // it waits most of the time
	d := newDesk(t)
	web := newTabs(t, "")
	readers := []*reader{
		{locale: "en-GB", code: "Type the 6 digits", verify: "Ada wants to help you", fit: "The digits fit", live: "Ada sees your screen", over: "You ended it.",
			wants: "wants to work on your computer with you", points: "Ada points at things", watches: "Ada only watches"},
		{locale: "de-DE", code: "Geben Sie die 6 Ziffern ein", verify: "Ada möchte Ihnen helfen", fit: "Die Ziffern stimmen", live: "Ada sieht Ihren Bildschirm", over: "Sie haben die Sitzung beendet.",
			wants: "möchte mit Ihnen an Ihrem Computer arbeiten", points: "Ada zeigt auf Dinge", watches: "Ada sieht nur zu"},
		{locale: "it-IT", code: "Digiti le 6 cifre", verify: "Ada vuole aiutarla", fit: "Le cifre corrispondono", live: "Ada vede il suo schermo", over: "Ha terminato lei",
			wants: "vuole lavorare con lei", points: "Ada indica le cose", watches: "Ada guarda soltanto"},
		{locale: "fr-FR", code: "Tapez les 6 chiffres", verify: "Ada veut vous aider", fit: "Les chiffres correspondent", live: "Ada voit votre écran", over: "Vous y avez mis fin.",
			wants: "veut travailler avec vous", points: "Ada montre les choses", watches: "Ada regarde seulement"},
		{locale: "es-ES", code: "Escriba las 6 cifras", verify: "Ada quiere ayudarle", fit: "Las cifras coinciden", live: "Ada ve su pantalla", over: "Usted la terminó.",
			wants: "quiere trabajar con usted", points: "Ada señala cosas", watches: "Ada solo mira"},
	}
	for _, step := range []func(*reader){
		func(r *reader) {
			r.t, r.web = t, web
			r.meeting = meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
			var address string
			r.host, address = r.meeting.hostOnPage(t, "", d.Display)
			if status := r.do("open", address, r.locale); status != 200.0 {
				t.Fatalf("the page opens with %v", status)
			}
			r.do("wait", ".digits")
			r.reads("h1", r.code)
			code := r.meeting.code
			r.do("paste", " "+code[:3]+"-"+code[3:]+"\n")
			r.do("wait", ".card")
			if text := r.do("text", "#allow"); !strings.ContainsAny(fmt.Sprint(text), "123456789") {
				t.Errorf("%s: Allow does not wait, for an organisation that nobody vouches for: %q", r.locale, text)
			}
		},
		func(r *reader) {
			digits := r.meeting.bridge.event(t, "check").Digits
			r.reads("h1", r.verify)
			r.reads(".card", r.wants)
			r.do("type", digits)
			r.do("wait", ".fit")
			r.reads(".fit", r.fit)
		},
		func(r *reader) {
			r.tabTo("mode-active")
			r.do("press", "ArrowDown") // the end user chooses less than is wanted
			if got := r.do("evaluate", permissions); got != "view files clipboard" {
				t.Errorf("who points may have %v", got)
			}
			r.do("wait", "#allow:not(:disabled)")
			r.tabTo("allow")
			r.do("press", "Enter")
			r.do("wait", "#stop")
			r.meeting.bridge.event(t, "path")
			r.reads(".name", r.live)
			r.reads("main", r.points)
		},
		func(r *reader) { // and less still
			r.tabTo("step")
			r.do("press", "Enter")
			r.reads("details:not(.hide)", "")
			r.tabTo("step-monitor")
			r.do("press", "Enter")
			for mode := ""; mode != "monitor"; {
				mode = r.meeting.bridge.event(t, "state").Mode
			}
			r.do("wait", "main:not(:has(#step))") // there is nothing lower, and no way up
			r.reads("main", r.watches)
		},
		func(r *reader) {
			r.tabTo("stop")
			r.do("press", "Enter")
			r.do("wait", "dl")
			r.reads("main", r.over)
			if reason := r.meeting.bridge.event(t, "end").Reason; reason != "ended by user" {
				t.Errorf("the bridge says %q", reason)
			}
			if status := r.host.exit(t); status != 0 {
				t.Errorf("the host left with %d", status)
			}
			if alone := r.do("evaluate", "document.querySelector('.lost') === null"); alone != true {
				t.Error("after the end the page says that the program does not answer")
			}
			r.saves()
		},
	} {
		for _, r := range readers {
			step(r)
		}
	}
	for _, complaint := range web.do(t, "complaints").([]any) {
		if text := fmt.Sprint(complaint); !strings.Contains(text, "ERR_CONNECTION_REFUSED") { // the program has left
			t.Errorf("the browser complains: %s", text)
		}
	}
}

// TestPageLive changes permissions on the page while a viewer watches.
func TestPageLive(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
	host, address := m.hostOnPage(t, "", d.Display)
	web := newTabs(t, "")
	web.do(t, "open", "a", address)
	web.do(t, "wait", "a", ".digits")
	web.do(t, "type", "a", m.code)
	digits := m.bridge.event(t, "check").Digits
	web.do(t, "wait", "a", ".card")
	wrong := "0000"
	if wrong == digits {
		wrong = "1111"
	}
	web.do(t, "type", "a", wrong)
	web.do(t, "wait", "a", ".problem")
	web.do(t, "type", "a", digits)
	web.do(t, "wait", "a", ".fit")
	m.broken(t, func() { // meanwhile the question can be read
		web.do(t, "wait", "a", ".broken")
		web.reads(t, "broken while asked", ".broken", "Nothing has come from Ada since")
	})
	web.do(t, "wait", "a", "#back")
	web.do(t, "wait", "a", "#allow:not(:disabled)")
	web.showNew(t, "a")
	web.do(t, "click", "a", "input[name=clipboard]")
	web.do(t, "click", "a", "#allow")
	web.do(t, "wait", "a", "#stop")
	if on := web.do(t, "evaluate", "a", "[...document.querySelectorAll('fieldset input:checked')].map(i => i.name).join()"); on != "view,control" {
		t.Errorf("allowed is %v", on)
	}
	viewer := follow(t, m.viewers, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingExtendedDesktopSize, rfb.EncodingCursor}})
	watch(t, d, viewer.picture, same)

	// View off: the viewer sees a notice, whatever happens on the desktop, until view is on again.
	state := func(want string) {
		t.Helper()
		for {
			if e := m.bridge.event(t, "state"); e.State == want {
				return
			}
		}
	}
	web.do(t, "click", "a", "input[name=view]")
	state("paused by user")
	eventually(t, func() error {
		picture, err := viewer.picture()
		if err == nil && picture.RGBAAt(0, 0) != noticePaper {
			err = fmt.Errorf("the corner is %v", picture.RGBAAt(0, 0))
		}
		return err
	})
	d.page.Scroll(17)
	web.do(t, "click", "a", "input[name=view]")
	state("connected by relay")
	watch(t, d, viewer.picture, same)

	// A supporter who has just used the mouse gives themselves nothing back.
	var moving sync.WaitGroup
	enough := make(chan struct{})
	moving.Go(func() {
		for x := 300; ; x++ {
			viewer.Pointer(image.Pt(x%500, 234), 0)
			select {
			case <-enough:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	eventually(t, func() error {
		p, err := d.screen.Pointer()
		if err == nil && p.Y != 234 {
			err = fmt.Errorf("the pointer is at %v", p)
		}
		return err
	})
	web.do(t, "click", "a", "input[name=clipboard]")
	web.do(t, "wait", "a", ".problem")
	close(enough)
	moving.Wait()
	if on := web.do(t, "evaluate", "a", "document.querySelector('[name=clipboard]').checked"); on != false {
		t.Error("the clipboard was allowed while the supporter had the mouse")
	}

	// The connection breaks, and comes back: both people see it.
	m.broken(t, func() {
		web.do(t, "wait", "a", ".broken")
		web.reads(t, "broken", ".broken", "Nothing has come from Ada since")
		web.reads(t, "broken", ".name", "Ada sees nothing now")
		d.warns(t, true)
	})
	web.do(t, "wait", "a", "#back")
	web.reads(t, "back", "#path", "Connected through the help desk · ")
	d.warns(t, false)
	watch(t, d, viewer.picture, same)

	// The browser is closed: the session goes on. The supporter ends it while the connection is broken, and the host learns why.
	web.do(t, "close", "a")
	d.page.Scroll(5)
	watch(t, d, viewer.picture, same)
	m.broken(t, func() {
		time.Sleep(time.Second) // who presses the key at once meant something else
		viewer.Key(keyF10, true)
		viewer.Key(keyF10, false)
		if reason := m.bridge.event(t, "end").Reason; reason != "ended by supporter" {
			t.Errorf("the bridge says %q", reason)
		}
	})
	if status := host.exit(t); status != 0 || !strings.Contains(host.log.String(), "ended by supporter") {
		t.Errorf("the host left with %d", status)
	}
}
