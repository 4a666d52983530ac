package rfbserver

import (
	"image"
	"slices"
	"time"

	"sixgate/rfb"
)

// message is what goes to the viewer next: an update, cut text or both.
type message struct {
	now        due               // what it is told
	wishes     wishes            // as they are now
	format     rfb.PixelFormat   // as it is now
	says       []byte            // messages that go first
	text       string            // that was copied
	clips      []rfb.Clipboard   // messages of the extended clipboard
	update     bool              // there is one
	looks      bool              // at how long the way is, before it
	room       int64             // bytes: for its pixels, on the path
	jpeg       rfb.JPEG          // for its photos
	repair     bool              // of what was sent with loss: nothing else goes with it
	moves      []move            // to be carried out first
	pixels     []image.Rectangle // to be sent
	opens      time.Duration     // until the path does, when there is nothing to be sent before; 0: something else will wake us
	left       []image.Rectangle // of pixels: what found no room
	size       int               // bytes that the others took
	bounds     image.Rectangle   // of the framebuffer as the viewer will know it
	newName    string            // for now.name
	newScreens []rfb.Screen      // for now.size, now.screens and now.results
	newCursor  cursor            // for now.cursor and now.pointer
	newLEDs    int               // for now.leds
	relative   bool              // for now.motion
}

// next finds out what the viewer can be told now, fills m with it and tells whether that is anything. There
// is never an update without rectangles: TurboVNC's viewer would wait for ever after it.
func (v *viewer) next(m *message) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	finished := v.busy
	v.busy = false
	*m = message{wishes: v.wishes, format: v.format, moves: m.moves[:0], pixels: m.pixels[:0], says: m.says[:0], clips: m.clips[:0]}
	if v.paused {
		return false
	}
	m.says, v.says = v.says, m.says
	v.nextTexts(m)
	wanted := v.wanted()
	now := time.Now()
	if pace := v.pace(now); !wanted.Empty() && !v.stale && pace > none {
		v.nextUpdate(m, wanted, pace)
	}
	if m.update {
		v.busy = true
		m.looks = v.wishes.fence && v.flow.looks(now)
		m.jpeg = v.jpeg(now)
		if m.room = v.room(now); m.repair {
			m.room = v.repairRoom(now)
		}
		v.asked = image.Rectangle{}
		m.bounds = v.bounds()
	} else if !wanted.Empty() {
		if finished {
			v.server.await()
		}
		if v.fenced() {
			m.opens = v.flow.opens(now)
		}
	}
	return m.update || m.text != "" || len(m.clips) > 0 || len(m.says) > 0
}

// nextUpdate moves what the viewer can be told from v.due and v.lacks to m.
func (v *viewer) nextUpdate(m *message, wanted image.Rectangle, pace pace) {
	p := &v.server.picture
	p.mu.RLock()
	defer p.mu.RUnlock()
	if v.due.size && (v.wishes.extendedSize || v.wishes.desktopSize) {
		v.due.size = false
		if size := p.fb.Rect.Max; size != v.size {
			v.size = size
			v.due.screens = false
			v.lacks.reset(v.bounds())
			m.update, m.now.size = true, true
			m.now.who = v.due.who
			if r := v.due.results; len(r) > 0 && r[0] == rfb.ResizeDone { // this is the answer
				m.now.who, v.due.results = rfb.ResizedByClient, r[1:]
			}
			m.newScreens = p.layout(v.bounds())
			return // alone: what a viewer shows after it is undefined
		}
	}
	move := func(dst, src *bool, understood bool) {
		if *src && understood {
			*dst, *src = true, false
			m.update = true
		}
	}
	move(&m.now.screens, &v.due.screens, v.wishes.extendedSize)
	m.now.who = v.due.who
	if len(v.due.results) > 0 {
		m.now.results, v.due.results = v.due.results, nil
		m.update = true
	}
	move(&m.now.cursor, &v.due.cursor, v.wishes.cursor)
	v.due.pointer = v.due.pointer && v.wishes.pointerAs != 0 && v.repointed(p.cursor.at)
	move(&m.now.pointer, &v.due.pointer, true)
	move(&m.now.leds, &v.due.leds, v.wishes.ledsAs != 0 && p.leds >= 0)
	move(&m.now.motion, &v.due.motion, v.wishes.motion)
	m.relative = p.relative
	v.movesToo = v.movesToo || m.now.motion && m.relative
	if len(v.due.notices) > 0 {
		m.now.notices, v.due.notices = v.due.notices, nil
		m.update = true
	}
	if v.told != p.name {
		move(&m.now.name, &v.due.name, v.wishes.name)
	}
	if m.now.screens || len(m.now.results) > 0 {
		m.newScreens = p.layout(v.bounds())
	}
	if m.now.name {
		m.newName = p.name
		v.told = p.name
	}
	m.newCursor, m.newLEDs = p.cursor, p.leds
	v.nextPixels(m, wanted, pace)
	if m.update {
		m.now.colourMap, v.due.colourMap = v.due.colourMap, false
	}
}

// nextPixels moves what the viewer lacks of what it wants to m. One that wants a part of the screen shows what it likes
// elsewhere, so nothing can be copied there.
func (v *viewer) nextPixels(m *message, wanted image.Rectangle, pace pace) {
	if !v.wishes.copies || !v.bounds().In(wanted) {
		v.lacks.flatten()
	}
	m.moves = v.lacks.takeMoves(m.moves)
	if pace == echo {
		m.pixels = v.lacks.dirty.takeSmall(wanted, m.pixels)
	} else {
		m.pixels = v.lacks.dirty.take(wanted, m.pixels)
	}
	if len(m.moves)+len(m.pixels) > 0 {
		m.update = true
		v.changed = time.Now()
	} else if !m.update && pace == full {
		v.nextRepair(m, wanted)
	}
	if !v.server.watch.storing.Load() {
		v.ahead.clear()
	}
	for _, r := range m.pixels {
		v.ahead.add(r)
	}
	v.taking = true
}

// taken says that no more pixels are taken from the picture for m, and which went with loss. Those left go back.
func (v *viewer) taken(m *message, lossy []image.Rectangle) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.taking = false
	if !v.server.watch.storing.Load() {
		v.ahead.clear()
	}
	for _, r := range lossy {
		v.lacks.lossy.add(r)
	}
	if len(lossy) > 0 {
		v.server.settles()
	}
	for _, r := range m.left {
		if m.repair {
			v.lacks.rest.add(r)
		} else {
			v.lacks.change(r)
		}
	}
}

// appendDue adds the rectangles of an update that hold no pixels, and counts them.
func (m *message) appendDue(b []byte, e *rfb.Encoder) (out []byte, rects int) {
	size := m.bounds.Max
	if m.now.size && !m.wishes.extendedSize {
		b = rfb.AppendDesktopSize(b, size)
		rects++
	}
	if m.now.size && m.wishes.extendedSize || m.now.screens {
		b = rfb.AppendExtendedDesktopSize(b, m.now.who, rfb.ResizeDone, size, m.newScreens)
		rects++
	}
	for _, result := range m.now.results {
		b = rfb.AppendExtendedDesktopSize(b, rfb.ResizedByClient, result, size, m.newScreens)
		rects++
	}
	if m.now.name {
		b = rfb.AppendDesktopName(b, m.newName)
		rects++
	}
	if m.now.cursor {
		b = e.AppendCursor(b, m.wishes.cursorAs, m.newCursor.shape, m.newCursor.hot)
		rects++
	}
	if m.now.pointer {
		b = rfb.AppendPointerPos(b, m.wishes.pointerAs, m.newCursor.at)
		rects++
	}
	if m.now.leds {
		b = rfb.AppendLEDs(b, m.wishes.ledsAs, m.newLEDs)
		rects++
	}
	if m.now.motion {
		b = rfb.AppendPointerMotion(b, m.relative)
		rects++
	}
	for _, enc := range m.now.notices {
		b = rfb.AppendNotice(b, enc)
		rects++
	}
	return b, rects
}

// appendMoves adds what the viewer is to copy, before any pixels.
func (m *message) appendMoves(b []byte) []byte {
	for _, c := range m.moves {
		b = rfb.AppendCopyRect(b, c.to, c.from().Min)
	}
	return b
}

// pieces cuts r into rectangles of most pixels at most, as high as goes in whole blocks: JPEGs cost less to make, and
// are smaller, the nearer they are to squares.
func pieces(r image.Rectangle, most int) func(yield func(image.Rectangle) bool) {
	return func(yield func(image.Rectangle) bool) {
		width := min(pieceWidth, most/blockSide)
		if r.Dy() <= blockSide && most == pieceArea {
			width *= 2
		}
		for x := r.Min.X; x < r.Max.X; x += width {
			column := image.Rect(x, r.Min.Y, min(x+width, r.Max.X), r.Max.Y)
			height := most / column.Dx() / blockSide * blockSide
			for y := r.Min.Y; y < r.Max.Y; y += height {
				if !yield(image.Rect(column.Min.X, y, column.Max.X, min(y+height, r.Max.Y))) {
					return
				}
			}
		}
	}
}

func totalArea(rects []image.Rectangle) (n int) {
	for _, r := range rects {
		n += area(r)
	}
	return n
}

// byRow orders rectangles as one reads.
func byRow(rects []image.Rectangle) {
	slices.SortFunc(rects, func(a, b image.Rectangle) int { return reads(b.Min, a.Min) })
}

// reads is above zero when b comes after a as one reads, and below when before.
func reads(a, b image.Point) int {
	if a.Y != b.Y {
		return b.Y - a.Y
	}
	return b.X - a.X
}
