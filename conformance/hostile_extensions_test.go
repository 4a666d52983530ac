//go:build linux

package conformance

import (
	"bytes"
	"compress/zlib"
	"io"
	"slices"
	"strings"

	"sixgate/rfb"
)

// hostileExtensions are for servers that have more than RFC 6143: each viewer lists what it then misuses.
var hostileExtensions = []struct {
	name string
	list []rfb.Encoding
	wire []byte
}{
	{"a fence of 65 bytes", fences, fence(0x80000000, 65)},
	{"a fence of 64 bytes with every flag", fences, fence(0xffffffff, 64)},
	{"a fence that does not come", fences, fence(0x80000003, 64)[:20]},
	{"fences by the thousand", fences, bytes.Repeat(fence(0x80000007, 64), 20_000)},
	{"an answer to no fence", fences, fence(0x00000003, 8)},
	{"continuous updates of nothing", fences, continuous(1, 0, 0, 0, 0)},
	{"continuous updates from outside", fences, continuous(1, 60000, 60000, 65535, 65535)},
	{"continuous updates on and off", fences, bytes.Repeat(slices.Concat(continuous(1, 0, 0, 643, 481), continuous(0, 0, 0, 0, 0)), 5000)},
	{"continuous updates and requests", fences, slices.Concat(continuous(1, 0, 0, 643, 481), bytes.Repeat(request(0, 0, 0, 643, 481), 500))},
	{"continuous updates nobody offered", nil, continuous(1, 0, 0, 643, 481)},

	{"a clipboard of 8 MiB", clipboards, provide(0x10000001, 8<<20, strings.Repeat("a", 8<<20))},
	{"a clipboard that says 4 GiB", clipboards, provide(0x10000001, 0xffffffff, "a")},
	{"a clipboard that says nothing", clipboards, provide(0x10000001, 0, "")},
	{"a clipboard without its 0", clipboards, provide(0x10000001, 3, "abc")},
	{"a clipboard of 0s", clipboards, provide(0x10000001, 4, "\x00\x00\x00\x00")},
	{"a clipboard that is not UTF-8", clipboards, provide(0x10000001, 7, "\xff\xfe\xc3(\x80\xf8\x00")},
	{"a clipboard of surrogates", clipboards, provide(0x10000001, 7, "\xed\xa0\x80\xed\xbf\xbf\x00")},
	{"a clipboard of line ends", clipboards, provide(0x10000001, 11, "\r\r\n\n\r\n\r\r\r\n\x00")},
	{"a clipboard of every format at once", clipboards, provide(0x1000ffff, 3, "ab\x00")},
	{"a clipboard of damaged zlib", clipboards, extendedClipboard(0x10000001, []byte("\x78\x9c\xff\xff\xff\xff"))},
	{"a clipboard without zlib", clipboards, extendedClipboard(0x10000001, nil)},
	{"a clipboard that does everything", clipboards, extendedClipboard(0x1f00ffff, make([]byte, 64))},
	{"clipboard sizes of 4 GiB", clipboards, extendedClipboard(0x1f00ffff, bytes.Repeat([]byte{0xff}, 64))},
	{"clipboard sizes of nothing, and requests", clipboards, slices.Concat(extendedClipboard(0x1f000001, make([]byte, 4)),
		bytes.Repeat(extendedClipboard(0x02000001, nil), 3000))},
	{"clipboard requests nobody can meet", clipboards, slices.Concat(extendedClipboard(0x0200ffff, nil), extendedClipboard(0x04000000, nil))},
	{"clipboard notices by the thousand", clipboards, bytes.Repeat(extendedClipboard(0x08000001, nil), 5000)},
	{"a clipboard that was not asked for, by one that cannot", nil, provide(0x10000001, 3, "ab\x00")},

	{"chats of every length", nil, slices.Concat(chat(0xffffffff, ""), chat(4096, strings.Repeat("a", 4096)), chat(0, ""), chat(0xfffffffe, ""), chat(0xfffffffd, ""))},
	{"a chat of 4097 bytes", nil, chat(4097, strings.Repeat("a", 4097))},
	{"a chat of -4", nil, chat(0xfffffffc, "")},
	{"chats by the thousand", nil, bytes.Repeat(chat(0xffffffff, ""), 5000)},
	{"a scale of 255, and PalmVNC's of 0", nil, []byte{8, 255, 0, 0, 15, 0, 0, 0}},
	{"no input for the server, and windows of its own", nil, []byte{9, 255, 0, 0, 10, 0, 0xff, 0xff, 0xff, 0xff}},

	{"a key of scancode 4294967295", keyboards, []byte{255, 0, 0, 1, 0, 0, 0, 'a', 0xff, 0xff, 0xff, 0xff}},
	{"scancodes that stay down", keyboards, slices.Concat(scancodes(1), bytes.Repeat([]byte{255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 100))},
	{"half a scancode", keyboards, []byte{255, 0, 0, 1, 0, 0}},
	{"QEMU's sound", keyboards, []byte{255, 1, 0, 2, 99, 99, 0xff, 0xff, 0xff, 0xff}},
	{"QEMU's message 77", keyboards, []byte{255, 77, 0, 0}},
	{"ten buttons at the edge", keyboards, bytes.Repeat([]byte{5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 500)},
	{"half of ten buttons", keyboards, []byte{5, 0x80, 0, 1, 0, 1}},

	{"xvp of every kind", []rfb.Encoding{encXVP}, []byte{250, 0, 1, 2, 250, 0, 1, 3, 250, 0, 1, 4, 250, 0, 1, 255, 250, 0, 99, 2, 250, 0, 0, 0}},
	{"xvp nobody offered", nil, []byte{250, 0, 1, 2}},
	{"a desktop of another size at every moment", sizes, slices.Concat(desktopSize(640, 480, 1), desktopSize(643, 481, 1), bytes.Repeat(desktopSize(1, 1, 1), 300))},
	{"a desktop without monitors", sizes, desktopSize(640, 480, 0)},
	{"a desktop of two monitors with one number", sizes, desktopSize(640, 480, 2)},
	{"every encoding there is", slices.Concat(tigerVNC, realVNC, krdc, remmina, gtkVNC, ultraVNC, macOS), request(0, 0, 0, 643, 481)},
	{"wishes that change between two tiles", nil, slices.Concat(bytes.Repeat(slices.Concat(rfb.SetEncodings(gtkVNC).Append(nil),
		pixelFormat(8, 8, 1, 7, 7, 3, 0, 3, 6), rfb.SetEncodings(realVNC).Append(nil), pixelFormat(16, 16, 1, 31, 63, 31, 11, 5, 0)), 200))},
}

var (
	fences     = []rfb.Encoding{rfb.EncodingZRLE, encFence, encContinuous}
	clipboards = []rfb.Encoding{rfb.EncodingZRLE, encClipboard}
	keyboards  = []rfb.Encoding{rfb.EncodingZRLE, encQEMUKey, encQEMUPointer, encMouseButtons, encQEMULED}
	sizes      = []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingDesktopSize, rfb.EncodingExtendedDesktopSize}
)

// The messages (rfbproto).

func fence(flags uint32, n byte) []byte {
	return append(append(be.AppendUint32([]byte{248, 0, 0, 0}, flags), n), make([]byte, n)...)
}

func continuous(on byte, x, y, w, h uint16) []byte {
	return append([]byte{150, on}, request(0, x, y, w, h)[2:]...)
}

func chat(length uint32, text string) []byte {
	return append(be.AppendUint32([]byte{11, 0, 0, 0}, length), text...)
}

// extendedClipboard is cut text of a negative length.
func extendedClipboard(flags uint32, data []byte) []byte {
	return cutText(-uint32(4+len(data)), string(be.AppendUint32(nil, flags))+string(data))
}

// provide packs one format's data, of which it says that it is length long. Like every viewer's, the zlib stream has no end.
func provide(flags, length uint32, data string) []byte {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(append(be.AppendUint32(nil, length), data...))
	z.Flush()
	return extendedClipboard(flags, packed.Bytes())
}

// scancodes presses or releases every key that an XT keyboard may have, without saying what it means.
func scancodes(down byte) (b []byte) {
	for code := range byte(128) {
		b = append(b, 255, 0, 0, down, 0, 0, 0, 0, 0, 0, 0, code)
	}
	return b
}

// unpack reads the text of a "provide".
func unpack(data []byte) (string, error) {
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(z, head); err != nil {
		return "", err
	}
	text := make([]byte, be.Uint32(head))
	_, err = io.ReadFull(z, text)
	return string(text), err
}
