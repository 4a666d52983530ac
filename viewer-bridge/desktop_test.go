package viewerbridge

import (
	"errors"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

// A host has greetFor for the handshake, wherever in it the connection breaks, and as long as that is broken besides.
func TestGreeting(t *testing.T) {
	const said = "RFB 003.008\n" + "\x01\x01" + "\x00\x00\x00\x00" + "\x00\x10\x00\x10" + "\x20\x18\x00\x01\x00\xff\x00\xff\x00\xff\x10\x08\x00\x00\x00\x00" + "\x00\x00\x00\x01a"
	for at := range len(said) {
		for after, ok := range map[time.Duration]bool{greetFor - time.Second: true, greetFor + time.Second: false} {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				defer far.Close()
				go func() { // it reads whatever comes
					for b := make([]byte, 1000); ; {
						if _, err := far.Read(b); err != nil {
							return
						}
					}
				}()
				var broken atomic.Bool
				go func() {
					far.Write([]byte(said[:at]))
					broken.Store(true)
					time.Sleep(4 * time.Minute)
					broken.Store(false)
					time.Sleep(after)
					far.Write([]byte(said[at:]))
				}()
				began := time.Now()
				_, err := greet(near, rfb.ClientOptions{}, broken.Load)
				near.Close()
				if took := time.Since(began); ok && err != nil || !ok && !errors.Is(err, os.ErrDeadlineExceeded) || took < 4*time.Minute {
					t.Errorf("broken after %d bytes, and %v more: %v after %v", at, after, err, took)
				}
				time.Sleep(2 * time.Second)
			})
		}
	}
}

// The bridge decides what the path to the host carries: Tight, at its own quality.
func TestHostIsAskedForTight(t *testing.T) {
	for quality := -1; quality <= 9; quality++ {
		got := (&Bridge{Quality: quality}).encodings()
		if got[0] != rfb.EncodingTight {
			t.Errorf("quality %d: the host is asked for %v first", quality, got[0])
		}
		levels := slices.DeleteFunc(slices.Clone(got), func(e rfb.Encoding) bool { _, ok := e.QualityLevel(); return !ok })
		switch {
		case quality < 0 && len(levels) == 0: // lossless
		case quality >= 0 && len(levels) == 1 && levels[0] == rfb.EncodingQualityLevel0+rfb.Encoding(quality):
		default:
			t.Errorf("quality %d: the host is asked for %v", quality, levels)
		}
	}
}
