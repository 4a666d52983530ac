//go:build linux

package x11

import (
	"errors"
	"fmt"
	"image"
	"io"

	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
	"golang.org/x/sys/unix"
)

const (
	maxBand  = 1 << 20 // bytes in one reply to GetImage, where memory is not shared
	maxTries = 5       // of a Capture while the screen changes its size
)

// openDamage has the server collect what changes anywhere on the screen (DAMAGE 1.1). It tells us once, when something is
// there; then it stays silent until we have fetched it.
func (d *Desktop) openDamage() error {
	for _, extension := range []string{"XFIXES", "DAMAGE"} {
		if err := d.conn.use(extension); err != nil {
			return err
		}
	}
	if _, err := xfixes.QueryVersion(d.conn.Conn, 4, 0).Reply(); err != nil {
		return d.conn.gone(err)
	}
	if _, err := damage.QueryVersion(d.conn.Conn, 1, 1).Reply(); err != nil {
		return d.conn.gone(err)
	}
	var err error
	if d.damage, err = damage.NewDamageId(d.conn.Conn); err != nil {
		return d.conn.gone(err)
	}
	if d.region, err = xfixes.NewRegionId(d.conn.Conn); err != nil {
		return d.conn.gone(err)
	}
	xfixes.CreateRegion(d.conn.Conn, d.region, nil)
	d.whole = true
	err = damage.CreateChecked(d.conn.Conn, d.damage, xproto.Drawable(d.conn.screen.Root), damage.ReportLevelNonEmpty).Check()
	if err != nil {
		return d.conn.gone(err)
	}
	return nil
}

// piece is a rectangle of captured pixels, 0x??RRGGBB; rows are Stride pixels apart.
type piece = struct {
	Rect   image.Rectangle
	Pix    []uint32
	Stride int
}

// Capture calls take with every rectangle whose pixels may differ from the last Capture, and with the whole screen the first
// time and when Screens told of another size. Nothing is beyond what Screens told last. The pieces are valid until take
// returns, which must not call d. After an error, when take is not called, the next Capture is of the whole screen.
func (d *Desktop) Capture(take func(pieces []piece)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for try := 1; ; try++ {
		d.pieces, d.converted = d.pieces[:0], 0
		err := d.capture()
		if err == nil {
			take(d.pieces)
			return nil
		}
		d.whole = true
		if _, resized := errors.AsType[xproto.MatchError](err); !resized || try == maxTries {
			return d.conn.gone(err)
		}
		d.moved.Store(true)
		d.signal()
	}
}

// Refresh makes the next Capture one of the whole screen.
func (d *Desktop) Refresh() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.whole = true
}

// capture fetches the pieces.
func (d *Desktop) capture() error {
	if d.moved.Load() { // stays so until Screens is asked
		if err := d.readRoot(); err != nil {
			return err
		}
	}
	bounds := d.frame.Intersect(d.root)
	veiling := d.veiling()
	// The damage is fetched before the pixels: what is drawn in between is damage again, and told again.
	rects, err := d.fetchDamage(bounds)
	if err != nil {
		return err
	}
	root := xproto.Drawable(d.conn.screen.Root)
	if d.share(d.layout.stride(bounds.Dx()) * bounds.Dy()) {
		err = d.captureShared(root, d.fitting(rects, bounds))
	} else {
		err = d.captureSent(root, rects)
	}
	if err != nil {
		return err
	}
	d.whole = false
	if veiling {
		d.veilPieces()
	}
	return nil
}

// fetchDamage takes the damage from the server and plans the rectangles to capture, in d.damaged.
func (d *Desktop) fetchDamage(bounds image.Rectangle) ([]image.Rectangle, error) {
	d.nextInterval()
	damage.Subtract(d.conn.Conn, d.damage, 0, d.region)
	d.damaged = d.damaged[:0]
	if !d.whole || len(d.stack.ghosts.at) > 0 {
		region, err := xfixes.FetchRegion(d.conn.Conn, d.region).Reply()
		if err != nil {
			return nil, err
		}
		for _, r := range region.Rectangles {
			d.damaged = append(d.damaged, rectangle(r.X, r.Y, r.Width, r.Height))
		}
	}
	if d.veiling() {
		if err := d.planVeil(); err != nil {
			return nil, err
		}
	}
	if d.whole {
		return []image.Rectangle{bounds}, nil
	}
	for i, r := range d.damaged {
		d.damaged[i] = r.Intersect(bounds)
	}
	d.rects = plan(d.rects[:0], d.damaged, bounds)
	return d.rects, nil
}

func rectangle(x, y int16, width, height uint16) image.Rectangle {
	return image.Rect(0, 0, int(width), int(height)).Add(image.Pt(int(x), int(y)))
}

// warm has the memory of the first picture in place before somebody waits for it: that the server and we touch its pages
// for the first time takes ten milliseconds for 1920x1080, and all later pictures half of one.
func (d *Desktop) warm() {
	bounds := d.frame.Intersect(d.root)
	if d.share(d.layout.stride(bounds.Dx())*bounds.Dy()) && d.captureShared(xproto.Drawable(d.conn.screen.Root), []image.Rectangle{bounds}) == nil {
		unix.Madvise(d.segment.mem, unix.MADV_POPULATE_READ) // from Linux 5.14 on
	}
}

// share sees to it that there is a segment of size bytes at least, unless the server cannot share memory. It stays as big as
// the screen: what is captured in bands is torn between them, and memory that is given back while little changes costs
// the next big change those ten milliseconds.
func (d *Desktop) share(size int) bool {
	if d.noShare {
		return false
	}
	if d.segment != nil && len(d.segment.mem) >= size {
		return true
	}
	if d.segment != nil {
		d.segment.close()
		d.segment = nil
	}
	s, err := d.conn.share(size)
	if err != nil {
		if !errors.Is(err, io.EOF) { // disconnected, which the pixels will tell
			d.sendPixels(err)
		}
		return false
	}
	d.segment = s
	return true
}

func (d *Desktop) sendPixels(why error) {
	d.noShare = true
	d.log.Info("the X server sends pixels over its socket, which is slower than shared memory", "err", why)
}

// fitting gives the rectangles, or all of bounds where they do not fit into the segment together.
func (d *Desktop) fitting(rects []image.Rectangle, bounds image.Rectangle) []image.Rectangle {
	size := 0
	for _, r := range rects {
		size += d.layout.stride(r.Dx()) * r.Dy()
	}
	if size > len(d.segment.mem) {
		return []image.Rectangle{bounds}
	}
	return rects
}

// captureShared has the server write all rectangles of something into the segment, one after the other, in one round trip.
func (d *Desktop) captureShared(of xproto.Drawable, rects []image.Rectangle) error {
	replies := make([]shm.GetImageCookie, len(rects))
	offset := 0
	for i, r := range rects {
		replies[i] = shm.GetImage(d.conn.Conn, of, int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()),
			^uint32(0), xproto.ImageFormatZPixmap, d.segment.id, uint32(offset))
		offset += d.layout.stride(r.Dx()) * r.Dy()
	}
	d.sendMark()
	var err error
	for _, reply := range replies { // all of them, or the segment is not ours yet
		if _, refused := reply.Reply(); err == nil {
			err = refused
		}
	}
	if err != nil {
		return err
	}
	offset = 0
	pixels := totalArea(rects)
	for _, r := range rects {
		d.add(r, d.segment.mem[offset:], pixels)
		offset += d.layout.stride(r.Dx()) * r.Dy()
	}
	return nil
}

// captureSent has the server send the rectangles, in bands, all asked for at once.
func (d *Desktop) captureSent(of xproto.Drawable, rects []image.Rectangle) error {
	var bands []image.Rectangle
	for _, r := range rects {
		high := max(1, maxBand/max(1, d.layout.stride(r.Dx())))
		for y := r.Min.Y; y < r.Max.Y; y += high {
			bands = append(bands, image.Rect(r.Min.X, y, r.Max.X, min(y+high, r.Max.Y)))
		}
	}
	replies := make([]xproto.GetImageCookie, len(bands))
	for i, r := range bands {
		replies[i] = xproto.GetImage(d.conn.Conn, xproto.ImageFormatZPixmap, of, int16(r.Min.X), int16(r.Min.Y),
			uint16(r.Dx()), uint16(r.Dy()), ^uint32(0))
	}
	d.sendMark()
	var refused error
	pixels := totalArea(rects)
	for i, r := range bands {
		reply, err := replies[i].Reply()
		if size := d.layout.stride(r.Dx()) * r.Dy(); err == nil && len(reply.Data) < size {
			err = fmt.Errorf("%d bytes where %d were asked for", len(reply.Data), size)
		}
		if refused == nil {
			refused = err
		}
		if refused == nil {
			d.add(r, reply.Data, pixels)
		}
	}
	return refused
}

// add makes the data of one rectangle a piece. All of them have so many pixels: what room there must be to convert them.
func (d *Desktop) add(r image.Rectangle, data []byte, pixels int) {
	if !d.layout.native && len(d.scratch) < pixels {
		d.scratch = make([]uint32, pixels)
	}
	stride := r.Dx()
	if d.layout.native {
		stride = d.layout.stride(r.Dx()) / 4
	}
	d.pieces = append(d.pieces, piece{r, d.layout.pixels(data, r.Dx(), r.Dy(), d.scratch[min(d.converted, len(d.scratch)):]), stride})
	d.converted += area(r)
}

func totalArea(rects []image.Rectangle) (n int) {
	for _, r := range rects {
		n += area(r)
	}
	return n
}
