//go:build linux

package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sixgate/rfb"
)

// TestPower asks for a restart of the host's computer through the bridge. Its end user decides.
func TestPower(t *testing.T) {
	dir := t.TempDir()
	done := filepath.Join(dir, "done")
	if err := os.WriteFile(filepath.Join(dir, "systemctl"), []byte("#!/bin/sh\necho \"$@\" >> "+done+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	d := newDesk(t)
	m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
	host := m.host(t, "", d.Display)
	m.allow(t, host)
	v, err := rfb.NewClient(m.viewers.dial(t), rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingXVP}})
	if err != nil {
		t.Fatal(err)
	}
	hears := func(want rfb.Event) {
		t.Helper()
		for {
			e, err := v.Next()
			if err != nil {
				t.Fatal(err)
			}
			if e == want {
				return
			}
		}
	}
	hears(rfb.PowerOffered{})
	refused := func(asks rfb.PowerAction) {
		t.Helper()
		hears(rfb.PowerFailed{})
		if _, err := os.Stat(done); err == nil {
			t.Fatalf("action %d was done", asks)
		}
	}
	ask := func(asks rfb.PowerAction) {
		t.Helper()
		if err := v.Power(asks); err != nil {
			t.Fatal(err)
		}
	}
	ask(77) // nobody is asked
	refused(77)
	for asks, answer := range map[rfb.PowerAction]string{rfb.PowerReboot: "n", rfb.PowerShutdown: "", rfb.PowerReset: "perhaps"} {
		ask(asks)
		host.answer(t, "Let them? [y/N] ", answer)
		refused(asks)
	}

	// The supporter cannot answer for the end user.
	ask(rfb.PowerShutdown)
	host.until(t, "Let them? [y/N] ")
	if err := v.Key(0xffe1, true); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { // the host has had the key
		if keys, _, err := d.screen.Held(); err != nil || keys != 1 {
			return fmt.Errorf("%d keys are down, %v", keys, err)
		}
		return nil
	})
	host.keys.Write([]byte("y\n"))
	refused(rfb.PowerShutdown)
	if err := v.Key(0xffe1, false); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // until their hands have been off for long enough

	ask(rfb.PowerReboot)
	host.answer(t, "Let them? [y/N] ", "y")
	eventually(t, func() error {
		did, err := os.ReadFile(done)
		if err == nil && strings.TrimSpace(string(did)) != "reboot" {
			err = fmt.Errorf("did %q", did)
		}
		return err
	})
}
