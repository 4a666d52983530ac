//go:build linux

package x11

import (
	"image"
	"testing"

	"github.com/jezek/xgb/xproto"
)

func TestPointerGoesWhereItIsTold(t *testing.T) {
	term := openServer(t, "us")
	for _, tt := range []struct{ to, want image.Point }{
		{image.Pt(123, 45), image.Pt(123, 45)},
		{image.Pt(0, 0), image.Pt(0, 0)},
		{image.Pt(799, 599), image.Pt(799, 599)},
		{image.Pt(5000, 70000), image.Pt(799, 599)},
		{image.Pt(-7, -70000), image.Pt(0, 0)},
	} {
		term.movePointer(tt.to, 0)
		p, err := xproto.QueryPointer(term.input.conn.Conn, term.pointer.root).Reply()
		if err != nil {
			t.Fatal(err)
		}
		if got := image.Pt(int(p.RootX), int(p.RootY)); got != tt.want {
			t.Errorf("told %v, is at %v, want %v", tt.to, got, tt.want)
		}
	}
}

func TestButtons(t *testing.T) {
	w := openWitness(t, "us")
	at := image.Pt(200, 200)
	for _, tt := range []struct {
		buttons uint16
		want    string
	}{
		{1 << 0, "+button1"},
		{1<<0 | 1<<2, "+button3"},
		{1 << 2, "-button1"},
		{1<<1 | 1<<2, "+button2"},
		{0, "-button2 -button3"},
		{1 << 3, "+button4"}, // wheel up
		{0, "-button4"},
		{1 << 4, "+button5"},
		{1<<5 | 1<<6, "-button5 +button6 +button7"},
		{1<<7 | 1<<8, "-button6 -button7 +button8 +button9"},
		{0xfe00, "-button8 -button9"}, // there are no more
	} {
		w.movePointer(at, tt.buttons)
		w.saw(tt.want)
	}
	w.movePointer(at, 1<<0|1<<1)
	w.saw("+button1 +button2")
	w.releaseAll()
	w.saw("-button1 -button2")
}
