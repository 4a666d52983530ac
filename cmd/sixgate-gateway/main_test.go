package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sixgate/p2p"
)

// TestMain lets the test's own binary be the program.
func TestMain(m *testing.M) {
	if os.Getenv("SIXGATE_GATEWAY") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func command(t *testing.T, args ...string) *exec.Cmd {
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Env = append(os.Environ(), "SIXGATE_GATEWAY=1")
	return c
}

func TestServeAndAddOperator(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	var words strings.Builder
	early := command(t, "operator", "add", "Ada", "--gateway-data", data)
	early.Stderr = &words
	if early.Run() == nil || !strings.Contains(words.String(), "sixgate-gateway serve --data "+data) {
		t.Errorf("an operator before the first serve: %s", words.String())
	}

	serve := command(t, "serve", "--data", data, "--listen", "127.0.0.1:0")
	out, err := serve.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ada.sixgate")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644) // as a shell makes it
	if err != nil {
		t.Fatal(err)
	}
	add := command(t, "operator", "add", "Ada", "--organisation", "Example Ltd", "--gateway-data", data)
	add.Stdout = file
	if err := errors.Join(add.Run(), file.Close()); err != nil {
		t.Fatal(err)
	}
	profile, err := p2p.LoadProfile(path) // which nobody else may read
	if err != nil {
		t.Fatal(err)
	}
	if profile.Operator != "Ada" || profile.Organisation != "Example Ltd" || profile.Gateways[0]+"\n" != address {
		t.Errorf("the profile says %s of %s at %v; the gateway serves at %s", profile.Operator, profile.Organisation, profile.Gateways, address)
	}
	b, err := p2p.DialBridge(t.Context(), p2p.BridgeOptions{Profile: profile})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.NewCode(t.Context()); err != nil {
		t.Error(err)
	}
	if out, err := command(t, "operator", "remove", "Ada", "--gateway-data", data).CombinedOutput(); err != nil {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := b.NewCode(t.Context()); !errors.Is(err, p2p.ErrNotAdmitted) {
		t.Errorf("a code for an operator who was removed: %v", err)
	}
	b.Close()
	serve.Process.Signal(syscall.SIGTERM)
	if err := serve.Wait(); err != nil {
		t.Errorf("the gateway ends with %v", err)
	}
}

func TestHelpAndErrors(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"operator", "add", "--help"}, {"--version"}} {
		if out, err := command(t, args...).Output(); err != nil || len(out) == 0 {
			t.Errorf("%v: %q, %v", args, out, err)
		}
	}
	for _, args := range [][]string{{}, {"serve", "--portal", "x"}, {"operator"}, {"operator", "add"}, {"serve", "--listen", "everywhere", "--data", t.TempDir()},
		{"operator", "remove", "Ada", "--gateway-data", t.TempDir()}, {"serve", "--cluster", "helpdesk", "--data", t.TempDir()},
		{"serve", "--cluster", "helpdesk,10.0.0.2", "--data", t.TempDir()},
		{"serve", "--cluster", "helpdesk,127.0.0.1:4444", "--cluster-listen", "127.0.0.1:4444", "--data", t.TempDir()}} {
		if out, err := command(t, args...).CombinedOutput(); err == nil || len(out) == 0 {
			t.Errorf("%v: %q, %v", args, out, err)
		}
	}
}
