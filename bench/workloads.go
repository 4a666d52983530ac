//go:build linux

package main

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sixgate/bench/scene"
	"sixgate/desktop/xvfb"
	"sixgate/rfb"
)

// mode is what the client asks for.
type mode struct {
	name      string
	encodings []rfb.Encoding
}

var (
	always   = []rfb.Encoding{rfb.EncodingTight, rfb.EncodingCopyRect, rfb.EncodingCursor, rfb.EncodingLastRect, rfb.EncodingCompressLevel0 + 2}
	quality8 = mode{"Tight, quality 8", append(always[:len(always):len(always)], rfb.EncodingQualityLevel0+8)}
	lossless = mode{"Tight, lossless", always}
)

// workload is something that happens on the display.
type workload struct {
	name  string
	modes []mode
	every time.Duration // between two steps; 0: nothing happens by itself
	typed bool          // it is measured from key to picture
	begin func(*stage) (step func(n int) error, end func() error, err error)
}

var workloads = []workload{
	{name: "idle", modes: []mode{quality8}, begin: (*stage).idle},
	{name: "terminal, 30 lines/s", modes: []mode{quality8, lossless}, every: time.Second / 30, begin: (*stage).terminal},
	{name: "window drag, 60 Hz", modes: []mode{quality8, lossless}, every: time.Second / 60, begin: (*stage).drag},
	{name: "photo change, 4/s", modes: []mode{quality8, lossless}, every: time.Second / 4, begin: (*stage).photos},
	{name: "video 1280x720, 30 fps", modes: []mode{quality8, lossless}, every: time.Second / 30, begin: (*stage).video},
	{name: "typing", modes: []mode{quality8, lossless}, typed: true, begin: (*stage).idle},
	{name: "typing beside a video", modes: []mode{quality8}, typed: true, every: time.Second / 30, begin: (*stage).video},
}

// stage holds what the workloads show, uploaded to the X server once.
type stage struct {
	display *xvfb.Server
	screen  *scene.Screen
	scratch string
	size    image.Point

	photo  []scene.Picture // of the whole screen
	frames []scene.Picture // of the video
	panel  scene.Picture   // in the window that is dragged
	page   scene.Picture   // in the window that is typed into
}

func (s *stage) build() error {
	for i := range 3 {
		if err := s.upload(&s.photo, scene.Photo(s.size, image.Pt(3000*i, 700*i), uint32(i+1))); err != nil {
			return err
		}
	}
	for i := range 20 { // a pan to and fro, with new grain in each frame
		x := 10 - max(i-10, 10-i)
		if err := s.upload(&s.frames, scene.Photo(image.Pt(1280, 720), image.Pt(9000+7*x, 100+3*x), 9)); err != nil {
			return err
		}
	}
	panel := image.NewRGBA(image.Rect(0, 0, 700, 500))
	for y := range 500 {
		for x := range 700 {
			shade := byte(250 - y/10)
			if y > 24 && y%16 > 5 && (x*7+y/16*13)%11 > 6 { // something like lines of text
				shade = 40
			}
			copy(panel.Pix[panel.PixOffset(x, y):], []byte{shade, shade, shade, 255})
		}
	}
	var err error
	if s.panel, err = s.screen.Upload(panel); err != nil {
		return err
	}
	if s.page, err = s.screen.Upload(image.NewRGBA(image.Rect(0, 0, 500, 700))); err != nil { // black
		return err
	}
	return s.screen.Background(s.photo[0])
}

func (s *stage) upload(list *[]scene.Picture, img *image.RGBA) error {
	p, err := s.screen.Upload(img)
	*list = append(*list, p)
	return err
}

func (s *stage) idle() (func(int) error, func() error, error) {
	return nil, func() error { return nil }, nil
}

// terminal is an xterm that prints what we write into a pipe.
func (s *stage) terminal() (step func(int) error, end func() error, err error) {
	name := filepath.Join(s.scratch, fmt.Sprintf("lines%d", rand.Uint32()))
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		return nil, nil, err
	}
	pipe, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	if err := s.display.Spawn("xterm", "-fn", "fixed", "-geometry", "150x60+200+100", "-e", "sh", "-c", "exec cat "+name); err != nil {
		return nil, nil, err
	}
	words := rand.New(rand.NewPCG(1, 2))
	step = func(n int) error {
		line := fmt.Sprintf("%6d", n)
		for len(line) < 60+n%70 {
			line += " " + strings.Repeat(string(rune('a'+words.IntN(26))), 1+words.IntN(3)) + fmt.Sprint(words.IntN(1000))
		}
		_, err := pipe.WriteString(line + "\n")
		return err
	}
	for n := range 60 {
		if err := step(n); err != nil {
			return nil, nil, err
		}
	}
	end = func() error { // cat comes to the end of the pipe, and xterm leaves
		pipe.Close()
		return s.await(0)
	}
	return step, end, s.await(1)
}

// await waits until so many windows are on the screen.
func (s *stage) await(windows int) error {
	for range 200 {
		if places, err := s.screen.Windows(); err != nil || len(places) == windows {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("there are not %d windows on the screen", windows)
}

// drag moves a window along a loop.
func (s *stage) drag() (func(int) error, func() error, error) {
	w, err := s.screen.Window(image.Rect(100, 100, 800, 600), s.panel)
	return func(n int) error {
		a := float64(n) / 60
		w.Move(image.Pt(600+int(500*math.Sin(2*a)), 290+int(250*math.Sin(3*a))))
		return nil
	}, w.Destroy, err
}

// photos fills the screen with another photo.
func (s *stage) photos() (func(int) error, func() error, error) {
	w, err := s.screen.Window(image.Rectangle{Max: s.size}, s.photo[0])
	return func(n int) error { w.Show(s.photo[(n+1)%len(s.photo)]); return nil }, w.Destroy, err
}

func (s *stage) video() (func(int) error, func() error, error) {
	w, err := s.screen.Window(image.Rect(600, 300, 1880, 1020), s.frames[0])
	return func(n int) error { w.Show(s.frames[n%len(s.frames)]); return nil }, w.Destroy, err
}
