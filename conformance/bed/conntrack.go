//go:build linux

package bed

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// forget has a router forget all connections that it translates, as one does whose line to the provider was new. The kernel does so by
// itself, some time after the address went.
func (m *Machine) forget() error {
	return m.Inside(func() error {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
		if err != nil {
			return os.NewSyscallError("netlink", err)
		}
		defer unix.Close(fd)
		const everything = unix.NFNL_SUBSYS_CTNETLINK<<8 | 2 // IPCTNL_MSG_CT_DELETE, and no connection named
		say := make([]byte, unix.NLMSG_HDRLEN+4)
		binary.NativeEndian.PutUint32(say, uint32(len(say)))
		binary.NativeEndian.PutUint16(say[4:], everything)
		binary.NativeEndian.PutUint16(say[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK)
		if err := unix.Sendto(fd, say, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return os.NewSyscallError("netlink", err)
		}
		heard := make([]byte, 4096)
		n, _, err := unix.Recvfrom(fd, heard, 0)
		if err != nil {
			return os.NewSyscallError("netlink", err)
		}
		if n < unix.NLMSG_HDRLEN+4 {
			return fmt.Errorf("the kernel's answer has %d bytes", n)
		}
		if code := int32(binary.NativeEndian.Uint32(heard[unix.NLMSG_HDRLEN:])); code != 0 {
			return os.NewSyscallError("forget connections", unix.Errno(-code))
		}
		return nil
	})
}
