//go:build linux

package conformance

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// puppet is a running viewer that does what it is told on its standard input: testdata/lvc.c or testdata/novnc.
type puppet struct {
	in    io.Writer
	out   *bufio.Scanner
	shot  string
	log   *bytes.Buffer
	ended func() error
}

func startPuppet(t *testing.T, program string, args ...string) *puppet {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	v := &puppet{shot: filepath.Join(t.TempDir(), "shot.ppm"), log: new(bytes.Buffer), ended: cmd.Wait}
	cmd.Stderr = v.log
	in, out := startPiped(t, cmd)
	v.in, v.out = in, bufio.NewScanner(out)
	t.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	return v
}

// startPiped starts a program and gives both ends of its talk.
func startPiped(t *testing.T, cmd *exec.Cmd) (in io.WriteCloser, out io.Reader) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err = cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return in, out
}

// await reads one answer.
func (v *puppet) await(answer string) error {
	if !v.out.Scan() || v.out.Text() != answer {
		v.ended()
		return fmt.Errorf("the viewer: %w:\n%s", errEnded, last(v.log.String(), 2000))
	}
	return nil
}

// do gives a command and waits until it is done.
func (v *puppet) do(command string) error {
	if _, err := io.WriteString(v.in, command+"\n"); err != nil {
		return err
	}
	word, _, _ := strings.Cut(command, " ")
	return v.await(word)
}

//go:norace
func (v *puppet) picture() (*image.RGBA, error) {
	if err := v.do("shot " + v.shot); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(v.shot)
	if err != nil {
		return nil, err
	}
	var w, h, most int
	if _, err := fmt.Sscanf(string(b[:min(len(b), 40)]), "P6\n%d %d\n%d\n", &w, &h, &most); err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, pixels := 0, b[len(b)-3*w*h:]; i < w*h; i++ {
		copy(img.Pix[4*i:], pixels[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img, nil
}
