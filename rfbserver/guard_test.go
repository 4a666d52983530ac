package rfbserver

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

// talk sends steps over conn and expects those that begin with "<".
func talk(t *testing.T, conn io.ReadWriter, steps ...string) {
	t.Helper()
	for i, step := range steps {
		want, ok := strings.CutPrefix(step, "<")
		if !ok {
			if _, err := io.WriteString(conn, step); err != nil {
				t.Fatalf("step %d, saying %q: %v", i, step, err)
			}
			continue
		}
		got := make([]byte, len(want))
		if n, err := io.ReadFull(conn, got); err != nil || string(got) != want {
			t.Fatalf("step %d: heard %q, %v; want %q", i, got[:n], err, want)
		}
	}
}

func readServerInit(t *testing.T, conn io.Reader) {
	t.Helper()
	var b [24]byte
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		t.Fatal(err)
	}
	io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(b[20:])))
}

func TestSilentViewerIsDropped(t *testing.T) {
	for _, says := range []string{"", "RFB 003.008\n", "RFB 003.008\n\x01"} {
		synctest.Test(t, func(t *testing.T) { // its ten seconds pass at once
			viewer, conn := net.Pipe()
			go io.Copy(io.Discard, viewer)
			go viewer.Write([]byte(says))
			start := time.Now()
			if err := new(Server).Serve(t.Context(), conn); time.Since(start) != handshakeFor || err != errHandshake {
				t.Errorf("%q: dropped after %v with %v", says, time.Since(start), err)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			viewer, conn := net.Pipe()
			go io.Copy(io.Discard, viewer)
			go viewer.Write([]byte(says))
			start := time.Now()
			if err := (&Server{Patience: time.Hour}).Serve(t.Context(), conn); time.Since(start) != time.Hour || err != errHandshake {
				t.Errorf("%q: dropped after %v of an hour with %v", says, time.Since(start), err)
			}
		})
	}
}

// Half-open connections without number do not keep a viewer out.
func TestCrowdAtTheDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share(t, &Server{Desktop: newPaper(10, 10)})
		var crowd []<-chan error
		for range 10 * maxKnocking {
			viewer, served := connect(t, s)
			go io.Copy(io.Discard, viewer)
			crowd = append(crowd, served)
			synctest.Wait()
		}
		if err := <-crowd[0]; err != errKnocking {
			t.Errorf("the first was dropped with %v", err)
		}
		start := time.Now()
		v := attach(t, s)
		v.update()
		if took := time.Since(start); took != 0 {
			t.Errorf("the viewer came in after %v", took)
		}
		time.Sleep(2 * handshakeFor)
		for i, served := range crowd[1:] {
			if err := <-served; err != errKnocking && err != errHandshake {
				t.Errorf("number %d: %v", i+1, err)
			}
		}
		v.ask(false)
		v.update() // nobody sends away who is in
	})
}

// Guessing becomes slow, and the one who knows the password waits no more than a second.
func TestGuessing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share(t, &Server{Desktop: newPaper(10, 10), Password: "right"})
		try := func(password string) (time.Duration, error) {
			conn, served := connect(t, s)
			start := time.Now()
			_, err := rfb.NewClient(conn, rfb.ClientOptions{Password: password})
			took := time.Since(start)
			conn.Close()
			<-served
			return took, err
		}
		if took, err := try("right"); took != 0 || err != nil {
			t.Errorf("at first: %v, %v", took, err)
		}
		for _, want := range []time.Duration{100, 200, 400, 800, 1000, 1000} {
			took, err := try("wrong")
			if took != want*time.Millisecond || !errors.Is(err, rfb.ErrPassword) {
				t.Errorf("%v, %v; want %v ms", took, err, int(want))
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		for range 20 { // all of them try all the time
			go func() {
				for ctx.Err() == nil {
					try("wrong")
				}
			}()
		}
		time.Sleep(time.Minute)
		if took, err := try("right"); took > longestPause || err != nil {
			t.Errorf("among those who guess: %v, %v", took, err)
		}
		stop()
		time.Sleep(2 * wrongsCountIn)
		if took, err := try("right"); took != 0 || err != nil {
			t.Errorf("later: %v, %v", took, err)
		}
	})
}

// macOS asks for 3.3 and a password, hangs up in the middle, and comes back at once.
func TestHangUpAndComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share(t, &Server{Desktop: newPaper(10, 10), Password: "apple"})
		for range 3 {
			conn, served := connect(t, s)
			talk(t, conn, "<RFB 003.008\n", "RFB 003.003\n", "<\x00\x00\x00\x02")
			conn.Close()
			if err := <-served; err == nil {
				t.Error("came in")
			}
		}
		v := attach(t, s)
		v.update()
	})
}
