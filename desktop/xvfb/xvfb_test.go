//go:build linux

package xvfb

import (
	"os"
	"testing"
)

func TestServerAndProgramsEnd(t *testing.T) {
	s, err := Start(t.Context(), "320x200x24")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Spawn("xterm"); err != nil {
		t.Fatal(err)
	}
	if out, err := s.Run(t.Context(), "xdpyinfo"); err != nil || len(out) == 0 {
		t.Fatalf("xdpyinfo: %v", err)
	}
	socket := "/tmp/.X11-unix/X" + s.Display[1:]
	if _, err := os.Stat(socket); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := os.Stat(socket); err == nil {
		t.Error("the server's socket is still there")
	}
}
