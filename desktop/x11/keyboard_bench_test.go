//go:build linux

package x11

import (
	"image"
	"log/slog"
	"testing"

	"sixgate/desktop/xvfb"

	"github.com/jezek/xgb/xproto"
)

// BenchmarkKeyToKeyPress is from our being told a key to a program's getting its KeyPress.
func BenchmarkKeyToKeyPress(b *testing.B) {
	x, err := xvfb.Start(b.Context(), "640x480x24")
	if err != nil {
		b.Fatal(err)
	}
	defer x.Close()
	in, err := openInput(x.Display, slog.New(slog.DiscardHandler), func() {})
	if err != nil {
		b.Fatal(err)
	}
	defer in.close()
	program, err := dial(x.Display)
	if err != nil {
		b.Fatal(err)
	}
	defer program.shut()
	window, err := xproto.NewWindowId(program.Conn)
	if err != nil {
		b.Fatal(err)
	}
	err = xproto.CreateWindowChecked(program.Conn, 0, window, program.screen.Root, 0, 0, 100, 100, 0, xproto.WindowClassInputOnly, 0,
		xproto.CwEventMask, []uint32{xproto.EventMaskKeyPress}).Check()
	if err != nil {
		b.Fatal(err)
	}
	if err := xproto.MapWindowChecked(program.Conn, window).Check(); err != nil {
		b.Fatal(err)
	}
	in.movePointer(image.Pt(50, 50), 0)
	for _, bb := range []struct {
		name string
		sym  uint32
	}{{"plain", 'a'}, {"fake Shift", 'A'}, {"spare key", keysymOf('Ж')}} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				in.key(bb.sym, true)
				for {
					event, _ := program.WaitForEvent()
					if press, ok := event.(xproto.KeyPressEvent); ok && press.Detail != 50 {
						break // not Shift
					}
				}
				in.key(bb.sym, false)
			}
		})
	}
}
