//go:build linux

package x11

import (
	"encoding/binary"
	"errors"

	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xproto"
	"golang.org/x/sys/unix"
)

// segment is memory that the X server writes images into (MIT-SHM 1.1).
type segment struct {
	conn *connection
	id   shm.Seg
	mem  []byte
}

// share makes a segment of size bytes that only this user and the server can read.
func (c *connection) share(size int) (*segment, error) {
	shmid, err := unix.SysvShmGet(unix.IPC_PRIVATE, size, unix.IPC_CREAT|0o600)
	if err != nil {
		return nil, err
	}
	// From here on it lives for as long as the server or we have it attached: a crash leaves nothing behind.
	defer unix.SysvShmCtl(shmid, unix.IPC_RMID, nil)
	id, err := shm.NewSegId(c.Conn)
	if err != nil {
		return nil, err
	}
	mem, err := unix.SysvShmAttach(shmid, 0, 0)
	if err != nil {
		return nil, err
	}
	s := &segment{c, id, mem}
	err = shm.AttachChecked(c.Conn, id, uint32(shmid), false).Check()
	if err == nil {
		err = s.verify()
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// verify makes sure that the server writes where we read: on another machine, or in another container, it may have
// attached a segment that merely has the same number.
func (s *segment) verify() error {
	for _, mark := range []uint32{0x5a17c0de, 0xa5e83f21} { // a pixel can be one of them, not both
		binary.NativeEndian.PutUint32(s.mem, mark)
		root := xproto.Drawable(s.conn.screen.Root)
		if _, err := shm.GetImage(s.conn.Conn, root, 0, 0, 1, 1, ^uint32(0), xproto.ImageFormatZPixmap, s.id, 0).Reply(); err != nil {
			return err
		}
		if binary.NativeEndian.Uint32(s.mem) != mark {
			return nil
		}
	}
	return errors.New("the X server does not share memory with this machine")
}

func (s *segment) close() {
	shm.Detach(s.conn.Conn, s.id)
	unix.SysvShmDetach(s.mem)
}
