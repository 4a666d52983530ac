//go:build linux

package x11

import (
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"
)

const (
	resizeFor  = 5 * time.Second // the server has for it; real monitors take one to switch
	modePrefix = "sixgate-"      // of the names of the modes that we made
	tries      = 3               // when others change monitors at the same time
)

// Resize gives the only monitor, and with it the screen, another size: with a mode that it has, else with one made for it
// where no panel could refuse to show it. Close gives it its own size back. It is errors.ErrUnsupported where the server, or
// the monitors at it, never can.
func (d *Desktop) Resize(size image.Point) error {
	select {
	case d.resizing <- struct{}{}:
	default:
		return fmt.Errorf("the X display %s does not finish its last change of size: try again later", d.display)
	}
	done := make(chan error, 1)
	go func() { // Close waits for it, by d.resizing
		err := d.input.monitor.resize(size)
		<-d.resizing
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-d.gone:
		return d.conn.gone(io.EOF)
	case <-time.After(resizeFor):
		return fmt.Errorf("the X display %s does not answer: its size may change later", d.display)
	}
}

// monitor is what was changed of the one monitor of an X screen.
type monitor struct {
	conn *connection // the input's, which is served while others hold the server

	changed bool
	before  config
	now     config
}

// config is a size of the screen, and what its one monitor shows.
type config struct {
	screen   image.Point
	crtc     randr.Crtc
	output   randr.Output
	mode     randr.Mode
	at       image.Point
	rotation uint16
}

// resources are the server's monitors and modes at one time.
type resources struct {
	*randr.GetScreenResourcesCurrentReply
	names []string // of Modes
}

func (m *monitor) open(conn *connection) {
	m.conn = conn
	if conn.use("RANDR") == nil {
		randr.QueryVersion(conn.Conn, 1, 5)
	}
}

// works says whether the server has RANDR.
func (m *monitor) works() bool {
	_, ok := m.conn.firstEvent["RANDR"]
	return ok
}

// resize does it, again when somebody else has changed something meanwhile.
func (m *monitor) resize(size image.Point) error {
	if !m.works() {
		return fmt.Errorf("the X server at %s has no RANDR extension: %w", m.conn.display, errors.ErrUnsupported)
	}
	if err := m.allowed(size); err != nil {
		return err
	}
	for try := 1; ; try++ {
		err := m.resizeOnce(size)
		if !errors.Is(err, errStale) || try == tries {
			return err
		}
	}
}

// allowed says why the screen cannot have a size.
func (m *monitor) allowed(size image.Point) error {
	limits, err := randr.GetScreenSizeRange(m.conn.Conn, m.conn.screen.Root).Reply()
	if err != nil {
		return m.conn.gone(err)
	}
	least, most := image.Pt(int(limits.MinWidth), int(limits.MinHeight)), image.Pt(int(limits.MaxWidth), int(limits.MaxHeight))
	if !size.In(image.Rectangle{Min: least, Max: most.Add(image.Pt(1, 1))}) {
		return fmt.Errorf("the X display %s cannot have %v pixels: ask for %v to %v", m.conn.display, size, least, most)
	}
	return nil
}

func (m *monitor) resizeOnce(size image.Point) error {
	res, err := m.resources()
	if err != nil {
		return err
	}
	old, panel, err := m.current(res)
	if old.screen == size {
		return nil // however many monitors there are
	}
	if err != nil {
		return err
	}
	next := old
	next.screen, next.at = size, image.Point{}
	if next.mode, err = m.mode(res, panel, next); err != nil {
		return err
	}
	if err := m.apply(res, old, next); err != nil {
		m.forget(old.output, next.mode, old.mode, m.before.mode)
		return err
	}
	if !m.changed {
		m.changed, m.before = true, old
	}
	m.now = next
	m.write()
	m.forget(old.output, old.mode, next.mode, m.before.mode)
	return nil
}

func (m *monitor) resources() (resources, error) {
	reply, err := randr.GetScreenResourcesCurrent(m.conn.Conn, m.conn.screen.Root).Reply()
	if err != nil {
		return resources{}, m.conn.gone(err)
	}
	res, names := resources{reply, nil}, reply.Names
	for _, mode := range reply.Modes {
		n := min(int(mode.NameLen), len(names))
		res.names = append(res.names, string(names[:n]))
		names = names[n:]
	}
	return res, nil
}

// current is how the screen and its one monitor are set up; the screen alone where there is an error.
func (m *monitor) current(res resources) (config, *randr.GetOutputInfoReply, error) {
	var now config
	var panel *randr.GetOutputInfoReply
	root, err := xproto.GetGeometry(m.conn.Conn, xproto.Drawable(m.conn.screen.Root)).Reply()
	if err != nil {
		return now, nil, m.conn.gone(err)
	}
	now.screen = image.Pt(int(root.Width), int(root.Height))
	for _, output := range res.Outputs {
		info, err := randr.GetOutputInfo(m.conn.Conn, output, res.ConfigTimestamp).Reply()
		if err != nil {
			return now, nil, m.conn.gone(err)
		}
		if info.Crtc == 0 {
			continue
		}
		if panel != nil {
			return now, nil, fmt.Errorf("the X display %s has several monitors, and their sizes are for the user to choose: %w", m.conn.display, errors.ErrUnsupported)
		}
		now.output, now.crtc, panel = output, info.Crtc, info
	}
	if panel == nil {
		return now, nil, fmt.Errorf("the X display %s has no monitor that is on: %w", m.conn.display, errors.ErrUnsupported)
	}
	crtc, err := randr.GetCrtcInfo(m.conn.Conn, now.crtc, res.ConfigTimestamp).Reply()
	if err != nil {
		return now, nil, m.conn.gone(err)
	}
	now.mode, now.rotation, now.at = crtc.Mode, crtc.Rotation, image.Pt(int(crtc.X), int(crtc.Y))
	return now, panel, nil
}

// mode finds a mode for the screen's new size, or makes one.
func (m *monitor) mode(res resources, panel *randr.GetOutputInfoReply, next config) (randr.Mode, error) {
	size := next.screen
	if next.rotation&(randr.RotationRotate90|randr.RotationRotate270) != 0 {
		size = image.Pt(size.Y, size.X)
	}
	for _, mode := range res.Modes {
		fits := image.Pt(int(mode.Width), int(mode.Height)) == size
		if id := randr.Mode(mode.Id); fits && slices.Contains(panel.Modes, id) {
			return id, nil
		}
	}
	if panel.MmWidth != 0 {
		return 0, fmt.Errorf("the monitor %s at %s has no mode of %v pixels, and may not show one made for it: %w", panel.Name, m.conn.display, size, errors.ErrUnsupported)
	}
	name := fmt.Sprintf("%s%dx%d", modePrefix, size.X, size.Y)
	id := randr.Mode(0)
	if i := slices.Index(res.names, name); i >= 0 { // of a host that was killed
		id = randr.Mode(res.Modes[i].Id)
	} else if made, err := randr.CreateMode(m.conn.Conn, m.conn.screen.Root, timing(size, name), name).Reply(); err == nil {
		id = made.Mode
	} else {
		return 0, m.refused(size, err)
	}
	if err := randr.AddOutputModeChecked(m.conn.Conn, next.output, id).Check(); err != nil {
		randr.DestroyMode(m.conn.Conn, id)
		return 0, m.refused(size, err)
	}
	return id, nil
}

// timing is a mode of 60 Hz with short blanks, as flat panels take it (VESA CVT, reduced blanking).
func timing(size image.Point, name string) randr.ModeInfo {
	width, height := uint16(size.X), uint16(size.Y)
	total := image.Pt(size.X+160, size.Y+size.Y/32+10)
	return randr.ModeInfo{
		Width: width, HsyncStart: width + 48, HsyncEnd: width + 80, Htotal: uint16(total.X),
		Height: height, VsyncStart: height + 3, VsyncEnd: height + 9, Vtotal: uint16(total.Y),
		DotClock:  uint32(60 * total.X * total.Y),
		NameLen:   uint16(len(name)),
		ModeFlags: randr.ModeFlagHsyncPositive | randr.ModeFlagVsyncNegative,
	}
}

var (
	errStale    = errors.New("monitors were changed by somebody else at the same time")
	errNotShown = errors.New("the monitor cannot show it")
)

// refused says that the server did not do it.
func (m *monitor) refused(size image.Point, err error) error {
	return fmt.Errorf("the X display %s does not take %v pixels: %w; ask for another size", m.conn.display, size, err)
}

// apply brings the screen and the monitor from one configuration to another, or leaves them as they are. The screen is
// never smaller than what the monitor shows of it.
func (m *monitor) apply(res resources, old, next config) error {
	both := image.Pt(max(old.screen.X, next.screen.X), max(old.screen.Y, next.screen.Y))
	err := m.sizeScreen(old.screen, both)
	if err == nil {
		if err = m.show(res, next); err == nil {
			if err = m.sizeScreen(both, next.screen); err == nil {
				return nil
			}
			m.show(res, old)
		}
		m.sizeScreen(both, old.screen)
	}
	return m.refused(next.screen, err)
}

// show has the monitor show its part of the screen.
func (m *monitor) show(res resources, c config) error {
	set, err := randr.SetCrtcConfig(m.conn.Conn, c.crtc, xproto.TimeCurrentTime, res.ConfigTimestamp, int16(c.at.X), int16(c.at.Y),
		c.mode, c.rotation, []randr.Output{c.output}).Reply()
	switch {
	case err != nil:
		return err
	case set.Status == randr.SetConfigInvalidConfigTime || set.Status == randr.SetConfigInvalidTime:
		return errStale
	case set.Status != randr.SetConfigSuccess:
		return errNotShown
	}
	return nil
}

// sizeScreen makes the root window another size, at the 96 dots an inch that programs expect.
func (m *monitor) sizeScreen(from, to image.Point) error {
	if from == to {
		return nil
	}
	const tenthsOfMillimetre, dpi = 254, 96
	mm := func(pixels int) uint32 { return max(1, uint32(pixels*tenthsOfMillimetre/dpi/10)) }
	return randr.SetScreenSizeChecked(m.conn.Conn, m.conn.screen.Root, uint16(to.X), uint16(to.Y), mm(to.X), mm(to.Y)).Check()
}

// forget takes a mode away if we made it, unless it is one of those that are needed.
func (m *monitor) forget(output randr.Output, mode randr.Mode, needed ...randr.Mode) {
	if slices.Contains(needed, mode) {
		return
	}
	res, err := m.resources()
	if err != nil {
		return
	}
	for i, has := range res.Modes {
		if randr.Mode(has.Id) == mode && strings.HasPrefix(res.names[i], modePrefix) {
			randr.DeleteOutputMode(m.conn.Conn, output, mode)
			randr.DestroyMode(m.conn.Conn, mode)
		}
	}
}

// restore gives the screen its own size back, unless somebody else has chosen another one since.
func (m *monitor) restore() error {
	if !m.changed {
		return nil
	}
	m.changed = false
	res, err := m.resources()
	if err != nil {
		return err
	}
	now, _, err := m.current(res)
	if err != nil {
		return err
	}
	if now == m.now {
		if err := m.apply(res, now, m.before); err != nil {
			return err
		}
	}
	m.write()
	m.forget(m.now.output, m.now.mode, m.before.mode)
	return nil
}
