package rfb

import (
	"image"
)

// Messages of the server (RFC 6143 §7.6).
const (
	msgFramebufferUpdate   byte = 0 // padding1, count2, rectangles
	msgSetColourMapEntries byte = 1 // padding1, first2, count2, colours of 6
	msgBell                byte = 2 //
	msgServerCutText       byte = 3 // padding3, length4, Latin-1; below 0: -length4, flags4, data
)

// UntilLastRect as the number of an update's rectangles says that a LastRect ends them.
const UntilLastRect = 0xffff

// The x of an ExtendedDesktopSize rectangle: who changed the size.
const (
	ResizedByServer = 0 // or by nobody: this is how it is
	ResizedByClient = 1 // the one that reads this: y says whether it came true
	ResizedByOther  = 2 // another client
)

// The y of an ExtendedDesktopSize rectangle: what became of a SetDesktopSize.
const (
	ResizeDone       = 0
	ResizeProhibited = 1
	ResizeImpossible = 2 // out of resources
	ResizeInvalid    = 3 // the layout is none
)

// ServerInit ends the handshake (RFC 6143 §7.3.2).
type ServerInit struct {
	Size   image.Point
	Format PixelFormat
	Name   string // UTF-8
}

// Append adds the message to b.
func (m ServerInit) Append(b []byte) []byte {
	b = m.Format.Append(appendPoint(b, m.Size))
	return appendString(b, m.Name)
}

// AppendFramebufferUpdate adds the head of an update; that many rectangles must follow.
func AppendFramebufferUpdate(b []byte, rects int) []byte {
	return be.AppendUint16(append(b, msgFramebufferUpdate, 0), uint16(rects))
}

// SetUpdateRects changes the number of rectangles in the head of an update.
func SetUpdateRects(update []byte, rects int) { be.PutUint16(update[2:], uint16(rects)) }

// AppendSetColourMapEntries adds what the 256 pixels of a format without true colour mean, each 0x00RRGGBB.
func AppendSetColourMapEntries(b []byte, colours *[256]uint32) []byte {
	b = be.AppendUint16(append(b, msgSetColourMapEntries, 0, 0, 0), uint16(len(colours)))
	for _, c := range colours {
		for _, shift := range []int{16, 8, 0} {
			b = be.AppendUint16(b, uint16(c>>shift&0xff)*0x0101)
		}
	}
	return b
}

// AppendServerCutText adds text, in UTF-8, as what was copied on the server's side. On the wire it is Latin-1.
func AppendServerCutText(b []byte, text string) []byte {
	return appendCutText(append(b, msgServerCutText, 0, 0, 0), text)
}

// AppendDesktopSize adds a rectangle that gives the framebuffer another size. It must be the last of its update.
func AppendDesktopSize(b []byte, size image.Point) []byte {
	return appendHeader(b, image.Rectangle{Max: size}, EncodingDesktopSize)
}

// AppendExtendedDesktopSize adds a rectangle that says how large the framebuffer is, which monitors it shows,
// who changed it and what became of the wish.
func AppendExtendedDesktopSize(b []byte, who, result int, size image.Point, screens []Screen) []byte {
	at := image.Pt(who, result)
	b = appendHeader(b, image.Rectangle{Min: at, Max: at.Add(size)}, EncodingExtendedDesktopSize)
	return appendScreens(b, screens, 3)
}

// AppendDesktopName adds a rectangle with the desktop's name, cut off at what a client will keep.
func AppendDesktopName(b []byte, name string) []byte {
	b = appendHeader(b, image.Rectangle{}, EncodingDesktopName)
	return appendString(b, name[:min(len(name), maxName)])
}

// AppendLastRect ends an update of UntilLastRect rectangles.
func AppendLastRect(b []byte) []byte {
	return appendHeader(b, image.Rectangle{}, EncodingLastRect)
}
