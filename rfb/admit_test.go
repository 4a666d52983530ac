package rfb

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
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

// admit runs Admit on the other end of the connection that it returns.
func admit(t *testing.T, a Admission) (viewer net.Conn, result func() (Version, error)) {
	t.Helper()
	viewer, conn := net.Pipe()
	done := make(chan struct{})
	var v Version
	var err error
	go func() {
		defer close(done)
		defer conn.Close()
		v, err = a.Admit(conn)
	}()
	t.Cleanup(func() { viewer.Close(); <-done })
	return viewer, func() (Version, error) { <-done; return v, err }
}

const ok = "\x00\x00\x00\x00"

func TestAdmitNone(t *testing.T) {
	for _, tt := range []struct {
		says  string
		steps []string
		want  Version
	}{
		{"RFB 003.008\n", []string{"<\x01\x01", "\x01", "<" + ok, "\x01"}, Version38},
		{"RFB 003.889\n", []string{"<\x01\x01", "\x01", "<" + ok, "\x00"}, Version38},
		{"RFB 003.007\n", []string{"<\x01\x01", "\x01\x01"}, Version37},
		{"RFB 003.003\n", []string{"<\x00\x00\x00\x01", "\x01"}, Version33},
		{"RFB 003.005\n", []string{"<\x00\x00\x00\x01", "\x00"}, Version33},
	} {
		viewer, result := admit(t, Admission{})
		talk(t, viewer, append([]string{"<RFB 003.008\n", tt.says}, tt.steps...)...)
		if v, err := result(); v != tt.want || err != nil {
			t.Errorf("%q: admitted as %v, %v", tt.says, v, err)
		}
	}
}

func TestAdmitPassword(t *testing.T) {
	for _, version := range []Version{Version33, Version37, Version38} {
		for _, password := range []string{"secret", "wrong", ""} {
			answered := 0
			viewer, result := admit(t, Admission{"secret", func(right bool) {
				answered++
				if right != (password == "secret") {
					t.Errorf("%v %q: right is %v", version, password, right)
				}
			}})
			talk(t, viewer, "<RFB 003.008\n", string(version.Append(nil)))
			if version == Version33 {
				talk(t, viewer, "<\x00\x00\x00\x02")
			} else {
				talk(t, viewer, "<\x01\x02", "\x02")
			}
			var c challenge
			io.ReadFull(viewer, c[:])
			a := c.answer(password)
			if _, err := viewer.Write(a[:]); err != nil { // not by talk: it may begin with "<"
				t.Fatal(err)
			}
			switch {
			case password == "secret":
				talk(t, viewer, "<"+ok, "\x01")
			case version == Version38:
				talk(t, viewer, "<\x00\x00\x00\x01", "<"+string(appendString(nil, ErrPassword.Error())))
			default:
				talk(t, viewer, "<\x00\x00\x00\x01")
			}
			v, err := result()
			if password == "secret" && (v != version || err != nil) {
				t.Errorf("%v: right password, %v", version, err)
			}
			if password != "secret" && !errors.Is(err, ErrPassword) {
				t.Errorf("%v: password %q, %v", version, password, err)
			}
			if answered != 1 {
				t.Errorf("%v: Answered was called %d times", version, answered)
			}
		}
	}
}

func TestAdmitRefuses(t *testing.T) {
	notOffered := func(chosen, offered string) string {
		return string(appendString([]byte("<\x00\x00\x00\x01"), "security type "+chosen+" was not offered: choose "+offered))
	}
	for _, tt := range []struct {
		name     string
		password string
		steps    []string
		want     string
	}{
		{"None with a password set", "secret", []string{"RFB 003.008\n", "<\x01\x02", "\x01", notOffered("1", "2")}, "not offered"},
		{"None with a password set, 3.7", "secret", []string{"RFB 003.007\n", "<\x01\x02", "\x01", "<\x00\x00\x00\x01"}, "not offered"},
		{"type 0", "", []string{"RFB 003.008\n", "<\x01\x01", "\x00", notOffered("0", "1")}, "not offered"},
		{"Ultra's type", "", []string{"RFB 003.008\n", "<\x01\x01", "\x11", notOffered("17", "1")}, "not offered"},
		{"VncAuth without a password", "", []string{"RFB 003.008\n", "<\x01\x01", "\x02", notOffered("2", "1")}, "not offered"},
		{"version 4", "", []string{"RFB 004.001\n", "<\x00\x00\x00\x00\x4d" + "RFB 4.1 is not spoken here"}, "RFB 4.1"},
		{"HTTP", "", []string{"GET / HTTP/1"}, "something else than VNC"},
	} {
		viewer, result := admit(t, Admission{Password: tt.password})
		talk(t, viewer, append([]string{"<RFB 003.008\n"}, tt.steps...)...)
		rest, _ := io.ReadAll(viewer)
		if _, err := result(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if len(rest) > 100 {
			t.Errorf("%s: %d bytes more were said", tt.name, len(rest))
		}
	}
}

// The macOS viewer of 3.3 opens a connection that it drops in the middle.
func TestAdmitHangUp(t *testing.T) {
	for _, step := range []string{"", "RFB 003", "RFB 003.003\n"} {
		viewer, result := admit(t, Admission{Password: "secret"})
		talk(t, viewer, "<RFB 003.008\n", step)
		viewer.Close()
		if _, err := result(); err == nil {
			t.Errorf("admitted a viewer that hung up after %q", step)
		}
	}
}

// The answer to eight zeros is OpenSSL's: openssl enc -des-ecb -K 0e86ceceeef64e26 -nopad, the key being the
// eight bytes of "password", each with its bits in reverse.
func TestVncAuthAnswer(t *testing.T) {
	var c challenge
	const half = "\xff\x97\x50\x2e\x94\x22\xf0\x89"
	first, second := c.answer("password"), c.answer("password that goes on")
	if string(first[:]) != half+half {
		t.Errorf("%x", first)
	}
	if first != second {
		t.Error("more than eight characters count")
	}
	if c.answeredBy(first, "passwore") || !c.answeredBy(first, "password") {
		t.Error("the last of eight characters does not count")
	}
	if a, b := newChallenge(), newChallenge(); a == b {
		t.Error("the same challenge twice")
	}
}

type script struct {
	io.Reader
	said bytes.Buffer
}

func (s *script) Write(b []byte) (int, error) { return s.said.Write(b) }

func FuzzAdmit(f *testing.F) {
	for _, v := range viewers {
		f.Add(v.handshake(), "")
		f.Add(append(v.version.Append(nil), "\x02sixteen bytes..."...), "secret")
	}
	for _, said := range recordings(f, "viewers") {
		f.Add(said, "")
	}
	f.Fuzz(func(t *testing.T, b []byte, password string) {
		_, err := Admission{Password: password}.Admit(&script{Reader: bytes.NewReader(b)})
		if err == nil && password != "" {
			t.Fatal("admitted without the password")
		}
	})
}
