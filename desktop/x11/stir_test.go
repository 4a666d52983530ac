//go:build linux

package x11

import (
	"image"
	"testing"
	"time"

	"github.com/jezek/xgb/xproto"
)

// awaitPointer asks where the pointer is whenever Changed says so, until it is at.
func awaitPointer(t *testing.T, d *Desktop, at image.Point) {
	t.Helper()
	for end := time.After(20 * time.Second); d.Pointer() != at; {
		select {
		case <-d.Changed():
		case <-end:
			t.Fatalf("the pointer is at %v, want %v", d.Pointer(), at)
		}
	}
}

func (p *painter) warp(x, y int) {
	p.t.Helper()
	if err := xproto.WarpPointerChecked(p.conn, 0, xproto.Window(p.root), 0, 0, 0, 0, int16(x), int16(y)).Check(); err != nil {
		p.t.Fatal(err)
	}
}

// Whoever moves the pointer, Changed tells, also when a program has asked for all moves in its window.
func TestPointerMovesAreTold(t *testing.T) {
	p := startPainter(t, "320x200x24")
	if err := p.x.Spawn("xev", "-geometry", "320x200+0+0"); err != nil {
		t.Fatal(err)
	}
	d := p.open()
	for i := range 100 {
		p.warp(i, 2*i)
		awaitPointer(t, d, image.Pt(i, 2*i))
		d.MovePointer(image.Pt(300-i, i), 0)
		awaitPointer(t, d, image.Pt(300-i, i))
		d.PushPointer(image.Pt(-3, 1), 0)
		awaitPointer(t, d, image.Pt(297-i, i+1))
	}
}

// A server without such an alarm is asked every time.
func TestPointerWithoutAlarm(t *testing.T) {
	p := startPainter(t, "320x200x24", "-extension", "SYNC")
	d := p.open()
	for i := range 10 {
		p.warp(i, 2*i)
		if at := d.Pointer(); at != image.Pt(i, 2*i) {
			t.Error(at)
		}
	}
}

// Once it is known where the pointer is, nothing is said until it moves, and then once.
func TestPointerAtRestIsSilent(t *testing.T) {
	p := startPainter(t, "320x200x24")
	d, m := p.open(), &mirror{}
	m.follow(d, p)
	p.warp(10, 10)
	awaitPointer(t, d, image.Pt(10, 10))
	rest := func() {
		for asked := 0; ; asked++ {
			select {
			case <-d.Changed():
				d.Pointer()
			case <-time.After(10 * freshMove * time.Millisecond):
				return
			}
		}
	}
	rest()
	before := d.stirred.Load()
	for i := range 50 {
		p.warp(20+i, 20)
	}
	<-d.Changed()
	if before || !d.stirred.Load() {
		t.Errorf("stirred before %v", before)
	}
	select {
	case <-d.Changed():
		t.Error("told twice, though nobody asked in between")
	case <-time.After(freshMove * time.Millisecond):
	}
	awaitPointer(t, d, image.Pt(69, 20))
}
