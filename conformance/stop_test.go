//go:build linux

package conformance

import (
	"image"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sixgate/bench/scene"
	"sixgate/rfb"
)

const keyF10 = 0xffc7

// TestStop ends sessions with the end user's key while a video plays and the supporter floods the host with input, with keys and
// a button held, and measures what comes after: the last picture that leaves, and the last input that arrives.
func TestStop(t *testing.T) {
	d := newDesk(t)
	hand, pointer := d.hand(t), openScreen(t, d.Display)
	m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
	stopVideo := video(t, d)
	defer stopVideo()
	var frames, inputs []time.Duration
	for range stops {
		host := m.host(t, "", d.Display)
		m.allow(t, host)
		var playing sync.WaitGroup
		over := make(chan struct{})
		var lastFrame, lastInput atomic.Int64
		v, err := rfb.NewClient(m.viewers.dial(t), rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingTight, rfb.EncodingCursor, rfb.EncodingQualityLevel0 + 5}})
		if err != nil {
			t.Fatal(err)
		}
		playing.Go(func() { // looks
			for err := v.Request(false, v.Image().Rect); err == nil; err = v.Request(true, v.Image().Rect) {
				for shown := false; err == nil && !shown; {
					var e rfb.Event
					e, err = v.Next()
					_, shown = e.(*rfb.Update)
				}
				if err == nil && v.Image().Row(0, 1, 0)[0]&0xffffff != 0x1b2430 { // not the notice that follows
					lastFrame.Store(time.Now().UnixNano())
				}
			}
		})
		playing.Go(func() { // floods
			for i := 0; v.Pointer(image.Pt(50+i%1000, 765+i%20), uint16(i>>9&1)) == nil; i++ {
				v.Key('a', i>>8&1 == 0)
			}
		})
		playing.Go(func() { // watches
			at, err := pointer.Pointer()
			for err == nil {
				var now image.Point
				if now, err = pointer.Pointer(); now != at {
					at = now
					lastInput.Store(time.Now().UnixNano())
				}
				select {
				case <-over:
					return
				default:
				}
			}
		})
		eventually(t, func() error { // all of it goes on
			if lastFrame.Load() == 0 || lastInput.Load() == 0 {
				return errNoPicture
			}
			return nil
		})
		time.Sleep(time.Second / 4)
		start := time.Now().UnixNano()
		hand.Key(keyF10, true)
		hand.Key(keyF10, false)
		if reason := m.bridge.event(t, "end").Reason; reason != "ended by user" {
			t.Errorf("the bridge says %q", reason)
		}
		if status := host.exit(t); status != 0 {
			t.Errorf("the host left with %d", status)
		}
		d.holds(t, 0, 0)
		m.nextCode(t)
		close(over)
		playing.Wait()
		frames = append(frames, max(0, time.Duration(lastFrame.Load()-start)))
		inputs = append(inputs, max(0, time.Duration(lastInput.Load()-start)))
	}
	slices.Sort(frames)
	slices.Sort(inputs)
	t.Logf("after Stop: last picture %v, last input %v", frames, inputs)
	if last := max(frames[stops/2], inputs[stops/2]); last > soon { // 0.1 s it is on a quiet machine
		t.Errorf("after Stop, pictures come for %v and input for %v", frames, inputs)
	}
}

// video plays 1280x720 pixels at thirty pictures a second until it is stopped.
func video(t *testing.T, d *desk) (stop func()) {
	t.Helper()
	s := openScreen(t, d.Display)
	var pictures []scene.Picture
	for i := range 4 {
		p, err := s.Upload(scene.Photo(image.Pt(1280, 720), image.Pt(40*i, 0), 3))
		if err != nil {
			t.Fatal(err)
		}
		pictures = append(pictures, p)
	}
	w, err := s.Window(image.Rect(0, 40, 1280, 760), pictures[0])
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	var playing sync.WaitGroup
	playing.Go(func() {
		each := time.NewTicker(time.Second / 30)
		defer each.Stop()
		for i := 0; ; i++ {
			select {
			case <-over:
				return
			case <-each.C:
				w.Show(pictures[i%len(pictures)])
				s.Sync()
			}
		}
	})
	return func() { close(over); playing.Wait(); w.Destroy() }
}

// While another program holds the whole X server, so that no picture, no bar and no page's thumbnail gets an answer, the key ends
// the session all the same.
func TestStopWhileTheServerHangs(t *testing.T) {
	d := newDesk(t)
	hand := d.hand(t)
	m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
	host := m.host(t, "", d.Display)
	m.allow(t, host)
	v := follow(t, m.viewers, rfb.ClientOptions{})
	eventually(t, func() error { _, err := v.picture(); return err })
	err := d.screen.AtOnce(func() error {
		d.page.Scroll(9) // so that a picture is wanted
		time.Sleep(time.Second / 4)
		hand.Key(0xffc9, true) // what F12 does has to wait, but keeps nobody waiting
		hand.Key(0xffc9, false)
		hand.Key(keyF10, true)
		hand.Key(keyF10, false)
		if reason := m.bridge.event(t, "end").Reason; reason != "ended by user" {
			t.Errorf("the bridge says %q", reason)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if status := host.exit(t); status != 0 {
		t.Errorf("the host left with %d", status)
	}
}
