package rfb

import "image"

// What real viewers send after the handshake, as a logging server recorded it: the pixel format, the
// encodings in their order, the first request. Encodings that we do not know are named by number alone.
var (
	rgbx = PixelFormat{BitsPerPixel: 32, Depth: 24, TrueColour: true, RedMax: 255, GreenMax: 255, BlueMax: 255, GreenShift: 8, BlueShift: 16}
	f565 = PixelFormat{BitsPerPixel: 16, Depth: 16, TrueColour: true, RedMax: 31, GreenMax: 63, BlueMax: 31, RedShift: 11, GreenShift: 5}
	b233 = PixelFormat{BitsPerPixel: 8, Depth: 8, TrueColour: true, RedMax: 7, GreenMax: 7, BlueMax: 3, GreenShift: 3, BlueShift: 6}
)

type recorded struct {
	viewer    string
	version   Version
	shared    byte
	format    PixelFormat // zero: not sent
	encodings SetEncodings
}

var viewers = []recorded{
	{"TigerVNC 1.12", Version38, 0, PixelFormat{}, SetEncodings{-314, 0x574d5664, -239, -240, 0x574d5666, -223, -308, -307, -224, -1063131698, -313, -312, -258, 7, 1, 16, 5, 2, 1, 0, -254, -24}},
	{"xtightvncviewer 1.3.10", Version38, 1, Native, SetEncodings{0, 1, 7, 5, 6, 4, 2, -255, -26, -240, -239, -232, -224}},
	{"ssvncviewer 1.0.29", Version38, 1, Native, SetEncodings{1, 7, 16, 17, 5, 6, 4, 2, -255, -23, -240, -239, -232, -224, -223}},
	{"gvncviewer 1.3.1", Version38, 0, Native, SetEncodings{-27, 7, -309, -258, -261, -308, -223, -307, -224, 0x574d5669, -259, -314, -239, -240, -257, 16, 5, 2, 1, 0}},
	{"Remmina 1.4.29 best", Version38, 1, Native, SetEncodings{1, 6, 5, 0, -255, -240, -239, -232, -131072, -223, -308, -131071, -131070, -131069, -309, -258}},
	{"Remmina 1.4.29 poor", Version38, 1, b233, SetEncodings{1, 7, 16, 9, 10, 5, 6, 4, 2, 0, -255}},
	{"KRDC 22.12 medium", Version38, 1, f565, SetEncodings{1, 7, 16, 9, 10, 6, 5, 4, 2, 0, -251, -25, -258}},
	{"libvncclient 0.9.14", Version38, 1, rgbx, SetEncodings{7, 16, 9, 10, 1, 5, 6, 4, 2, 0, -253, -27, -131072, -223, -308, -224, -131071, -131070, -131069, -309, -258}},
	{"noVNC 1.7", Version38, 1, rgbx, SetEncodings{1, 50, 7, -260, 16, 21, 5, 2, 6, 0, -26, -254, -223, -224, -258, -261, -308, -309, -312, -313, -307, -1063131698, -316, 0x574d5664, -239}},
	{"vncsnapshot 1.2a", Version33, 1, rgbx, SetEncodings{-224, 1, 0, 16, 5, 4, 2, 7, -252, -23, -240, -239, -232}},
	{"Net::VNC", Version38, 1, Native, SetEncodings{4, 2, 1, 0, -232, -239}},
}

// handshake is what the viewer sends up to ClientInit to a server without a password.
func (v recorded) handshake() []byte {
	b := v.version.Append(nil)
	if v.version > Version33 {
		b = append(b, securityNone)
	}
	return append(b, v.shared)
}

// messages is what it sends then.
func (v recorded) messages() []byte {
	var b []byte
	if v.format != (PixelFormat{}) {
		b = SetPixelFormat{v.format}.Append(b)
	}
	b = v.encodings.Append(b)
	b = FramebufferUpdateRequest{false, image.Rect(0, 0, 1280, 800)}.Append(b)
	b = FramebufferUpdateRequest{true, image.Rect(0, 0, 1280, 800)}.Append(b)
	b = PointerEvent{1, image.Pt(10, 20)}.Append(b)
	return KeyEvent{true, 'a'}.Append(b)
}
