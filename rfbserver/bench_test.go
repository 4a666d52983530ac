package rfbserver

import (
	"image"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"sixgate/rfb"
)

// film is a desktop that shows two pictures in turn.
type film struct {
	*paper
	part     image.Rectangle
	pictures [2][]uint32
	shown    int
	piece    [1]Piece
}

func newFilm(part image.Rectangle, px func(x, y, picture int) uint32) *film {
	f := &film{paper: newPaper(1920, 1080), part: part}
	for i := range f.pictures {
		f.pictures[i] = append(f.pictures[i], f.pix...)
		for y := part.Min.Y; y < part.Max.Y; y++ {
			for x := part.Min.X; x < part.Max.X; x++ {
				f.pictures[i][y*f.stride+x] = px(x, y, i)
			}
		}
	}
	return f
}

func (f *film) Capture(take func([]Piece)) error {
	f.shown = 1 - f.shown
	f.piece[0] = Piece{f.part, f.pictures[f.shown][f.part.Min.Y*f.stride+f.part.Min.X:], f.stride}
	take(f.piece[:])
	return nil
}

// drain is a connection to a viewer that reads at once.
type drain struct {
	net.Conn
	bytes int64
}

func (d *drain) Write(b []byte) (int, error) { d.bytes += int64(len(b)); return len(b), nil }

func (d *drain) SetWriteDeadline(time.Time) error { return nil }

// From the captured pixels to the last byte on the wire, on one core.
func BenchmarkUpdate(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	text := func(x, y, i int) uint32 {
		if (x/8*7+(y+8*i)/16*13)%11 < 5 && (x^y+8*i)%3 == 0 {
			return 0xffffff
		}
		return 0x202020
	}
	scrolled := func(x, y, i int) uint32 { return writing(1)(x, y+26*i) }
	dragged := func(x, y, i int) uint32 {
		if at := image.Pt(x-220*i, y-9*i); at.In(image.Rect(200, 100, 1000, 700)) {
			return writing(1)(at.X, at.Y)
		}
		return grain(1)(x, y)
	}
	copying := rfb.SetEncodings{rfb.EncodingTight, -24, rfb.EncodingLastRect, rfb.EncodingCopyRect}
	photo := func(x, y, i int) uint32 {
		v := uint32((x+y+40*i)/4%200) + rnd.Uint32N(8)
		return v<<16 | (v+20)<<8 | (v + 40)
	}
	for _, bm := range []struct {
		name string
		film *film
		list rfb.SetEncodings
	}{
		{"key/Tight", newFilm(image.Rect(200, 300, 208, 316), text), rfb.SetEncodings{rfb.EncodingTight, -24, rfb.EncodingLastRect}},
		{"terminal/Tight", newFilm(image.Rect(200, 100, 1000, 700), text), rfb.SetEncodings{rfb.EncodingTight, -24, rfb.EncodingLastRect}},
		{"terminal/ZRLE", newFilm(image.Rect(200, 100, 1000, 700), text), rfb.SetEncodings{rfb.EncodingZRLE}},
		{"terminal/Tight, copied", newFilm(image.Rect(200, 100, 1000, 700), scrolled), copying},
		{"terminal/Tight, dragged", newFilm(image.Rect(200, 100, 1220, 709), dragged), copying},
		{"video/Tight, not copied", newFilm(image.Rect(200, 100, 1480, 820), photo), copying},
		{"video/Tight", newFilm(image.Rect(200, 100, 1480, 820), photo), rfb.SetEncodings{rfb.EncodingTight, -24, rfb.EncodingLastRect}},
		{"video/Tight lossless", newFilm(image.Rect(200, 100, 1480, 820), photo), rfb.SetEncodings{rfb.EncodingTight, rfb.EncodingLastRect}},
		{"video/Raw", newFilm(image.Rect(200, 100, 1480, 820), photo), rfb.SetEncodings{rfb.EncodingRaw}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			s := &Server{Desktop: bm.film}
			s.init()
			s.look()
			conn := new(drain)
			v := newViewer(s, conn, rfb.Version38, nil)
			s.takeIn(v)
			v.begun = true // there is no Run that would look for it first
			v.setEncodings(bm.list)
			all := rfb.FramebufferUpdateRequest{Incremental: true, Rect: v.bounds()}
			update := func() {
				v.request(all)
				if err := s.capture(); err != nil {
					b.Fatal(err)
				}
				for m := &v.out.message; v.next(m); {
					if err := v.send(m); err != nil {
						b.Fatal(err)
					}
				}
			}
			update()
			conn.bytes = 0
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				update()
				n++
			}
			b.ReportMetric(float64(conn.bytes)/float64(n), "bytes/update")
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(n)/float64(area(bm.film.part))*1e6, "ms/Mpixel")
		})
	}
}
