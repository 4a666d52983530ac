//go:build linux

package x11

import (
	"encoding/binary"

	"github.com/jezek/xgb"
)

// Extensions that jezek/xgb lacks are spoken by hand: a request is its opcode, a minor opcode, two bytes for its length,
// and the fields.

var le = binary.LittleEndian // xgb opens every connection with this byte order

// request starts a request; its length is filled in when it is sent.
func request(opcode, minor byte) []byte { return []byte{opcode, minor, 0, 0} }

// send sends a request that has a reply, of 32 bytes at least, which the cookie gives.
func send(conn *xgb.Conn, req []byte) *xgb.Cookie {
	le.PutUint16(req[2:], uint16(len(req)/4))
	cookie := conn.NewCookie(true, true)
	conn.NewRequest(req, cookie)
	return cookie
}

// tell sends a request that has no reply.
func tell(conn *xgb.Conn, req []byte) {
	le.PutUint16(req[2:], uint16(len(req)/4))
	conn.NewRequest(req, conn.NewCookie(false, false))
}
