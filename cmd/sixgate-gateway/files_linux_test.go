package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sixgate/p2p"
	"sixgate/session"
)

// A gateway that has no file descriptor left refuses those who come over TCP, and keeps the sessions that it has. When there are
// some again, it is as before.
func TestOutOfFiles(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	serve := command(t, "serve", "--data", data, "--listen", "127.0.0.1:0")
	log := filepath.Join(t.TempDir(), "log")
	said, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	serve.Stderr = said
	out, err := serve.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after host and bridge have left
		serve.Process.Kill()
		serve.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address = strings.TrimSpace(address)
	b, host, bridge := meet(t, data, address)
	echo := func(word string) {
		t.Helper()
		go host.Write([]byte(word))
		got := make([]byte, len(word))
		if _, err := io.ReadFull(bridge, got); err != nil || string(got) != word {
			t.Fatalf("the session carries %q, %v", got, err)
		}
	}
	echo("before")

	lines := func() int {
		b, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(b, []byte("\n"))
	}
	limit(t, serve, free(t, serve))
	byTLS := strings.Replace(address, "/p2p/", "/tls/ws/p2p/", 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	began, busyBefore, linesBefore := time.Now(), busy(t, serve), lines()
	if h, err := p2p.DialHost(ctx, p2p.HostOptions{Gateways: []string{byTLS}, Self: p2p.Hello{Name: "pc"}}); err == nil {
		h.Close()
		t.Error("a new host is served without a file descriptor")
	}
	took, spent, wrote := time.Since(began), busy(t, serve)-busyBefore, lines()-linesBefore
	t.Logf("in %v without a file descriptor the gateway works for %v and logs %d lines", took, spent, wrote)
	if spent > took/4 || wrote > 10 {
		t.Errorf("in %v without a file descriptor the gateway works for %v and logs %d lines", took, spent, wrote)
	}
	if code, err := b.NewCode(t.Context()); err != nil { // its files may be open
		t.Logf("no code without a file descriptor: %v", err)
	} else if _, err := b.Extend(t.Context()); err != nil {
		t.Errorf("the code %s is none: %v", code.Digits, err)
	}
	echo("meanwhile")
	limit(t, serve, 1024)
	h, err := p2p.DialHost(t.Context(), p2p.HostOptions{Gateways: []string{byTLS}, Self: p2p.Hello{Name: "pc"}})
	if err != nil {
		t.Fatal(err)
	}
	code, err := b.NewCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Join(t.Context(), code.Digits); err != nil {
		t.Errorf("a session afterwards: %v", err)
	}
	h.Close()
	echo("afterwards")
}

// busy is the time that a process has had on a processor. The kernel counts hundredths of a second.
func busy(t *testing.T, cmd *exec.Cmd) time.Duration {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')'):])) // from the state on, which is the third
	user, err := strconv.Atoi(fields[12])
	system, err2 := strconv.Atoi(fields[13])
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// meet makes a session over a gateway, and returns its bridge and both ends of its channel.
func meet(t *testing.T, data, address string) (b *p2p.Bridge, at, from net.Conn) {
	t.Helper()
	profile := filepath.Join(t.TempDir(), "ada.sixgate")
	made, err := command(t, "operator", "add", "Ada", "--gateway-data", data).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(profile, made, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := p2p.LoadProfile(profile)
	if err != nil {
		t.Fatal(err)
	}
	b, err = p2p.DialBridge(t.Context(), p2p.BridgeOptions{Profile: p})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	h, err := p2p.DialHost(t.Context(), p2p.HostOptions{Gateways: []string{address}, Self: p2p.Hello{Name: "pc"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	code, err := b.NewCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	host, err := h.Join(t.Context(), code.Digits)
	if err != nil {
		t.Fatal(err)
	}
	bridge, err := b.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Tell(p2p.Notice{State: session.Relayed, Permissions: session.View}); err != nil {
		t.Fatal(err)
	}
	<-bridge.Notices()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := host.Accept(t.Context(), p2p.RFB)
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	if from, err = bridge.Open(t.Context(), p2p.RFB); err != nil {
		t.Fatal(err)
	}
	return b, <-accepted, from
}

// free is the lowest number that a process has no file under: a limit there leaves it none.
func free(t *testing.T, cmd *exec.Cmd) (number uint64) {
	t.Helper()
	open, err := os.ReadDir("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]bool{}
	for _, f := range open {
		taken[f.Name()] = true
	}
	for taken[strconv.FormatUint(number, 10)] {
		number++
	}
	return number
}

// limit sets how many files a process may have open.
func limit(t *testing.T, cmd *exec.Cmd, files uint64) {
	t.Helper()
	var now unix.Rlimit
	if err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_NOFILE, nil, &now); err != nil {
		t.Fatal(err)
	}
	now.Cur = files
	if err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_NOFILE, &now, nil); err != nil {
		t.Fatal(err)
	}
}
