//go:build linux

package conformance

import (
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHiddenOnPage chooses on the page what the supporter does not see, before the session and in it.
func TestHiddenOnPage(t *testing.T) {
	t.Parallel()
	d, programs := newPrograms(t)
	if err := d.Spawn("openbox", "--sm-disable"); err != nil {
		t.Fatal(err)
	}
	d.program(t, programs, "Notes", image.Rect(40, 80, 440, 380), notesColour)
	d.program(t, programs, "Mail", image.Rect(300, 200, 700, 500), mailColour)
	d.program(t, programs, "Bank", image.Rect(700, 100, 1000, 300), bankColour)
	m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
	v := look(t, m.viewers, notesColour, mailColour, bankColour, swarmColour)
	host, address := m.hostOnPage(t, "", d.Display)
	web := newTabs(t, "")
	web.do(t, "open", "a", address)
	web.do(t, "wait", "a", ".digits")

	// says is what the page says of windows; shot looks it over as well.
	says := func() string { t.Helper(); return fmt.Sprint(web.do(t, "text", "a", "details.hide")) }
	shot := func(name string) {
		t.Helper()
		for _, dark := range []bool{true, false} {
			web.do(t, "dark", "a", dark)
			if bad := web.do(t, "evaluate", "a", "("+lookOver+")()"); bad != "" {
				t.Errorf("%s, dark %v: %v", name, dark, bad)
			}
		}
		if dir := os.Getenv("SIXGATE_SHOTS"); dir != "" {
			web.do(t, "shot", "a", filepath.Join(dir, name+".png"))
		}
	}
	until := func(what string, fits func(string) bool) {
		t.Helper()
		eventually(t, func() error {
			if said := says(); !fits(said) {
				return fmt.Errorf("%s: the page says %q", what, said)
			}
			return nil
		})
	}
	// row is the page's line about a program's only window.
	row := func(program string) string { return "section:has(input[name='program " + program + "']) .window" }

	// With the keyboard alone: Mail is hidden, and the page no longer says what it is about.
	reach := func(name string) {
		t.Helper()
		for range 20 {
			if web.do(t, "evaluate", "a", "document.activeElement?.getAttribute('name') ?? document.activeElement?.tagName") == name {
				return
			}
			web.do(t, "press", "a", "Tab")
		}
		t.Fatalf("the keyboard does not reach %q", name)
	}
	web.do(t, "evaluate", "a", "document.querySelector('details:not(.hide) summary').focus()")
	web.do(t, "press", "a", "Tab")
	reach("SUMMARY")
	web.do(t, "press", "a", "Enter")
	until("all are listed", func(s string) bool { return strings.Count(s, "A title that nobody may see: ") == 3 })
	pictures := func(want int) {
		t.Helper()
		eventually(t, func() error {
			const seen = "[...document.querySelectorAll('.picture img')].filter((i) => i.complete && i.naturalWidth > 0).length"
			if got := web.do(t, "evaluate", "a", seen); got != float64(want) {
				return fmt.Errorf("%v windows have pictures, not %d", got, want)
			}
			return nil
		})
	}
	web.do(t, "evaluate", "a", "document.querySelector('.windows section:last-child').scrollIntoView()")
	pictures(3)
	shot("page hide list")
	reach("program Mail")
	web.do(t, "press", "a", "Space")
	until("Mail is hidden", func(s string) bool {
		return strings.Contains(s, "Mail (hidden)") && !strings.Contains(s, "see: Mail") && strings.Contains(s, "see: Bank")
	})
	if at := web.do(t, "evaluate", "a", "document.activeElement.getAttribute('name')"); at != "program Mail" {
		t.Errorf("the keyboard is at %v after the list was drawn anew", at)
	}
	web.do(t, "click", "a", row("Notes")+" button") // all but this
	until("all but Notes are hidden", func(s string) bool { return strings.Contains(s, "(2 hidden)") && strings.Contains(s, "Bank (hidden)") })
	pictures(1)
	shot("page hide hidden")
	web.do(t, "click", "a", row("Bank")+" input") // and Bank again
	until("Bank is shown", func(s string) bool { return strings.Contains(s, "(1 hidden)") && strings.Contains(s, "see: Bank") })

	web.do(t, "click", "a", ".digits input")
	web.do(t, "type", "a", m.code)
	digits := m.bridge.event(t, "check").Digits
	web.do(t, "wait", "a", ".card")
	web.do(t, "type", "a", digits)
	web.do(t, "wait", "a", "#allow:not(:disabled)")
	web.do(t, "click", "a", "#allow")
	web.do(t, "wait", "a", "#stop")
	v.awaits(t, notesColour, true)
	v.awaits(t, bankColour, true)
	v.never(t, mailColour, "it was hidden before the first picture")

	// In the session: hiding is at once, showing waits for the supporter's hands; a card asks about new windows.
	if err := v.Pointer(image.Pt(60, 500), 0); err != nil {
		t.Fatal(err)
	}
	d.awaitPointer(t, image.Pt(60, 500))
	web.do(t, "click", "a", row("Bank")+" input")
	v.awaits(t, bankColour, false)
	stays := make(chan struct{})
	moved := make(chan error)
	go func() { // the supporter's hand stays on the mouse
		var err error
		for x := 61; ; x++ {
			select {
			case <-stays:
				moved <- err
				return
			case <-time.After(50 * time.Millisecond):
				err = errors.Join(err, v.Pointer(image.Pt(x, 500), 0))
			}
		}
	}()
	web.do(t, "click", "a", row("Bank")+" input")
	web.do(t, "wait", "a", ".problem")
	until("Bank stays hidden", func(s string) bool { return strings.Contains(s, "Bank (hidden)") })
	if on := web.do(t, "evaluate", "a", `document.querySelector("`+row("Bank")+` input").checked`); on != false {
		t.Error("a switch that changed nothing is on")
	}
	close(stays)
	if err := <-moved; err != nil {
		t.Error(err)
	}

	d.program(t, programs, "Swarm", image.Rect(500, 560, 700, 760), swarmColour)
	d.program(t, programs, "Swarm", image.Rect(720, 560, 920, 760), swarmColour)
	web.do(t, "wait", "a", "#show-all:not(:disabled)")
	if text := fmt.Sprint(web.do(t, "text", "a", "[role=alertdialog]")); !strings.Contains(text, "New window: Swarm") || strings.Contains(text, "title") {
		t.Errorf("the question is %q", text)
	}
	d.awaitOn(t, swarmColour)
	shot("page asks")
	d.shot(t, "desktop asks")
	time.Sleep(1100 * time.Millisecond) // until the supporter's hands have been off for long enough
	v.never(t, swarmColour, "the end user has not answered")
	web.do(t, "click", "a", "#hide-new")
	eventually(t, func() error {
		if web.do(t, "evaluate", "a", "document.getElementById('show-all') === null") != true {
			return errors.New("the page still asks about two windows")
		}
		return nil
	})
	web.do(t, "wait", "a", "#show-new:not(:disabled)")
	web.do(t, "evaluate", "a", "document.getElementById('show-new').focus()")
	web.do(t, "press", "a", "Enter")
	v.awaits(t, swarmColour, true)
	v.mu.Lock()
	if seen := v.most[swarmColour]; seen > 200*200 {
		t.Errorf("of two windows of which one is shown, the supporter sees %d pixels", seen)
	}
	if dir := os.Getenv("SIXGATE_SHOTS"); dir != "" {
		save(t, filepath.Join(dir, "supporter sees.png"), v.last)
	}
	v.mu.Unlock()
	v.never(t, mailColour, "it is hidden")
	if gone := web.do(t, "evaluate", "a", "document.querySelector('[role=alertdialog]') === null"); gone != true {
		t.Error("the question stands after it was answered")
	}

	web.do(t, "click", "a", "#stop")
	if status := host.exit(t); status != 0 {
		t.Errorf("the host left with %d", status)
	}
	for _, complaint := range web.do(t, "complaints").([]any) {
		if text := fmt.Sprint(complaint); !strings.Contains(text, "ERR_CONNECTION_REFUSED") && !strings.Contains(text, "/windows/") && !strings.Contains(text, "409") {
			t.Errorf("the browser complains: %s", text)
		}
	}
}
