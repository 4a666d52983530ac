//go:build cgo

package portable

import (
	"context"
	"fmt"
	"image"
	"slices"
	"time"
)

const (
	quickest = time.Second / 25       // between two looks while the screen changes
	slowest  = 500 * time.Millisecond // and when it has not changed for a while
)

// look takes pictures while what changes is taken, the more seldom the longer nothing changes.
func (d *Desktop) look(ctx context.Context) {
	pause := quickest
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.wanted:
		}
		for news := false; !news; {
			signal(d.glance)
			news = d.lookOnce()
			if news {
				pause = quickest
				signal(d.changed)
			} else {
				pause = min(pause*5/4, slowest)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
		}
	}
}

// lookOnce takes a picture and tells whether there is anything new to it.
func (d *Desktop) lookOnce() (news bool) {
	changed, err := d.takePicture()
	d.mu.Lock()
	defer d.mu.Unlock()
	failed := err != nil && d.err == nil
	d.err = err
	d.dirty = d.dirty.Union(changed)
	return failed || !changed.Empty()
}

func (d *Desktop) takePicture() (changed image.Rectangle, err error) {
	if err := d.measure(); err != nil {
		return image.Rectangle{}, err
	}
	d.mu.Lock()
	area := image.Rectangle{}
	for _, s := range d.screens {
		area = area.Union(s)
	}
	origin := d.origin
	d.mu.Unlock()
	err = grab(area.Add(origin), func(s shot) {
		d.mu.Lock()
		defer d.mu.Unlock()
		changed = d.picture.take(s)
	})
	if err != nil {
		return image.Rectangle{}, fmt.Errorf("take a picture of the screen: %w", err)
	}
	return changed, nil
}

// shot is a picture as a library gives it: four bytes a pixel, three of them the colours.
type shot struct {
	bytes            []byte
	size             image.Point
	stride           int // bytes
	red, green, blue int // their places in a pixel
}

// picture is what the screens showed at the last look, 0x00RRGGBB.
type picture struct {
	pix  []uint32
	size image.Point
	row  []uint32
}

// take makes s the picture and gives the rectangle around the rows that changed.
func (p *picture) take(s shot) (changed image.Rectangle) {
	if s.size != p.size {
		*p = picture{make([]uint32, s.size.X*s.size.Y), s.size, make([]uint32, s.size.X)}
		changed = image.Rectangle{Max: s.size}
	}
	for y := range s.size.Y {
		src := s.bytes[y*s.stride:][:4*s.size.X]
		for x := range p.row {
			b := src[4*x:][:4]
			p.row[x] = uint32(b[s.red])<<16 | uint32(b[s.green])<<8 | uint32(b[s.blue])
		}
		if old := p.pix[y*s.size.X:][:s.size.X]; !slices.Equal(old, p.row) {
			copy(old, p.row)
			changed = changed.Union(image.Rect(0, y, s.size.X, y+1))
		}
	}
	return changed
}
