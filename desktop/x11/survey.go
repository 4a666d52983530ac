//go:build linux

package x11

import (
	"slices"
	"time"

	"github.com/jezek/xgb/composite"
	"github.com/jezek/xgb/shape"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
)

// survey is what a Desktop knows of the windows on it, from the day that somebody asks. The Desktop's mu guards it but for
// the tidings.
type survey struct {
	stack   stack
	tidings tidings
	begun   bool

	atoms  atoms
	kinds  map[xproto.Atom]windowKind
	mark   xproto.Window // our marks are events for it
	marks  uint32        // the last that was sent
	cover  xproto.Window // of nudgePrograms
	shapes bool          // the server has shapes

	pixmaps bool // the server tells what a compositor has of a window

	blocker blocker

	windowsChanged chan struct{}

	interval int       // of damage, from one fetch to the next: the present one
	begins   time.Time // when it began, at the latest
	began    time.Time // when the one before it did
	hatched  region    // what of the last picture is hatch
	hatchIs  int       // the stack's version that hatched is of
	wanted   region    // working memory
	wake     *time.Timer
}

// openSurvey makes ready to look at windows.
func (d *Desktop) openSurvey() {
	d.shapes = d.conn.use("SHAPE") == nil // before anybody reads events
	if d.conn.use("Composite") == nil {
		version, err := composite.QueryVersion(d.conn.Conn, 0, 2).Reply()
		d.pixmaps = err == nil && (version.MajorVersion > 0 || version.MinorVersion >= 2)
	}
	d.tidings.heard.L = &d.tidings.mu
	d.tidings.unread = make(map[xproto.Window]bool)
	d.windowsChanged = make(chan struct{}, 1)
	d.wake = time.AfterFunc(time.Hour, d.signal)
	d.wake.Stop()
	d.stack = stack{own: ownersOf(d.display), root: d.conn.screen.Root, base: d.conn.setup.ResourceIdBase, mask: d.conn.setup.ResourceIdMask,
		at: make(map[xproto.Window]*topWindow)}
}

// begin looks at the windows for the first time, and asks to be told of all that happens to them.
func (d *Desktop) begin() (err error) {
	if d.begun {
		return nil
	}
	names := slices.Clone(windowAtoms)
	for name := range windowKinds {
		names = append(names, name)
	}
	manager := "_NET_WM_CM_S" + string(rune('0'+d.conn.DefaultScreen%10))
	if d.atoms, err = d.conn.intern(append(names, manager)); err != nil {
		return err
	}
	d.kinds = make(map[xproto.Atom]windowKind)
	for name, kind := range windowKinds {
		d.kinds[d.atoms[name]] = kind
	}
	for _, id := range []*xproto.Window{&d.mark, &d.cover} {
		if *id, err = xproto.NewWindowId(d.conn.Conn); err != nil {
			return err
		}
	}
	root := d.conn.screen.Root
	xproto.CreateWindow(d.conn.Conn, 0, d.mark, root, -1, -1, 1, 1, 0, xproto.WindowClassInputOnly, 0, xproto.CwOverrideRedirect, []uint32{1})
	xproto.ChangeWindowAttributes(d.conn.Conn, root, xproto.CwEventMask, []uint32{xproto.EventMaskStructureNotify | xproto.EventMaskSubstructureNotify})
	xfixes.SelectSelectionInput(d.conn.Conn, root, d.atoms[manager], xfixes.SelectionEventMaskSetSelectionOwner|
		xfixes.SelectionEventMaskSelectionWindowDestroy|xfixes.SelectionEventMaskSelectionClientClose)
	owner, err := xproto.GetSelectionOwner(d.conn.Conn, d.atoms[manager]).Reply()
	if err != nil {
		return err
	}
	d.stack.composited = owner.Owner != xproto.WindowNone
	d.begun = true
	return d.look()
}

// look lists the windows anew. What is asked about each may be older or younger than the list; the changes that are told
// from the list on bring all of it to the same moment, whichever of them an answer already had.
func (d *Desktop) look() error {
	s := &d.stack
	list := xproto.QueryTree(d.conn.Conn, s.root)
	tree, err := list.Reply()
	if err != nil {
		return err
	}
	s.windows, s.at, s.dirty = s.windows[:0], make(map[xproto.Window]*topWindow), true
	for _, id := range tree.Children {
		w := &topWindow{id: id, mapped: true, unread: true, resized: true, hidden: s.hides()}
		s.windows, s.at[id] = append(s.windows, w), w
		s.know(w)
	}
	if err := d.read(); err != nil {
		return err
	}
	d.sendMark()
	d.tidings.await(d.marks)
	changes, lost := d.tidings.take()
	for _, c := range changes {
		if !before(c.seq, list.Sequence) {
			lost = !s.apply(c, d.interval) || lost
		}
	}
	if lost {
		d.tidings.lose()
	}
	return nil
}

// settle brings the survey to what the server has told by now, and what that leaves open it asks.
func (d *Desktop) settle() error {
	if err := d.begin(); err != nil {
		return err
	}
	s := &d.stack
	changes, lost := d.tidings.take()
	for _, c := range changes {
		lost = !s.apply(c, d.interval) || lost
	}
	if lost {
		if err := d.look(); err != nil {
			return err
		}
		if s.hides() { // a hidden window may have left something anywhere
			s.ghosts.add(ghost{s.screen, d.interval, time.Now(), compositorFade})
			s.version++
		}
	}
	for id := range d.tidings.takeUnread() {
		for _, w := range s.windows {
			w.unread = w.unread || w.id == id || w.client == id
		}
	}
	if err := d.read(); err != nil {
		return err
	}
	if s.dirty {
		s.decide()
		d.input.curtain.draw(s)
	}
	return nil
}

// sendMark has the server tell us something after all that it has told, if it tells of windows.
func (d *Desktop) sendMark() {
	if !d.begun {
		return
	}
	d.marks++
	event := xproto.ClientMessageEvent{Format: 32, Window: d.mark, Type: xproto.AtomWmName, Data: xproto.ClientMessageDataUnionData32New([]uint32{d.marks, 0, 0, 0, 0})}
	xproto.SendEvent(d.conn.Conn, false, d.mark, xproto.EventMaskNoEvent, string(event.Bytes()))
}

// readAtOnce is about how many windows is asked at a time.
const readAtOnce = 50

// read finds out what is not known of windows yet.
func (d *Desktop) read() error {
	var unread []*topWindow
	for _, w := range d.stack.windows {
		if w.unread && !w.unseen {
			unread = append(unread, w)
		}
	}
	if len(unread) == 0 {
		return nil
	}
	d.stack.dirty = true
	if err := d.readManager(); err != nil {
		return err
	}
	for some := range slices.Chunk(unread, readAtOnce) {
		asked := make([]windowQuery, len(some))
		for i, w := range some {
			asked[i] = d.ask(w)
		}
		for i, w := range some {
			d.learn(w, asked[i])
		}
	}
	return nil
}

// readManager finds out who the window manager is: it leaves a window of its own.
func (d *Desktop) readManager() error {
	d.stack.manager = 0
	reply, err := xproto.GetProperty(d.conn.Conn, false, d.stack.root, d.atoms["_NET_SUPPORTING_WM_CHECK"], xproto.AtomWindow, 0, 1).Reply()
	if err == nil && len(reply.Value) >= 4 {
		d.stack.manager = d.stack.ofClient(xproto.Window(le.Uint32(reply.Value)))
	}
	return err
}

// windowQuery is what was asked about a window on the root window.
type windowQuery struct {
	attributes xproto.GetWindowAttributesCookie
	geometry   xproto.GetGeometryCookie
	tree       xproto.QueryTreeCookie
	opacity    xproto.GetPropertyCookie
	shape      shape.GetRectanglesCookie
	client     clientQuery
}

func (d *Desktop) ask(w *topWindow) windowQuery {
	c := d.conn.Conn
	if d.shapes {
		shape.SelectInput(c, w.id, true) // before asking: what changes after the answer is told
	}
	who := w.id
	if w.client != xproto.WindowNone {
		who = w.client
	}
	d.listen(w.id)
	d.listen(who)
	q := windowQuery{attributes: xproto.GetWindowAttributes(c, w.id), geometry: xproto.GetGeometry(c, xproto.Drawable(w.id)), tree: xproto.QueryTree(c, w.id),
		opacity: xproto.GetProperty(c, false, w.id, d.atoms["_NET_WM_WINDOW_OPACITY"], xproto.AtomCardinal, 0, 1), client: d.askClient(who)}
	if d.shapes {
		q.shape = shape.GetRectangles(c, w.id, shape.SkBounding)
	}
	return q
}

// listen asks to be told of a window's new properties.
func (d *Desktop) listen(w xproto.Window) {
	xproto.ChangeWindowAttributes(d.conn.Conn, w, xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange})
}

// maxShape is how many rectangles of a window's shape are looked at. One that has more counts as a sieve.
const maxShape = 64

// learn takes the answers. About a window that is gone there are none, and it remains unread until that is told.
func (d *Desktop) learn(w *topWindow, q windowQuery) {
	attributes, err := q.attributes.Reply()
	geometry, e := q.geometry.Reply()
	tree, f := q.tree.Reply()
	opacity, g := q.opacity.Reply()
	of := d.answer(q.client)
	var outline *shape.GetRectanglesReply
	if d.shapes {
		var err error
		if outline, err = q.shape.Reply(); err != nil {
			return
		}
	}
	if err != nil || e != nil || f != nil || g != nil || tree.Parent != tree.Root {
		return // or it is in a frame by now
	}
	if w.resized {
		w.resized = false
		w.place = outer(geometry.X, geometry.Y, geometry.Width, geometry.Height, geometry.BorderWidth)
		w.mapped, w.popup = attributes.MapState != xproto.MapStateUnmapped, attributes.OverrideRedirect
	}
	w.unread, w.of = false, of
	w.unseen = attributes.Class == xproto.WindowClassInputOnly
	w.alpha = geometry.Depth == 32
	w.dimmed = len(opacity.Value) >= 4 && le.Uint32(opacity.Value) != ^uint32(0)
	w.shape = nil
	if outline != nil {
		w.shape = shapeOf(outline.Rectangles, int(geometry.BorderWidth), w)
	}
	if w.client != xproto.WindowNone || w.unseen {
		return
	}
	switch child := d.managedIn(tree.Children); {
	case of.managed:
		w.client = w.id
	case child != xproto.WindowNone:
		w.client = child
		d.listen(child)
		w.of = d.answer(d.askClient(child))
	case !w.popup && d.stack.ofClient(w.id) != d.stack.manager: // whose would be a frame with nothing in it yet
		w.client = w.id
	}
}

// shapeOf gives a shape's rectangles from the corner of the border; nil where they are all of the window.
func shapeOf(rects []xproto.Rectangle, border int, w *topWindow) (bounds region) {
	bounds = region{}
	if len(rects) > maxShape {
		return bounds
	}
	for _, r := range rects {
		bounds = append(bounds, rectangle(r.X+int16(border), r.Y+int16(border), r.Width, r.Height))
	}
	if len(bounds) == 1 && w.place.Sub(w.place.Min).In(bounds[0]) {
		return nil
	}
	return bounds
}

const (
	maxNested = 3   // windows between a frame and what it frames
	maxInside = 128 // of these on each level
)

// managedIn finds what a window manager manages below a window: it has WM_STATE (ICCCM, section 4.1.3.1).
func (d *Desktop) managedIn(windows []xproto.Window) xproto.Window {
	for level := 0; level < maxNested && len(windows) > 0; level++ {
		windows = windows[:min(len(windows), maxInside)]
		states := make([]xproto.GetPropertyCookie, len(windows))
		trees := make([]xproto.QueryTreeCookie, len(windows))
		for i, w := range windows {
			states[i] = xproto.GetProperty(d.conn.Conn, false, w, d.atoms["WM_STATE"], xproto.GetPropertyTypeAny, 0, 1)
			trees[i] = xproto.QueryTree(d.conn.Conn, w)
		}
		found := xproto.Window(xproto.WindowNone)
		var below []xproto.Window
		for i, w := range windows {
			if state, err := states[i].Reply(); err == nil && len(state.Value) > 0 && found == xproto.WindowNone {
				found = w
			}
			if tree, err := trees[i].Reply(); err == nil {
				below = append(below, tree.Children...)
			}
		}
		if found != xproto.WindowNone {
			return found
		}
		windows = below
	}
	return xproto.WindowNone
}

// property notes what a window now says of itself.
func (d *Desktop) property(e xproto.PropertyNotifyEvent) {
	switch e.Atom {
	case d.atoms["_NET_WM_WINDOW_OPACITY"]:
		d.tidings.add(tiding{seq: e.Sequence, kind: dimmed, window: e.Window})
	case d.atoms["WM_STATE"], d.atoms["_NET_WM_NAME"], d.atoms["_NET_WM_WINDOW_TYPE"], xproto.AtomWmName, xproto.AtomWmClass, xproto.AtomWmTransientFor:
		d.tidings.renamed(e.Window)
		pass(d.windowsChanged, struct{}{})
	default:
		return
	}
	d.signal()
}
