//go:build linux

package x11

import (
	"image"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jezek/xgb/res"
)

// eventually waits for what others take a moment to do; only a machine that stands still makes it give up.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came: %s", what)
		}
	}
}

// The X server is killed while everything that we do with it goes on.
func TestServerIsKilledUnderWork(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("killed", func(t *testing.T) { // and cleaned up after
		for round := range 5 {
			p := startPainter(t, "640x480x24")
			d := p.open()
			var work sync.WaitGroup
			begun := make(chan struct{}, 4)
			repeat := func(do func(i int)) {
				work.Go(func() {
					do(0)
					begun <- struct{}{}
					for i := 1; ; i++ {
						select {
						case <-d.Gone():
							do(i) // there is nobody to tell, and it does not hang
							return
						default:
							do(i)
						}
					}
				})
			}
			repeat(func(i int) {
				d.Key(uint32('a'+i%26), true)
				d.Key(keysymOf('Ж'), true)
				d.KeyCode(scanShiftL, symShiftL, i%2 == 0)
				d.Key(uint32('a'+i%26), false)
			})
			repeat(func(i int) { d.MovePointer(image.Pt(i%640, i%480), uint16(i)); d.PushPointer(image.Pt(1, 1), 0) })
			repeat(func(i int) { d.Resize(image.Pt(100+i%500, 100+i%300)); d.SetClipboard(strings.Repeat("text", i%100)) })
			repeat(func(i int) { d.Cursor(); d.Pointer(); d.LEDs(); d.Clipboard() })
			for range 4 {
				<-begun
			}
			m := &mirror{}
			var err error
			for i := 0; err == nil; i++ {
				if i == 20+round*10 {
					if err := p.x.Process().Kill(); err != nil {
						t.Fatal(err)
					}
				}
				_, err = m.capture(d)
			}
			if !strings.Contains(err.Error(), p.x.Display+" is gone") || !strings.Contains(err.Error(), "start again") {
				t.Error(err)
			}
			select {
			case <-d.Gone():
			case <-time.After(20 * time.Second):
				t.Fatal("Gone does not tell")
			}
			work.Wait()
			if err := d.Resize(image.Pt(100, 100)); err == nil {
				t.Error("resized a display that is gone")
			}
			d.Close()
		}
	})
	eventually(t, "the end of all goroutines", func() bool { return runtime.NumGoroutine() <= before })
}

// clients is how many programs the X server knows, and what they have there, by XRes.
func (p *painter) clients() (clients, resources int) {
	p.t.Helper()
	c, err := dial(p.x.Display)
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.shut()
	if err := c.use("X-Resource"); err != nil {
		p.t.Fatal(err)
	}
	reply, err := res.QueryClients(c.Conn).Reply()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, client := range reply.Clients {
		has, err := res.QueryClientResources(c.Conn, client.ResourceBase).Reply()
		if err != nil {
			continue // it has just left
		}
		for _, kind := range has.Types {
			resources += int(kind.Count)
		}
	}
	return len(reply.Clients), resources
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

func TestOpenedAndClosedManyTimes(t *testing.T) {
	times := 1000
	if testing.Short() {
		times = 100
	}
	p := startPainter(t, "320x200x24")
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	once := func() {
		d := p.open()
		(&mirror{}).capture(d)
		d.MovePointer(image.Pt(5, 5), 1)
		d.Key('a', true)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	once() // the server keeps empty lists of who watches pointer and monitors
	clients, resources := p.clients()
	for range times {
		once()
	}
	eventually(t, "the end of all goroutines", func() bool { return runtime.NumGoroutine() <= goroutines })
	eventually(t, "the end of all connections", func() bool {
		c, r := p.clients()
		return c <= clients && r <= resources && openFiles(t) <= files
	})
	eventually(t, "the end of all segments", func() bool { return len(sharedMemory(t)) == 0 })
}
