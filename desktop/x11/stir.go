//go:build linux

package x11

import (
	"image"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// Requests and events of SYNC (X Synchronization Extension Protocol, version 3.1).
const (
	syncInitialize         = 0
	syncListSystemCounters = 1
	syncCreateAlarm        = 8
	syncChangeAlarm        = 9

	syncAlarmNotify = 1
)

const (
	alarmCounter  = 1 << 0 // attributes of an alarm, in the order in which they are sent
	alarmType     = 1 << 1
	alarmValue    = 1 << 2
	alarmTest     = 1 << 3
	alarmDelta    = 1 << 4
	alarmAbsolute = 0
	alarmAtMost   = 3 // NegativeComparison
)

// freshMove is for how many milliseconds a move of the pointer is news: as long as a busy server may take from the move to
// looking at its alarms.
const freshMove = 100

// pointerIdle is the server's counter of milliseconds without a move or a click; the core pointer is device 2 wherever
// there is one.
const pointerIdle = "DEVICEIDLETIME 2"

// stir tells when the pointer was moved: by the mouse, by XTEST, or by a program that warps it, which neither events of the
// core protocol nor raw events of XInput 2 tell everyone. It is an alarm that goes off once, at the first move after it was
// set, however many follow; so it costs nothing while nobody asks, and nothing while nothing moves.
type stir struct {
	conn   *xgb.Conn
	opcode byte
	alarm  uint32 // 0: the server has none, and the pointer may move at any time
}

// openStir makes an alarm that is not yet set.
func (c *connection) openStir() stir {
	s := stir{conn: c.Conn}
	if c.use("SYNC") != nil {
		return s
	}
	s.opcode = c.Extensions["SYNC"]
	if _, err := send(s.conn, append(request(s.opcode, syncInitialize), 3, 1, 0, 0)).Reply(); err != nil {
		return s
	}
	counters, err := send(s.conn, request(s.opcode, syncListSystemCounters)).Reply()
	if err != nil {
		return s
	}
	counter := findCounter(counters, pointerIdle)
	if counter == 0 {
		return s
	}
	alarm, err := c.NewId()
	if err != nil {
		return s
	}
	req := le.AppendUint32(request(s.opcode, syncCreateAlarm), alarm)
	req = le.AppendUint32(req, alarmCounter|alarmType|alarmValue|alarmTest|alarmDelta)
	for _, value := range []uint32{counter, alarmAbsolute, 0, freshMove, alarmAtMost, 0, 0} {
		req = le.AppendUint32(req, value)
	}
	tell(s.conn, req)
	s.alarm = alarm
	return s
}

// findCounter finds a system counter in the reply that lists them; 0 when it is not there.
func findCounter(reply []byte, name string) uint32 {
	r := mapReader{rest: reply}
	head := r.take(32)
	for range le.Uint32(head[8:]) {
		b := r.take(14) // counter, resolution x8, length of the name
		length := int(le.Uint16(b[12:]))
		got := r.take(length)
		r.take((4 - (14+length)%4) % 4)
		if r.short {
			return 0
		}
		if string(got) == name {
			return le.Uint32(b)
		}
	}
	return 0
}

// set has the alarm go off at the next move, or at once where the last one is fresh.
func (s stir) set() {
	req := le.AppendUint32(request(s.opcode, syncChangeAlarm), s.alarm)
	req = le.AppendUint32(req, alarmValue)
	tell(s.conn, le.AppendUint32(le.AppendUint32(req, 0), freshMove))
}

// watchPointer asks to be told when the pointer moves.
func (d *Desktop) watchPointer() {
	d.stir = d.conn.openStir()
	d.stirred.Store(true)
}

// Pointer is where the hotspot is, as far as Changed has told; where it was last when the server does not answer any more.
func (d *Desktop) Pointer() image.Point {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stir.alarm != 0 {
		if !d.stirred.Swap(false) {
			return d.pointer
		}
		d.stir.set() // before looking: a move in between is told
	}
	if p, err := xproto.QueryPointer(d.conn.Conn, d.conn.screen.Root).Reply(); err == nil {
		d.pointer = image.Pt(int(p.RootX), int(p.RootY))
	}
	return d.pointer
}
