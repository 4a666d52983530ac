//go:build linux

package xvfb

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// An X server without authority lets every local user in: to look, and to type into the terminals of whoever started it.
// So it begins with a cookie that nobody else has, and with it lets our own user in.

const (
	cookieName = "MIT-MAGIC-COOKIE-1"
	admitFor   = 10 * time.Second
)

// cookieFile writes a new cookie, for any display, to a file as in Xauthority(5). The caller removes it.
func cookieFile() (path string, cookie []byte, err error) {
	cookie = make([]byte, 16)
	rand.Read(cookie)
	be := binary.BigEndian
	b := be.AppendUint16(nil, 0xffff) // any kind of address
	for _, field := range []string{"", "", cookieName, string(cookie)} {
		b = append(be.AppendUint16(b, uint16(len(field))), field...)
	}
	f, err := os.CreateTemp("", "sixgate-xvfb-*") // 0600
	if err != nil {
		return "", nil, err
	}
	_, err = f.Write(b)
	return f.Name(), cookie, errors.Join(err, f.Close())
}

// admitUser lets this process's user, and nobody else, connect to a display (X protocol: connection setup, ChangeHosts).
func admitUser(number string, cookie []byte) error {
	conn, err := net.Dial("unix", "@/tmp/.X11-unix/X"+number)
	if err != nil {
		conn, err = net.Dial("unix", "/tmp/.X11-unix/X"+number)
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(admitFor))
	le := binary.LittleEndian
	b := []byte{'l', 0, 11, 0, 0, 0}
	b = le.AppendUint16(b, uint16(len(cookieName)))
	b = append(le.AppendUint16(b, uint16(len(cookie))), 0, 0)
	b = padded(padded(b, cookieName), string(cookie))
	if _, err := conn.Write(b); err != nil {
		return err
	}
	head := make([]byte, 8)
	if _, err := io.ReadFull(conn, head); err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, conn, 4*int64(le.Uint16(head[6:]))); err != nil {
		return err
	}
	if head[0] != 1 {
		return errors.New("the display does not take its own cookie")
	}
	user := fmt.Sprintf("localuser\x00#%d", os.Getuid())
	const serverInterpreted = 5
	b = []byte{109, 0} // ChangeHosts, insert
	b = le.AppendUint16(b, uint16(2+(len(user)+3)/4))
	b = append(b, serverInterpreted, 0)
	b = padded(le.AppendUint16(b, uint16(len(user))), user)
	b = append(b, 43, 0, 1, 0) // GetInputFocus, whose answer says that it was done
	if _, err := conn.Write(b); err != nil {
		return err
	}
	answer := make([]byte, 32)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if answer[0] != 1 {
		return fmt.Errorf("the display does not let its own user in: X error %d", answer[1])
	}
	return nil
}

// padded adds s and fills up to four bytes.
func padded(b []byte, s string) []byte {
	return append(append(b, s...), make([]byte, (4-len(s)%4)%4)...)
}
