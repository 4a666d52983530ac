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

func TestPushedPointer(t *testing.T) {
	w := openWitness(t, "us")
	at := image.Pt(200, 200)
	w.movePointer(at, 0)
	for _, tt := range []struct {
		by      image.Point
		buttons uint16
		want    image.Point
		saw     string
	}{
		{image.Pt(5, -7), 0, image.Pt(205, 193), ""},
		{image.Pt(-1, 1), 1, image.Pt(204, 194), "+button1"},
		{image.Pt(0, 0), 1, image.Pt(204, 194), ""},
		{image.Pt(50, 50), 1, image.Pt(254, 244), ""}, // as fast as one likes: no acceleration
		{image.Pt(0, 0), 0, image.Pt(254, 244), "-button1"},
		{image.Pt(-70000, -1000), 0, image.Pt(0, 0), ""},
		{image.Pt(-5, 3), 4, image.Pt(0, 3), "+button3"},
		{image.Pt(70000, 70000), 0, image.Pt(799, 599), ""},
	} {
		w.pushPointer(tt.by, tt.buttons)
		p, err := xproto.QueryPointer(w.input.conn.Conn, w.pointer.root).Reply()
		if err != nil {
			t.Fatal(err)
		}
		if got := image.Pt(int(p.RootX), int(p.RootY)); got != tt.want {
			t.Errorf("pushed by %v, is at %v, want %v", tt.by, got, tt.want)
		}
		if tt.saw != "" {
			w.saw(tt.saw)
		}
	}
}
