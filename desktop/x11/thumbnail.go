//go:build linux

package x11

import (
	"image"

	"github.com/jezek/xgb/composite"
	"github.com/jezek/xgb/xproto"
)

// coveredColour is what a thumbnail has where other windows cover its own.
const coveredColour = 0xb9c0c9

// Thumbnail is a picture of a window that fits within a size, of the whole of it under a compositor and of what is to be
// seen of it without; nil where that is nothing, a hatch where it is hidden.
func (d *Desktop) Thumbnail(id uint32, within image.Point) (*image.RGBA, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.settle(); err != nil {
		return nil, d.conn.gone(err)
	}
	var w *topWindow
	for _, one := range d.stack.windows {
		if uint32(one.client) == id && one.client != xproto.WindowNone {
			w = one
		}
	}
	switch {
	case w == nil || within.X < 1 || within.Y < 1 || w.place.Empty():
		return nil, nil
	case w.hidden:
		return hatchPicture(fit(w.place.Size(), within)), nil
	case !w.mapped:
		return nil, nil
	}
	p, err := d.photograph(w)
	if err != nil || p.Rect.Empty() {
		return nil, err
	}
	return shrink(p, fit(p.Rect.Size(), within)), nil
}

// photograph captures a window; nothing where nothing is seen of it.
func (d *Desktop) photograph(w *topWindow) (piece, error) {
	if p, ok := d.develop(w); ok {
		return p, nil
	}
	at := w.place.Intersect(d.frame).Intersect(d.root)
	if at.Empty() {
		return piece{}, nil
	}
	if err := d.photo(xproto.Drawable(d.conn.screen.Root), at); err != nil {
		return piece{}, d.conn.gone(err)
	}
	if lost := d.catchUp(); lost {
		return piece{}, nil // another time
	}
	p := d.pieces[0]
	for _, more := range d.pieces[1:] { // bands that follow one another
		p.Rect, p.Pix = p.Rect.Union(more.Rect), append(p.Pix, more.Pix...)
	}
	seen := region{at}
	for _, other := range d.stack.windows[d.stack.index(w)+1:] {
		if other.mapped && !other.unseen {
			seen = seen.without(other.place)
		}
	}
	d.wanted = d.stack.hatched(d.wanted[:0])
	if seen = seen.minus(d.wanted, nil); len(seen) == 0 {
		return piece{}, nil
	}
	for _, r := range (region{at}).minus(seen, nil) {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			row := p.Pix[(y-at.Min.Y)*p.Stride+r.Min.X-at.Min.X:][:r.Dx()]
			for x := range row {
				row[x] = coveredColour
			}
		}
	}
	return p, nil
}

// develop takes what a compositor has of a window, which nothing else is a part of.
func (d *Desktop) develop(w *topWindow) (piece, bool) {
	if !d.stack.composited || !d.pixmaps {
		return piece{}, false
	}
	pixmap, err := xproto.NewPixmapId(d.conn.Conn)
	if err != nil || composite.NameWindowPixmapChecked(d.conn.Conn, w.id, pixmap).Check() != nil {
		return piece{}, false
	}
	defer xproto.FreePixmap(d.conn.Conn, pixmap)
	if d.photo(xproto.Drawable(pixmap), image.Rectangle{Max: w.place.Size()}) != nil {
		return piece{}, false // it has another size by now
	}
	p := d.pieces[0]
	for _, more := range d.pieces[1:] {
		p.Rect, p.Pix = p.Rect.Union(more.Rect), append(p.Pix, more.Pix...)
	}
	return p, true
}

// photo captures a part of something into the pieces, one band below the other.
func (d *Desktop) photo(of xproto.Drawable, at image.Rectangle) error {
	d.pieces, d.converted = d.pieces[:0], 0
	if size := d.layout.stride(at.Dx()) * at.Dy(); d.segment != nil && size <= len(d.segment.mem) {
		return d.captureShared(of, []image.Rectangle{at})
	}
	return d.captureSent(of, []image.Rectangle{at})
}

// fit is the greatest size of that shape within another, and no greater than it was.
func fit(size, within image.Point) image.Point {
	if size.X > within.X {
		size = image.Pt(within.X, max(1, size.Y*within.X/size.X))
	}
	if size.Y > within.Y {
		size = image.Pt(max(1, size.X*within.Y/size.Y), within.Y)
	}
	return size
}

// shrink makes each pixel the mean of those that it stands for.
func shrink(p piece, size image.Point) *image.RGBA {
	small := image.NewRGBA(image.Rectangle{Max: size})
	was := p.Rect.Size()
	for y := range size.Y {
		top, bottom := y*was.Y/size.Y, (y+1)*was.Y/size.Y
		for x := range size.X {
			left, right := x*was.X/size.X, (x+1)*was.X/size.X
			var red, green, blue uint32
			for row := top; row < bottom; row++ {
				for _, px := range p.Pix[row*p.Stride+left : row*p.Stride+right] {
					red, green, blue = red+px>>16&0xff, green+px>>8&0xff, blue+px&0xff
				}
			}
			n := uint32((bottom - top) * (right - left))
			copy(small.Pix[y*small.Stride+4*x:], []byte{byte(red / n), byte(green / n), byte(blue / n), 0xff})
		}
	}
	return small
}

// hatchPicture is a hatch of a size.
func hatchPicture(size image.Point) *image.RGBA {
	p := piece{Rect: image.Rectangle{Max: size}, Pix: make([]uint32, size.X*size.Y), Stride: size.X}
	hatch(p, p.Rect)
	return shrink(p, size)
}
