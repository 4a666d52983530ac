//go:build cgo && linux

package portable

// #cgo LDFLAGS: -lX11
// #include <X11/Xlib.h>
//
// static int ignore(Display *display, XErrorEvent *event) { return 0; }
//
// // Xlib's own handler ends the process, and robotgo asks for keys that the keymap does not have.
// static void ignoreErrors(void) { XSetErrorHandler(ignore); }
import "C"

import (
	"context"
	"errors"
	"image"
	"os"
	"os/exec"
	"strings"
	"time"
	"unsafe"

	"github.com/go-vgo/robotgo"
	"github.com/kbinani/screenshot"
)

// clipboardFor is how long other programs may take over a step.
const clipboardFor = time.Second

// connect points both libraries at the display.
func connect(display string) error {
	if display != "" {
		if err := os.Setenv("DISPLAY", display); err != nil {
			return err
		}
	}
	if screenshot.NumActiveDisplays() == 0 { // robotgo would crash
		return errNoDisplay
	}
	C.ignoreErrors()
	return robotgo.SetXDisplayName(os.Getenv("DISPLAY"))
}

func disconnect() { robotgo.CloseMainDisplay() }

// robotOrigin is where the frame begins for robotgo: at the root window's corner. kbinani/screenshot counts from the first monitor's.
func robotOrigin(image.Point) image.Point { return image.Point{} }

// grab takes a picture of an area in kbinani/screenshot's coordinates, of a Wayland session by the portal. On X11 that library would put every
// picture where each user of this machine may read it, into shared memory with mode 0777, so there it is robotgo's.
func grab(area image.Rectangle, take func(shot)) error {
	if os.Getenv("XDG_SESSION_TYPE") == "wayland" {
		img, err := screenshot.CaptureRect(area)
		if err == nil {
			take(shot{img.Pix, img.Rect.Size(), img.Stride, 0, 1, 2})
		}
		return err
	}
	bitmap := robotgo.CaptureScreen(0, 0, area.Dx(), area.Dy())
	if bitmap == nil {
		return errors.New("the X server refused: its screen may have changed its size")
	}
	defer robotgo.FreeBitmap(bitmap)
	b := robotgo.ToBitmap(bitmap)
	if b.BytesPerPixel != 4 {
		return errors.New("the screen has not 32 bits a pixel: set it to 24 bits true colour, or pass --backend x11")
	}
	take(shot{unsafe.Slice(b.ImgBuf, b.Bytewidth*b.Height), image.Pt(b.Width, b.Height), b.Bytewidth, 2, 1, 0})
	return nil
}

// readClipboard asks xclip, as robotgo does, but waits no longer than ctx for the program that owns the text.
func readClipboard(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, clipboardFor)
	defer cancel()
	cmd := exec.CommandContext(ctx, "xclip", "-out", "-selection", "clipboard", "-target", "UTF8_STRING")
	text, err := cmd.Output()
	return string(text), err
}

// offer has xclip own the clipboard until ended. Robotgo would leave it behind in the background.
func offer(ctx context.Context, text string) (end func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, "xclip", "-quiet", "-in", "-selection", "clipboard")
	cmd.Stdin = strings.NewReader(text)
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		cmd.Wait() // until another program owns the clipboard, or end
	}()
	end = func() { cancel(); <-done }
	for giveUp := time.Now().Add(clipboardFor); ; { // it does not say when it owns the clipboard
		if got, err := readClipboard(ctx); err == nil && got == text {
			return end, nil
		}
		if time.Now().After(giveUp) {
			end()
			return nil, errors.New("xclip does not get the clipboard")
		}
	}
}
