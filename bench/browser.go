//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"sixgate/bench/scene"
	"sixgate/rfb"
)

// The page: bands that are scrolled by one at a time, and where its window is.
const (
	bandHeight = 40
	bands      = 400
	bandMark   = 16 // the width of what marks a band, on either side
)

var browserAt = image.Rect(300, 60, 1500, 1000)

// browserFor is how long Chromium may take to show the page.
const browserFor = 30 * time.Second

// browser is a Chromium with one page of text and pictures, which scrolls where we tell it to.
type browser struct {
	inner  image.Rectangle // the page's place on the screen
	scroll chan int        // pixels from the top
	close  func()
}

// scroll moves the page by a band at a time, to its end and back.
func (s *stage) scroll() (*action, error) {
	if s.browser == nil {
		var err error
		if s.browser, err = s.openBrowser(context.Background()); err != nil {
			return nil, fmt.Errorf("chromium: %w (make install-bench)", err)
		}
	}
	b := s.browser
	visible := b.inner.Dy() / bandHeight
	first := func(n int) int { // the band at the top
		n %= 2 * (bands - visible - 1)
		return min(n, 2*(bands-visible-1)-n)
	}
	return &action{
		step: func(n int) error { b.scroll <- bandHeight * first(n); return nil },
		shown: func(picture *rfb.Image, n int) bool {
			left := b.inner.Min.Add(image.Pt(bandMark/2, bandHeight/2))
			right := left.Add(image.Pt(b.inner.Dx()-bandMark, 0))
			for i := range visible {
				down := image.Pt(0, i*bandHeight)
				if c := bandColour(first(n) + i); !near(picture, left.Add(down), c) || !near(picture, right.Add(down), c) {
					return false
				}
			}
			return true
		},
	}, nil
}

// bandColour tells bands apart: no two runs of bands that fill a window are the same.
func bandColour(i int) uint32 { return colour(int(uint32(i) * 2654435761 >> 16)) }

// openBrowser starts a Chromium with the page. It asks our own server for it, and for each place to scroll to.
func (s *stage) openBrowser(ctx context.Context) (b *browser, err error) {
	b = &browser{scroll: make(chan int, 64)}
	placed := make(chan image.Rectangle, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.Write(pageHTML()) })
	mux.HandleFunc("/photo.jpeg", func(w http.ResponseWriter, r *http.Request) { w.Write(pagePhoto(r.URL.RawQuery)) })
	mux.HandleFunc("/placed", func(w http.ResponseWriter, r *http.Request) {
		var at struct{ X, Y, Width, Height int }
		if err := json.NewDecoder(r.Body).Decode(&at); err == nil {
			select {
			case placed <- image.Rect(at.X, at.Y, at.X+at.Width, at.Y+at.Height):
			default:
			}
		}
	})
	stopped, stop := context.WithCancel(ctx)
	mux.HandleFunc("/scroll", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			w.(http.Flusher).Flush()
			select {
			case y := <-b.scroll:
				fmt.Fprintf(w, "data: %d\n\n", y)
			case <-stopped.Done():
				return
			case <-r.Context().Done():
				return
			}
		}
	})
	before, err := s.screen.Windows()
	if err != nil {
		stop()
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		stop()
		return nil, err
	}
	server := &http.Server{Handler: mux}
	var running sync.WaitGroup
	running.Go(func() { server.Serve(l) })
	cmd := s.display.Command(stopped, "chromium", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync",
		"--disable-background-networking", "--disable-component-update", "--disable-smooth-scrolling", "--disable-features=Translate", "--password-store=basic",
		"--user-data-dir="+filepath.Join(s.scratch, fmt.Sprintf("chromium%d", rand.Uint32())),
		fmt.Sprintf("--window-size=%d,%d", browserAt.Dx(), browserAt.Dy()), fmt.Sprintf("--window-position=%d,%d", browserAt.Min.X, browserAt.Min.Y),
		"--app=http://"+l.Addr().String()+"/")
	cmd.WaitDelay = time.Second
	b.close = func() {
		stop()
		cmd.Wait()
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it left behind of its processes
		server.Close()
		running.Wait()
		s.await(len(before))
	}
	if err := cmd.Start(); err != nil {
		stop()
		server.Close()
		running.Wait()
		return nil, err
	}
	select {
	case b.inner = <-placed:
	case <-time.After(browserFor):
		b.close()
		return nil, fmt.Errorf("it did not show its page in %v", browserFor)
	}
	return b, nil
}

// pagePhoto is a picture of the page, another one for each name.
func pagePhoto(name string) []byte {
	var b bytes.Buffer
	jpeg.Encode(&b, scene.Photo(image.Pt(480, 320), image.Pt(500*len(name), 900*len(name)), uint32(len(name))), &jpeg.Options{Quality: 90})
	return b.Bytes()
}

// pageHTML is the page: bands that are marked on both sides, and an article over them.
func pageHTML() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<!doctype html><meta charset="utf-8"><title>Bench</title><style>
body{margin:0;height:%dpx;overflow:hidden;background:#fdfdfb;position:relative;font:17px/1.5 "DejaVu Sans",sans-serif;color:#222}
i{position:absolute;width:%dpx;height:%dpx}
article{position:absolute;left:60px;right:60px;top:0;height:%dpx;overflow:hidden}
h2{color:#0b4f8a}a{color:#06c}code{background:#eee;padding:2px 4px}img{float:right;margin:8px 0 8px 24px}
</style>`, bands*bandHeight, bandMark, bandHeight, bands*bandHeight)
	for i := range bands {
		for _, side := range []string{"left", "right"} {
			fmt.Fprintf(&b, `<i style="%s:0;top:%dpx;background:#%06x"></i>`, side, i*bandHeight, bandColour(i))
		}
	}
	b.WriteString("<article>")
	words := rand.New(rand.NewPCG(3, 4))
	for section := range 60 {
		fmt.Fprintf(&b, "<h2>%d. %s</h2>", section+1, prose(words, 4))
		if section%2 == 0 {
			fmt.Fprintf(&b, `<img width=480 height=320 src="/photo.jpeg?%s">`, strings.Repeat("x", 1+section/2%6))
		}
		for range 3 {
			fmt.Fprintf(&b, "<p>%s <a href=#>%s</a> %s <code>%s</code> %s</p>", prose(words, 30), prose(words, 3), prose(words, 25), prose(words, 2), prose(words, 20))
		}
	}
	b.WriteString(`</article><script>
new EventSource("/scroll").onmessage = e => scrollTo(0, +e.data);
onload = () => setTimeout(() => fetch("/placed", {method: "POST", body: JSON.stringify({
	X: screenX + (outerWidth - innerWidth) / 2, Y: screenY + outerHeight - innerHeight, Width: innerWidth, Height: innerHeight})}), 500);
</script>`)
	return b.Bytes()
}

func prose(words *rand.Rand, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		for range 1 + words.IntN(4) {
			b.WriteByte("bcdfghklmnprstvw"[words.IntN(16)])
			b.WriteByte("aeiou"[words.IntN(5)])
		}
	}
	return b.String()
}
