//go:build linux

package main

import (
	"image"
	"image/draw"
	"math"
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

// A viewer asks for what TigerVNC's does, which suits x0vncserver best: updates that come by themselves.
var (
	lossless = mode{"lossless", []rfb.Encoding{rfb.EncodingTight, rfb.EncodingCopyRect, rfb.EncodingCursor, rfb.EncodingXCursor, rfb.EncodingLastRect,
		rfb.EncodingFence, rfb.EncodingContinuousUpdates, rfb.EncodingCompressLevel0 + 2}}
	quality8 = mode{"quality 8", with(lossless.encodings, rfb.EncodingQualityLevel0+8)}
	quality6 = mode{"quality 6", with(lossless.encodings, rfb.EncodingQualityLevel0+6)}
)

func with(list []rfb.Encoding, more ...rfb.Encoding) []rfb.Encoding {
	return append(list[:len(list):len(list)], more...)
}

// workload is something that happens on the display.
type workload struct {
	name  string
	every time.Duration // between two steps; 0: nothing happens by itself
	typed bool          // it is measured from key to picture
	begin func(*stage) (*action, error)
}

var (
	idle        = workload{name: "idle", begin: (*stage).idle}
	terminal    = workload{name: "terminal, 30 lines/s", every: time.Second / 30, begin: (*stage).terminal}
	page        = workload{name: "page in Chromium, 30 scrolls/s", every: time.Second / 30, begin: (*stage).scroll}
	drag        = workload{name: "window drag, 60 Hz", every: time.Second / 60, begin: (*stage).drag}
	photo       = workload{name: "photo change, 4/s", every: time.Second / 4, begin: (*stage).photos}
	video       = workload{name: "video 1280x720, 30 fps", every: time.Second / 30, begin: (*stage).video}
	typing      = workload{name: "typing", typed: true, begin: (*stage).idle}
	typingVideo = workload{name: "typing beside a video", every: time.Second / 30, typed: true, begin: (*stage).video}
)

// stage holds what the workloads show, uploaded to the X server once.
type stage struct {
	display *xvfb.Server
	screen  *scene.Screen
	scratch string
	size    image.Point

	photo   []scene.Picture // of the whole screen
	frames  []scene.Picture // of the video
	panel   scene.Picture   // in the window that is dragged
	page    scene.Picture   // in the window that is typed into
	browser *browser        // while it is needed
}

func (s *stage) build() error {
	for i := range 3 {
		if err := s.upload(&s.photo, scene.Photo(s.size, image.Pt(3000*i, 700*i), uint32(i+1))); err != nil {
			return err
		}
	}
	for i := range 20 {
		if err := s.upload(&s.frames, videoFrame(i)); err != nil {
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
	white := image.NewRGBA(image.Rect(0, 0, 500, 700))
	draw.Draw(white, white.Rect, image.White, image.Point{}, draw.Src)
	if s.page, err = s.screen.Upload(white); err != nil {
		return err
	}
	return s.screen.Background(s.photo[0])
}

// videoFrame is one of the twenty frames of the video: a pan to and fro, with new grain in each.
func videoFrame(i int) *image.RGBA {
	x := 10 - max(i-10, 10-i)
	return scene.Photo(image.Pt(1280, 720), image.Pt(9000+7*x, 100+3*x), 9)
}

func (s *stage) upload(list *[]scene.Picture, img *image.RGBA) error {
	p, err := s.screen.Upload(img)
	*list = append(*list, p)
	return err
}

// leave ends what a workload keeps running from one server's turn to the next.
func (s *stage) leave() {
	if s.browser != nil {
		s.browser.close()
		s.browser = nil
	}
}

func (s *stage) idle() (*action, error) { return new(action), nil }

// spread are marks on a window of that size: in its corners and its middle.
func spread(size image.Point) marks {
	const edge = 8
	far := size.Sub(image.Pt(markSide+edge, markSide+edge))
	return marks{{edge, edge}, {far.X, edge}, {far.X / 2, far.Y / 2}, {edge, far.Y}, far}
}

// marked is an action in one window: draw what happens in it at a step, and where it is then.
func (s *stage) marked(at image.Rectangle, p scene.Picture, draw func(w scene.Window, n int), where func(n int) image.Point) (*action, error) {
	w, err := s.screen.Window(at, p)
	m := spread(at.Size())
	return &action{
		step: func(n int) error {
			return s.screen.AtOnce(func() error {
				draw(w, n)
				m.draw(w, n)
				return nil
			})
		},
		shown: func(picture *rfb.Image, n int) bool { return m.shown(picture, where(n), n) },
		end:   w.Destroy,
	}, err
}

// drag moves a window along a loop.
func (s *stage) drag() (*action, error) {
	at := image.Rect(100, 100, 800, 600)
	where := func(n int) image.Point {
		a := float64(n) / 60
		return image.Pt(600+int(500*math.Sin(2*a)), 290+int(250*math.Sin(3*a)))
	}
	return s.marked(at, s.panel, func(w scene.Window, n int) { w.Move(where(n)) }, where)
}

// photos fills the screen with another photo.
func (s *stage) photos() (*action, error) {
	at := image.Rectangle{Max: s.size}
	return s.marked(at, s.photo[0], func(w scene.Window, n int) { w.Show(s.photo[n%len(s.photo)]) }, func(int) image.Point { return at.Min })
}

func (s *stage) video() (*action, error) {
	at := image.Rect(600, 300, 1880, 1020)
	return s.marked(at, s.frames[0], func(w scene.Window, n int) { w.Show(s.frames[n%len(s.frames)]) }, func(int) image.Point { return at.Min })
}
