//go:build linux

package xvfb

import (
	"os"
	"syscall"
	"testing"
)

// Whoever else works on this machine neither looks nor types.
func TestOtherUsersStayOutside(t *testing.T) {
	s, err := Start(t.Context(), "64x48x24")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if _, err := s.Run(t.Context(), "xdpyinfo"); err != nil {
		t.Errorf("our own user: %v", err)
	}
	if os.Getuid() != 0 {
		return // nobody else can be tried out
	}
	const nobody = 65534
	cmd := s.Command(t.Context(), "xdpyinfo")
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("another user is let in: %s", out)
	} else {
		t.Logf("%s", out)
	}
}
