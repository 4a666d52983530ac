package rfbserver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

func TestPower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(10, 10)
		asked, answer := make(chan rfb.PowerAction, 1), make(chan bool)
		s := share(t, &Server{Desktop: d, Power: func(ctx context.Context, a rfb.PowerAction) bool {
			asked <- a
			select {
			case yes := <-answer:
				return yes
			case <-ctx.Done():
				return false
			}
		}})
		v, other := attach(t, s, rfb.EncodingXVP), attach(t, s, rfb.EncodingXVP)
		expect := func(v *viewerEnd, want rfb.Event) {
			t.Helper()
			if e := v.event(); e != want {
				t.Errorf("heard %#v, want %#v", e, want)
			}
		}
		for _, v := range []*viewerEnd{v, other} {
			expect(v, rfb.PowerOffered{})
			v.update()
		}
		v.Power(rfb.PowerReboot)
		if a := <-asked; a != rfb.PowerReboot {
			t.Errorf("asked to %v", a)
		}
		d.expect(t, func() { v.Key('k', true) }, "k true") // it is heard meanwhile
		other.Power(rfb.PowerShutdown)                     // one question at a time
		expect(other, rfb.PowerFailed{})
		answer <- false
		expect(v, rfb.PowerFailed{})
		v.Power(77)
		expect(v, rfb.PowerFailed{})
		v.Power(rfb.PowerReset)
		<-asked
		answer <- true // and there is nothing to say
		synctest.Wait()
		v.Power(rfb.PowerShutdown)
		<-asked
		start := time.Now()
		if err := v.leave(); err != nil || time.Since(start) != 0 { // the question ends with the viewer
			t.Errorf("left with %v after %v", err, time.Since(start))
		}
		other.Power(rfb.PowerShutdown)
		<-asked
	})
}

// Who did not ask for xvp, or has a server without it, is told nothing of it.
func TestPowerIsNotOffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(10, 10)
		v := attach(t, share(t, &Server{Desktop: d}), rfb.EncodingXVP)
		v.update()
		v.Power(rfb.PowerReboot)
		if e := v.event(); e != (rfb.PowerFailed{}) {
			t.Errorf("heard %#v", e)
		}
		yes := func(context.Context, rfb.PowerAction) bool { t.Error("asked"); return true }
		silent := attach(t, share(t, &Server{Desktop: newPaper(10, 10), Power: yes}))
		silent.update()
		silent.ask(false)
		silent.update()
	})
}

// UltraVNC's chat window closes as it opens; what its viewer says besides is read and forgotten.
func TestUltraVNC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := enter(t, share(t, &Server{Desktop: newPaper(8, 8)}))
		talk(t, conn,
			"\x08\x00\x00\x00"+"\x08\x09\x00\x00"+"\x0f\x02\x00\x00"+"\x09\x01\x00\x00"+"\x0a\x00\x27\x0f\x27\x0f",
			"\x0b\x00\x00\x00\xff\xff\xff\xff", "<\x0b\x00\x00\x00\xff\xff\xff\xfe",
			"\x0b\x00\x00\x00\x00\x00\x00\x05hello", "\x0b\x00\x00\x00\xff\xff\xff\xfe", "\x0b\x00\x00\x00\xff\xff\xff\xfd",
			"\x0b\x00\x00\x00\xff\xff\xff\xff", "<\x0b\x00\x00\x00\xff\xff\xff\xfe")
	})
}

// A viewer that wants the desktop for itself shares it all the same: TigerVNC's and gtk-vnc's say so without being asked to,
// and macOS comes twice.
func TestEveryViewerShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(8, 8)
		s := share(t, &Server{Desktop: d})
		first := attach(t, s)
		first.update()
		conn, _ := connect(t, s)
		talk(t, conn, "<RFB 003.008\n", "RFB 003.008\n", "<\x01\x01", "\x01", "<\x00\x00\x00\x00", "\x00")
		readServerInit(t, conn)
		first.ask(true)
		d.draw(d.screens[0], 5)
		first.update()
		first.sees(d)
	})
}
